// GET and POST /signup, POST /signup/resend. A known address is answered as an unknown one.
#include "auth/accounts/accounts.h"
#include "auth/pages/forms.h"
#include "auth/pages/pages.h"
#include "core/text.h"

namespace auth {
namespace {

http::Response signup_form(const Auth& auth, const Request& rq, html::Data data, std::string_view address,
                           const Refusal& refusal = {}) {
  data.set("title", "auth.signup.title").set("narrow", true);
  show_providers(auth, data);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  return refused_page(rq, "auth/signup", std::move(data), refusal);
}

http::Response sent_page(const Request& rq, html::Data data, std::string_view address, const Refusal& refusal = {}) {
  data.set("title", "auth.sent.title").set("narrow", true);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  return refused_page(rq, "auth/sent", std::move(data), refusal);
}

}  // namespace

Task<Response> signup_page(Auth& auth, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(rq.query("next").value_or("")));
  const std::string address = sent_address(rq);
  if (rq.query("sent") && !address.empty()) co_return sent_page(rq, {}, address);
  co_return signup_form(auth, rq, {}, "");
}

Task<Response> signup_post(Auth& auth, Request& rq) {
  NewAccount account;
  account.email = rq.form("email");
  account.password = rq.form("password");
  account.locale = html::locale_of(rq);
  account.landing.next = next_of(rq);
  const bool news = !rq.form("marketing_opt_in").empty();
  // A trigger makes it his preference when the address is confirmed.
  account.metadata = news ? R"({"marketing_opt_in":true})" : R"({"marketing_opt_in":false})";
  const Origin from = visitor_origin(rq);
  account.from = from;
  const std::string email = account.email;
  html::Data data;
  data.set("news", news);
  Refusal refusal;
  try {
    const SignedUp done = co_await sign_up(auth, std::move(account));
    if (const auto* session = std::get_if<Session>(&done)) co_return enter(auth, rq, *session, from, rq.form("next"));
    co_return http::redirect("/signup?sent=yes").cookie(sent_cookie(auth.config, rq, email));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
  }
  co_return signup_form(auth, rq, std::move(data), email, refusal);
}

Task<Response> signup_resend_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  Landing landing;
  landing.next = next_of(rq);
  html::Data data;
  Refusal refusal;
  try {
    co_await resend_confirmation(auth, email, std::move(landing), origin_of(rq));
    co_return http::redirect("/signup?sent=yes&notice=auth.sent_again").cookie(sent_cookie(auth.config, rq, email));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    data.set("said", sentence_of(rq, problem));
  }
  co_return sent_page(rq, std::move(data), email, refusal);
}

}  // namespace auth
