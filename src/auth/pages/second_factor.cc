// GET and POST /login/code: the second step of a sign-in, by the authenticator's code or by a recovery code.
#include "auth/accounts/accounts.h"
#include "auth/mfa/factors.h"
#include "auth/mfa/recovery_codes.h"
#include "auth/pages/forms.h"
#include "auth/pages/half.h"
#include "auth/pages/pages.h"
#include "core/text.h"

namespace auth {
namespace {

struct Step {
  bool by_recovery = false;
  std::string factor;  // the chosen one, when he has several
};

Task<Response> form(Auth& auth, const Request& rq, html::Data data, Step step, Refusal refusal) {
  const User user = co_await own_account(auth, rq.caller.user);
  const std::string next = next_of(rq);
  html::Rows factors;
  const core::Json all = core::Json::parse(user.factors.text).value_or(core::Json());
  for (const core::Json& factor : all.elements()) {
    if (factor["status"].string_or("") != "verified") continue;
    html::Data row;
    const std::string id = factor["id"].string_or("");
    const std::string name = factor["friendly_name"].string_or("");
    row.set("value", id).set("label", name.empty() ? html::text(html::locale_of(rq), "auth.factor.unnamed") : name);
    row.set("selected", id == step.factor);
    factors.push_back(std::move(row));
  }
  if (factors.size() == 1) data.set("factor", factors.front());
  else data.set("factors", std::move(factors)).set("several", true);
  data.set("title", "auth.second.title").set("narrow", true).set("recovery", step.by_recovery);
  data.set("next", next).set("next_query", core::percent_encode(next, "/"));
  co_return refused_page(rq, "auth/second_factor", std::move(data), refusal);
}

Task<Session> shown(Auth& auth, const Request& rq, const Step& step, const Origin& from) {
  const Bearer who{rq.caller.user, rq.caller.session};
  if (step.by_recovery) co_return co_await use_recovery_code(auth, who, std::string(rq.form("recovery_code")), from);
  const auto factor = core::Uuid::parse(step.factor);
  if (!factor) throw core::Problem(422, "mfa_verification_failed", "No such factor");
  const Challenged challenge = co_await challenge_factor(auth, who, *factor, from);
  std::string code;
  for (const char c : rq.form("code"))
    if (c != ' ' && c != '-') code += c;  // apps show them in groups
  co_return co_await verify_factor(auth, who, *factor, challenge.id, std::move(code), from);
}

}  // namespace

Task<Response> factor_page(Auth& auth, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(rq.query("next").value_or("")));
  if (!is_half_signed_in(rq)) co_return http::redirect("/login" + next_query(next_of(rq)));
  co_return co_await form(auth, rq, {}, {rq.query("with").value_or("") == "recovery", {}}, {});
}

Task<Response> factor_post(Auth& auth, Request& rq) {
  if (!is_half_signed_in(rq)) co_return http::redirect("/login" + next_query(next_of(rq)));
  Step step{!rq.form("recovery_code").empty() || rq.form("with") == "recovery", std::string(rq.form("factor"))};
  html::Data data;
  Refusal refusal;
  try {
    const Origin from = origin_of(rq);
    const Session session = co_await shown(auth, rq, step, from);
    co_return enter(auth, rq, session, from, rq.form("next"));
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    if (step.by_recovery && problem.code == "mfa_verification_failed")
      data.set("code_error", html::text(html::locale_of(rq), "auth.error.recovery_code"));
  }
  co_return co_await form(auth, rq, std::move(data), std::move(step), refusal);
}

}  // namespace auth
