// GET and POST /signup, POST /signup/resend. The response does not reveal whether the address is known.
#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "account/forms.h"
#include "account/pages.h"
#include "core/text.h"
#include "html/messages.h"
#include "identity/accounts.h"

namespace account {
namespace {

http::Response signup_form(const Account& account, const Request& rq, html::Data data, std::string_view address,
                           const FormOutcome& outcome = {}) {
  data.set("title", "account.signup.title").set("narrow", true);
  show_providers(account, data);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  return form_page(rq, "account/signup", std::move(data), outcome);
}

http::Response sent_page(const Request& rq, html::Data data, std::string_view address,
                         const FormOutcome& outcome = {}) {
  data.set("title", "account.sent.title").set("narrow", true);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  return form_page(rq, "account/sent", std::move(data), outcome);
}

}  // namespace

Task<Response> signup_page(Account& account, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(access_control::safe_next(rq.query("next").value_or("")));
  const std::string address = sent_address(rq);
  if (rq.query("sent") && !address.empty()) co_return sent_page(rq, {}, address);
  co_return signup_form(account, rq, {}, "");
}

Task<Response> signup_post(Account& account, Request& rq) {
  identity::NewAccount wanted;
  wanted.email = rq.form("email");
  wanted.password = rq.form("password");
  wanted.locale = html::locale_of(rq);
  wanted.link_target.next = next_of(rq);
  const bool news = !rq.form("marketing_opt_in").empty();
  // A trigger turns it into a notification preference when the address is confirmed.
  wanted.metadata = news ? R"({"marketing_opt_in":true})" : R"({"marketing_opt_in":false})";
  const identity::ClientInfo from = client_info_with_device(rq);
  wanted.from = from;
  const std::string email = wanted.email;
  html::Data data;
  data.set("news", news);
  FormOutcome outcome;
  try {
    const identity::SignedUp done = co_await identity::sign_up(account.identity, std::move(wanted));
    if (const auto* session = std::get_if<identity::Session>(&done))
      co_return finish_sign_in(account, rq, *session, from, rq.form("next"));
    co_return http::redirect("/signup?sent=yes").cookie(sent_address_cookie(account.access, rq, email));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
  }
  co_return signup_form(account, rq, std::move(data), email, outcome);
}

Task<Response> signup_resend_post(Account& account, Request& rq) {
  const std::string email(rq.form("email"));
  identity::EmailLinkTarget link_target;
  link_target.next = next_of(rq);
  html::Data data;
  FormOutcome outcome;
  try {
    co_await identity::resend_confirmation(account.identity, email, std::move(link_target),
                                           access_control::client_info_of(rq));
    co_return http::redirect("/signup?sent=yes&notice=account.sent_again")
        .cookie(sent_address_cookie(account.access, rq, email));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
    data.set("said", html::message(html::locale_of(rq), problem));  // this page has no field to stand beside
  }
  co_return sent_page(rq, std::move(data), email, outcome);
}

}  // namespace account
