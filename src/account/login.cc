// GET and POST /login, POST /logout.
#include "access/client_info.h"
#include "access/mfa_pending.h"
#include "access/redirect_allowlist.h"
#include "access/session_cookie.h"
#include "account/forms.h"
#include "account/pages.h"
#include "html/display_preferences.h"
#include "identity/accounts.h"

namespace account {

Task<Response> login_page(Account& account, Request& rq) {
  const std::string next(rq.query("next").value_or(""));
  if (rq.caller.signed_in()) co_return http::redirect(access_control::safe_next(next));
  if (access_control::is_mfa_pending(rq))
    co_return http::redirect("/login/code" + next_query(access_control::safe_next(next, "")));
  co_return login_form(account, rq, {}, sent_address(rq));
}

Task<Response> login_post(Account& account, Request& rq) {
  const std::string email(rq.form("email"));
  const std::string password(rq.form("password"));
  html::Data data;
  FormOutcome outcome;
  try {
    const identity::ClientInfo from = client_info_with_device(rq);
    const identity::Session session = co_await identity::sign_in(account.identity, email, password, from);
    co_return finish_sign_in(account, rq, session, from, rq.form("next"));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
    data.set("unconfirmed", problem.code == "email_not_confirmed");
  }
  co_return login_form(account, rq, std::move(data), email, outcome);
}

Task<Response> logout_post(Account& account, Request& rq) {
  if (rq.caller.signed_in() || access_control::is_mfa_pending(rq))
    co_await identity::sign_out(account.identity, rq.caller.user, rq.caller.session, identity::SignOutScope::local,
                                access_control::client_info_of(rq));
  rq.set_cookies = access_control::clear_session(account.access, rq);
  rq.set_cookies.push_back(html::forget_display_preferences(rq));
  co_return http::redirect("/login?notice=account.signed_out");
}

}  // namespace account
