// GET and POST /verify: the target of emailed links (confirmation, sign-in, invitation, new address). The GET shows a
// button and changes nothing, so an email scanner that follows links confirms nothing.
#include "access/redirect_allowlist.h"
#include "account/forms.h"
#include "account/pages.h"
#include "identity/accounts.h"

namespace account {
namespace {

std::string known_type(std::string_view type) {
  for (const std::string_view known : {"invite", "magiclink", "email_change"})
    if (type == known) return std::string(known);
  return "signup";
}

http::Response verify_form(const Request& rq, html::Data data, const std::string& type,
                           const FormOutcome& outcome = {}) {
  data.set("title", "account.verify." + type + ".title").set("narrow", true).set("next", next_of(rq)).set("type", type);
  data.set("for_" + type, true);
  return form_page(rq, "account/verify", std::move(data), outcome);
}

std::string after(const Request& rq, const std::string& type) {
  if (type == "email_change") return "/app/settings/security?notice=account.email_changed";
  if (type == "invite") return "/app/settings/security?notice=account.invited";
  return std::string(rq.form("next"));
}

}  // namespace

Task<Response> verify_page(Account& account, Request& rq) {
  const std::string token(rq.query("token_hash").value_or(""));
  const std::string type = known_type(rq.query("type").value_or("signup"));
  html::Data data;
  data.set("address", sent_address(rq));
  if (token.empty()) co_return verify_form(rq, std::move(data), type);
  const identity::LinkState state = co_await identity::link_state(account.identity, type, token);
  if (state != identity::LinkState::good && rq.caller.signed_in() && type != "email_change")
    co_return http::redirect(access_control::safe_next(rq.query("next").value_or("")));  // clicked twice
  data.set("good", state == identity::LinkState::good).set("token", token);
  data.set("expired", state == identity::LinkState::expired).set("used", state == identity::LinkState::used);
  data.set("bad", state != identity::LinkState::good);
  co_return verify_form(rq, std::move(data), type, {state == identity::LinkState::good ? 200 : 410, {}});
}

Task<Response> verify_post(Account& account, Request& rq) {
  const std::string type = known_type(rq.form("type"));
  identity::EmailProof proof;
  proof.type = type == "magiclink" ? "email" : type;
  proof.token = rq.form("token_hash");
  proof.email = rq.form("email");
  proof.code = rq.form("code");
  html::Data data;
  data.set("address", proof.email);
  FormOutcome outcome;
  const bool by_link = !proof.token.empty();
  try {
    const identity::ClientInfo from = client_info_with_device(rq);
    const identity::EmailVerification proven =
        co_await identity::verify_email(account.identity, std::move(proof), from);
    if (const auto* session = std::get_if<identity::Session>(&proven))
      co_return finish_sign_in(account, rq, *session, from, after(rq, type));
    data.set("half", true);
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
    if (problem.code == "otp_expired" || problem.code == "validation_failed") {
      data.set("said", "").set("address_error", "");
      if (by_link) data.set("used", true).set("bad", true);
      else data.set("code_error", html::text(html::locale_of(rq), "identity.problem.otp_expired.code"));
    }
  }
  co_return verify_form(rq, std::move(data), type, outcome);
}

}  // namespace account
