// GET and POST /reset (request the email), POST /reset/password (set the new password).
#include "access/client_info.h"
#include "account/forms.h"
#include "account/pages.h"
#include "identity/accounts.h"

namespace account {
namespace {

http::Response ask_form(const Request& rq, html::Data data, const FormOutcome& outcome = {}) {
  data.set("title", "account.reset.title").set("narrow", true);
  return form_page(rq, "account/reset", std::move(data), outcome);
}

http::Response password_form(const Request& rq, html::Data data, std::string_view token,
                             const FormOutcome& outcome = {}) {
  data.set("title", "account.new_password.title").set("narrow", true).set("token", std::string(token));
  return form_page(rq, "account/new_password", std::move(data), outcome);
}

}  // namespace

Task<Response> reset_page(Account& account, Request& rq) {
  const std::string token(rq.query("token_hash").value_or(""));
  html::Data data;
  if (token.empty()) {
    const bool sent = rq.query("sent").has_value();
    data.set("sent", sent).set("address", sent_address(rq));
    co_return ask_form(rq, std::move(data));
  }
  const identity::LinkState state = co_await identity::link_state(account.identity, "recovery", token);
  if (state == identity::LinkState::good) co_return password_form(rq, {}, token);
  data.set("expired", state == identity::LinkState::expired).set("used", state == identity::LinkState::used);
  co_return ask_form(rq, std::move(data), {410, {}});
}

Task<Response> reset_post(Account& account, Request& rq) {
  const std::string email(rq.form("email"));
  html::Data data;
  FormOutcome outcome;
  try {
    co_await identity::request_recovery(account.identity, email, {}, access_control::client_info_of(rq));
    co_return http::redirect("/reset?sent=yes").cookie(sent_address_cookie(account.access, rq, email));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
    data.set("address", email);
  }
  co_return ask_form(rq, std::move(data), outcome);
}

Task<Response> reset_password_post(Account& account, Request& rq) {
  const std::string token(rq.form("token_hash"));
  html::Data data;
  FormOutcome outcome;
  bool expired = false;
  try {
    const identity::ClientInfo from = client_info_with_device(rq);
    const identity::Session session =
        co_await identity::reset_password(account.identity, token, std::string(rq.form("password")), from);
    co_return finish_sign_in(account, rq, session, from, "/app?notice=account.password_changed");
  } catch (const core::Problem& problem) {
    expired = problem.code == "otp_expired";
    outcome = show_problem(rq, problem, data);
  }
  if (!expired) co_return password_form(rq, std::move(data), token, outcome);
  data.set("used", true).set("said", "");
  co_return ask_form(rq, std::move(data), outcome);
}

}  // namespace account
