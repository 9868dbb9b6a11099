// GET and POST /login/code: the second step of a sign-in, by the authenticator's code or by a recovery code.
#include "access/client_info.h"
#include "access/mfa_pending.h"
#include "access/redirect_allowlist.h"
#include "account/forms.h"
#include "account/pages.h"
#include "core/text.h"
#include "identity/accounts.h"
#include "identity/mfa_factors.h"
#include "identity/recovery_codes.h"

namespace account {
namespace {

struct Step {
  bool by_recovery = false;
  std::string factor;  // the chosen one, if there are several
};

Task<Response> form(Account& account, const Request& rq, html::Data data, Step step, FormOutcome outcome) {
  const identity::User user = co_await identity::get_user(account.identity, rq.caller.user);
  const std::string next = next_of(rq);
  html::Rows factors;
  const core::Json all = core::Json::parse(user.factors.text).value_or(core::Json());
  for (const core::Json& factor : all.elements()) {
    if (factor["status"].string_or("") != "verified") continue;
    html::Data row;
    const std::string id = factor["id"].string_or("");
    const std::string name = factor["friendly_name"].string_or("");
    row.set("value", id).set("label", name.empty() ? html::text(html::locale_of(rq), "account.factor.unnamed") : name);
    row.set("selected", id == step.factor);
    factors.push_back(std::move(row));
  }
  if (factors.size() == 1) data.set("factor", factors.front());
  else data.set("factors", std::move(factors)).set("several", true);
  data.set("title", "account.second.title").set("narrow", true).set("recovery", step.by_recovery);
  data.set("next", next).set("next_query", core::percent_encode(next, "/"));
  co_return form_page(rq, "account/login_code", std::move(data), outcome);
}

Task<identity::Session> verify_second_factor(Account& account, const Request& rq, const Step& step,
                                             const identity::ClientInfo& from) {
  const identity::Bearer who{rq.caller.user, rq.caller.session};
  if (step.by_recovery)
    co_return co_await identity::use_recovery_code(account.identity, who, std::string(rq.form("recovery_code")), from);
  const auto factor = core::Uuid::parse(step.factor);
  if (!factor) throw core::Problem(422, "identity.mfa_verification_failed");
  const identity::Challenged challenge = co_await identity::challenge_factor(account.identity, who, *factor, from);
  std::string code;
  for (const char c : rq.form("code"))
    if (c != ' ' && c != '-') code += c;  // apps show them in groups
  co_return co_await identity::verify_factor(account.identity, who, *factor, challenge.id, std::move(code), from);
}

}  // namespace

Task<Response> login_code_page(Account& account, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(access_control::safe_next(rq.query("next").value_or("")));
  if (!access_control::is_mfa_pending(rq)) co_return http::redirect("/login" + next_query(next_of(rq)));
  co_return co_await form(account, rq, {}, {rq.query("with").value_or("") == "recovery", {}}, {});
}

Task<Response> login_code_post(Account& account, Request& rq) {
  if (!access_control::is_mfa_pending(rq)) co_return http::redirect("/login" + next_query(next_of(rq)));
  Step step{!rq.form("recovery_code").empty() || rq.form("with") == "recovery", std::string(rq.form("factor"))};
  html::Data data;
  FormOutcome outcome;
  try {
    const identity::ClientInfo from = access_control::client_info_of(rq);
    const identity::Session session = co_await verify_second_factor(account, rq, step, from);
    co_return finish_sign_in(account, rq, session, from, rq.form("next"));
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
  }
  co_return co_await form(account, rq, std::move(data), std::move(step), outcome);
}

}  // namespace account
