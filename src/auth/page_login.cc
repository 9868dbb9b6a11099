// GET and POST /login, POST /logout.
#include "auth/accounts/accounts.h"
#include "auth/cookies.h"
#include "auth/forms.h"
#include "auth/use_cases.h"
#include "core/text.h"

namespace auth {
namespace {

http::Response login_form(const Request& rq, html::Data data, std::string_view address, int status = 200) {
  data.set("title", "auth.login.title").set("narrow", true);
  const std::string next = next_of(rq);
  data.set("address", std::string(address)).set("next", next).set("next_query", core::percent_encode(next, "/"));
  return html::page(rq, "auth/login", std::move(data), status);
}

}  // namespace

Task<Response> login_page(Auth&, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(rq.query("next").value_or("")));
  co_return login_form(rq, {}, sent_address(rq));
}

Task<Response> login_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  const std::string password(rq.form("password"));
  html::Data data;
  int status = 400;
  try {
    const Session session = co_await sign_in(auth, email, password, origin_of(rq));
    co_return enter(auth, rq, session, rq.form("next"));
  } catch (const core::Problem& problem) {
    status = problem.status;
    tell(rq, problem, data);
    data.set("unconfirmed", problem.code == "email_not_confirmed");
  }
  co_return login_form(rq, std::move(data), email, status);
}

Task<Response> logout_post(Auth& auth, Request& rq) {
  if (rq.caller.signed_in()) co_await sign_out(auth, rq.caller.user, rq.caller.session, End::here, origin_of(rq));
  rq.set_cookies = clear_session(auth.config, rq);
  co_return http::redirect("/login?notice=auth.signed_out");
}

}  // namespace auth
