// Shared by the pages: showing a refused form, signing the browser in, remembering the address of an email.
#pragma once

#include <string>
#include <string_view>

#include "account/account.h"
#include "core/problem.h"
#include "html/html.h"
#include "identity/sessions.h"

namespace account {

// The status of a form's response, and Retry-After when waiting helps.
struct FormOutcome {
  int status = 200;
  std::string retry_after;
};

// Sets the problem's sentence in `data`: beside the field that it concerns, or above the form.
FormOutcome show_problem(const http::Request& rq, const core::Problem& problem, html::Data& data);
http::Response form_page(const http::Request& rq, std::string_view view, html::Data data, const FormOutcome& outcome);

// The sign-in page; other ways of signing in return to it when they fail.
http::Response login_form(const Account& account, const http::Request& rq, html::Data data, std::string_view address,
                          const FormOutcome& outcome = {});
// Sets the providers' buttons, if any.
void show_providers(const Account& account, html::Data& data);

// Like access_control::client_info_of, with a new device cookie for a browser that has none.
identity::ClientInfo client_info_with_device(const http::Request& rq);
// Sets the session cookies and redirects to `next`.
http::Response finish_sign_in(Account& account, http::Request& rq, const identity::Session& session,
                              const identity::ClientInfo& from, std::string_view next);

// Carries the address over the redirect outside the URL, so that it appears in no log.
std::string sent_address_cookie(const access_control::Config& config, const http::Request& rq,
                                std::string_view address);
std::string sent_address(const http::Request& rq);  // empty when there is none

// `next` of the query or form if it is a path of this site, else empty.
std::string next_of(const http::Request& rq);
std::string next_query(std::string_view next);  // "?next=…"; empty for none

}  // namespace account
