// GET and POST /verify: where the links of mails land (confirmation, sign-in, invitation, new address). The GET shows
// one button and changes nothing, so a mail scanner that follows links confirms nobody.
#include "auth/accounts/accounts.h"
#include "auth/pages/forms.h"
#include "auth/pages/pages.h"

namespace auth {
namespace {

std::string known_type(std::string_view type) {
  for (const std::string_view known : {"invite", "magiclink", "email_change"})
    if (type == known) return std::string(known);
  return "signup";
}

http::Response verify_form(const Request& rq, html::Data data, const std::string& type, const Refusal& refusal = {}) {
  data.set("title", "auth.verify." + type + ".title").set("narrow", true).set("next", next_of(rq)).set("type", type);
  data.set("for_" + type, true);
  return refused_page(rq, "auth/verify", std::move(data), refusal);
}

std::string after(const Request& rq, const std::string& type) {
  if (type == "email_change") return "/app/settings/security?notice=auth.email_changed";
  if (type == "invite") return "/app/settings/security?notice=auth.invited";
  return std::string(rq.form("next"));
}

}  // namespace

Task<Response> verify_page(Auth& auth, Request& rq) {
  const std::string token(rq.query("token_hash").value_or(""));
  const std::string type = known_type(rq.query("type").value_or("signup"));
  html::Data data;
  data.set("address", sent_address(rq));
  if (token.empty()) co_return verify_form(rq, std::move(data), type);
  const LinkState state = co_await link_state(auth, type, token);
  if (state != LinkState::good && rq.caller.signed_in() && type != "email_change")
    co_return http::redirect(safe_next(rq.query("next").value_or("")));  // clicked twice
  data.set("good", state == LinkState::good).set("token", token);
  data.set("expired", state == LinkState::expired).set("used", state == LinkState::used);
  data.set("bad", state != LinkState::good);
  co_return verify_form(rq, std::move(data), type, {state == LinkState::good ? 200 : 410, {}});
}

Task<Response> verify_post(Auth& auth, Request& rq) {
  const std::string type = known_type(rq.form("type"));
  Proof proof;
  proof.type = type == "magiclink" ? "email" : type;
  proof.token = rq.form("token_hash");
  proof.email = rq.form("email");
  proof.code = rq.form("code");
  html::Data data;
  data.set("address", proof.email);
  Refusal refusal;
  const bool by_link = !proof.token.empty();
  try {
    const Origin from = visitor_origin(rq);
    const Proven proven = co_await prove(auth, std::move(proof), from);
    if (const auto* session = std::get_if<Session>(&proven)) co_return enter(auth, rq, *session, from, after(rq, type));
    data.set("half", true);
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    if (problem.code == "otp_expired" || problem.code == "validation_failed") {
      data.set("said", "").set("address_error", "");
      if (by_link) data.set("used", true).set("bad", true);
      else data.set("code_error", html::text(html::locale_of(rq), "auth.error.code"));
    }
  }
  co_return verify_form(rq, std::move(data), type, refusal);
}

}  // namespace auth
