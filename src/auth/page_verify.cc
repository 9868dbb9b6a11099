// GET and POST /verify: where the link of a confirmation mail lands. The GET shows one button and changes nothing, so a
// mail scanner that follows links confirms nobody.
#include "auth/accounts/accounts.h"
#include "auth/forms.h"
#include "auth/use_cases.h"

namespace auth {
namespace {

http::Response verify_form(const Request& rq, html::Data data, int status = 200) {
  data.set("title", "auth.verify.title").set("narrow", true).set("next", next_of(rq));
  return html::page(rq, "auth/verify", std::move(data), status);
}

}  // namespace

Task<Response> verify_page(Auth& auth, Request& rq) {
  const std::string token(rq.query("token_hash").value_or(""));
  const std::string type(rq.query("type").value_or("signup"));
  html::Data data;
  if (token.empty()) {
    data.set("address", sent_address(rq));
    co_return verify_form(rq, std::move(data));
  }
  const bool good = co_await link_is_good(auth, type, token);
  if (!good && rq.caller.signed_in())
    co_return http::redirect(safe_next(rq.query("next").value_or("")));  // clicked twice
  data.set("good", good).set("expired", !good).set("token", token).set("type", type);
  data.set("address", sent_address(rq));
  co_return verify_form(rq, std::move(data), good ? 200 : 410);
}

Task<Response> verify_post(Auth& auth, Request& rq) {
  Proof proof;
  proof.type = rq.form("type").empty() ? "signup" : rq.form("type");
  proof.token = rq.form("token_hash");
  proof.email = rq.form("email");
  proof.code = rq.form("code");
  html::Data data;
  data.set("address", proof.email);
  int status = 400;
  const bool by_link = !proof.token.empty();
  try {
    const Session session = co_await redeem(auth, std::move(proof), origin_of(rq));
    co_return enter(auth, rq, session, rq.form("next"));
  } catch (const core::Problem& problem) {
    status = problem.status;
    if (by_link && problem.code == "otp_expired") data.set("expired", true);
    else
      data.set("said", html::text(html::locale_of(rq),
                                  problem.code == "otp_expired" || problem.code == "validation_failed"
                                      ? "auth.error.code"
                                      : "auth.error.over_request_rate_limit",
                                  {{"seconds", "60"}}));
  }
  co_return verify_form(rq, std::move(data), status);
}

}  // namespace auth
