// GET and POST /reset (ask for the mail), POST /reset/password (what its link leads to).
#include "auth/accounts/accounts.h"
#include "auth/forms.h"
#include "auth/use_cases.h"

namespace auth {
namespace {

http::Response ask_form(const Request& rq, html::Data data, int status = 200) {
  data.set("title", "auth.reset.title").set("narrow", true);
  return html::page(rq, "auth/reset", std::move(data), status);
}

http::Response password_form(const Request& rq, html::Data data, std::string_view token, int status = 200) {
  data.set("title", "auth.new_password.title").set("narrow", true).set("token", std::string(token));
  return html::page(rq, "auth/new_password", std::move(data), status);
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
  const bool good = co_await link_is_good(auth, "recovery", token);
  if (good) co_return password_form(rq, {}, token);
  data.set("expired", true);
  co_return ask_form(rq, std::move(data), 410);
}

Task<Response> reset_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  html::Data data;
  int status = 400;
  try {
    co_await request_recovery(auth, email, {}, origin_of(rq));
    co_return http::redirect("/reset?sent=yes").cookie(sent_cookie(auth.config, rq, email));
  } catch (const core::Problem& problem) {
    status = problem.status;
    tell(rq, problem, data);
    data.set("address", email);
  }
  co_return ask_form(rq, std::move(data), status);
}

Task<Response> reset_password_post(Auth& auth, Request& rq) {
  const std::string token(rq.form("token_hash"));
  html::Data data;
  int status = 400;
  bool expired = false;
  try {
    const Session session = co_await reset_password(auth, token, std::string(rq.form("password")), origin_of(rq));
    co_return enter(auth, rq, session, "/app?notice=auth.password_changed");
  } catch (const core::Problem& problem) {
    status = problem.status;
    expired = problem.code == "otp_expired";
    if (!expired) tell(rq, problem, data);
  }
  if (!expired) co_return password_form(rq, std::move(data), token, status);
  data.set("expired", true);
  co_return ask_form(rq, std::move(data), status);
}

}  // namespace auth
