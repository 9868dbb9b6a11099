// What the pages share: sentences for refusals, the session into the browser, the address that a mail went to.
#pragma once

#include <string>
#include <string_view>

#include "auth/sessions/sessions.h"
#include "core/problem.h"
#include "html/html.h"

namespace auth {

// How a refused form is answered: its status, and how long to wait when that is what it takes.
struct Refusal {
  int status = 200;
  std::string retry_after;
};

// The sentence a person reads for a refusal of the account's use cases.
std::string sentence_of(const http::Request& rq, const core::Problem& problem);
// Puts it where it belongs: beside the field it is about, or above the form.
Refusal tell(const http::Request& rq, const core::Problem& problem, html::Data& data);
http::Response refused_page(const http::Request& rq, std::string_view view, html::Data data, const Refusal& refusal);

// The sign-in page with its buttons, also where another way in has failed.
http::Response login_form(const Auth& auth, const http::Request& rq, html::Data data, std::string_view address,
                          const Refusal& refusal = {});
// The providers' buttons, when there are any.
void show_providers(const Auth& auth, html::Data& data);

// Whence a person signs in: as origin_of, with the cookie by which his browser is known again (fresh when it has none).
Origin visitor_origin(const http::Request& rq);
// Signs the browser in and sends it on.
http::Response enter(Auth& auth, http::Request& rq, const Session& session, const Origin& from, std::string_view next);

// Keeps the address over the redirect, out of the URL and so out of logs.
std::string sent_cookie(const Config& config, const http::Request& rq, std::string_view address);
std::string sent_address(const http::Request& rq);  // empty when there is none

// `next` of the query or the form, when it is a path of this site; empty otherwise.
std::string next_of(const http::Request& rq);
std::string next_query(std::string_view next);  // "?next=…"; empty for none

}  // namespace auth
