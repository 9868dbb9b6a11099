// GET and POST /login, POST /logout.
#include "auth/accounts/accounts.h"
#include "auth/cookies.h"
#include "auth/pages/forms.h"
#include "auth/pages/half.h"
#include "auth/pages/pages.h"
#include "html/display_preferences.h"

namespace auth {

Task<Response> login_page(Auth& auth, Request& rq) {
  const std::string next(rq.query("next").value_or(""));
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(next));
  if (is_half_signed_in(rq)) co_return http::redirect("/login/code" + next_query(safe_next(next, "")));
  co_return login_form(auth, rq, {}, sent_address(rq));
}

Task<Response> login_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  const std::string password(rq.form("password"));
  html::Data data;
  Refusal refusal;
  try {
    const Origin from = visitor_origin(rq);
    const Session session = co_await sign_in(auth, email, password, from);
    co_return enter(auth, rq, session, from, rq.form("next"));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    data.set("unconfirmed", problem.code == "email_not_confirmed");
  }
  co_return login_form(auth, rq, std::move(data), email, refusal);
}

Task<Response> logout_post(Auth& auth, Request& rq) {
  if (rq.caller.signed_in() || is_half_signed_in(rq))
    co_await sign_out(auth, rq.caller.user, rq.caller.session, End::here, origin_of(rq));
  rq.set_cookies = clear_session(auth.config, rq);
  rq.set_cookies.push_back(html::forget_display_preferences(rq));
  co_return http::redirect("/login?notice=auth.signed_out");
}

}  // namespace auth
