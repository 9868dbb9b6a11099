// GET and POST /reset (ask for the mail), POST /reset/password (what its link leads to).
#include "auth/accounts/accounts.h"
#include "auth/pages/forms.h"
#include "auth/pages/pages.h"

namespace auth {
namespace {

http::Response ask_form(const Request& rq, html::Data data, const Refusal& refusal = {}) {
  data.set("title", "auth.reset.title").set("narrow", true);
  return refused_page(rq, "auth/reset", std::move(data), refusal);
}

http::Response password_form(const Request& rq, html::Data data, std::string_view token, const Refusal& refusal = {}) {
  data.set("title", "auth.new_password.title").set("narrow", true).set("token", std::string(token));
  return refused_page(rq, "auth/new_password", std::move(data), refusal);
}

}  // namespace

Task<Response> reset_page(Auth& auth, Request& rq) {
  const std::string token(rq.query("token_hash").value_or(""));
  html::Data data;
  if (token.empty()) {
    const bool sent = rq.query("sent").has_value();
    data.set("sent", sent).set("address", sent_address(rq));
    co_return ask_form(rq, std::move(data));
  }
  const LinkState state = co_await link_state(auth, "recovery", token);
  if (state == LinkState::good) co_return password_form(rq, {}, token);
  data.set("expired", state == LinkState::expired).set("used", state == LinkState::used);
  co_return ask_form(rq, std::move(data), {410, {}});
}

Task<Response> reset_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  html::Data data;
  Refusal refusal;
  try {
    co_await request_recovery(auth, email, {}, origin_of(rq));
    co_return http::redirect("/reset?sent=yes").cookie(sent_cookie(auth.config, rq, email));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    data.set("address", email);
  }
  co_return ask_form(rq, std::move(data), refusal);
}

Task<Response> reset_password_post(Auth& auth, Request& rq) {
  const std::string token(rq.form("token_hash"));
  html::Data data;
  Refusal refusal;
  bool expired = false;
  try {
    const Origin from = visitor_origin(rq);
    const Session session = co_await reset_password(auth, token, std::string(rq.form("password")), from);
    co_return enter(auth, rq, session, from, "/app?notice=auth.password_changed");
  } catch (const core::Problem& problem) {
    expired = problem.code == "otp_expired";
    refusal = tell(rq, problem, data);
  }
  if (!expired) co_return password_form(rq, std::move(data), token, refusal);
  data.set("used", true).set("said", "");
  co_return ask_form(rq, std::move(data), refusal);
}

}  // namespace auth
