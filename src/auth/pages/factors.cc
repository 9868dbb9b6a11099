// The forms of the second factor on the security settings: enrol, confirm, remove, recovery codes.
#include "auth/mfa/factors.h"

#include "auth/mfa/recovery_codes.h"
#include "auth/pages/pages.h"
#include "auth/pages/security.h"
#include "core/crypto.h"

namespace auth {
namespace {

// Groups of four are easier to type.
std::string grouped(std::string_view secret) {
  std::string out;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    if (i > 0 && i % 4 == 0) out += ' ';
    out += secret[i];
  }
  return out;
}

http::Response codes_page(const Request& rq, const std::vector<std::string>& codes) {
  html::Rows rows;
  for (const std::string& code : codes) {
    html::Data row;
    row.set("code", code);
    rows.push_back(std::move(row));
  }
  html::Data data;
  data.set("title", "auth.codes.title").set("narrow", true).set("codes", std::move(rows));
  return html::page(rq, "auth/recovery_codes", std::move(data));
}

http::Response enrol_page(const Request& rq, html::Data data, const Refusal& refusal) {
  data.set("title", "auth.enrol.title").set("narrow", true);
  return refused_page(rq, "auth/enrol", std::move(data), refusal);
}

}  // namespace

// The secret is told in this answer and never again: the page cannot be asked for.
Task<Response> enrol_post(Auth& auth, Request& rq) {
  html::Data data;
  Refusal refusal;
  try {
    const Enrolled made = co_await enrol_totp(auth, bearer_of_cookie(rq), std::string(rq.form("name")),
                                              html::text(html::locale_of(rq), "html.brand"), origin_of(rq));
    data.set("factor", made.id.str()).set("secret", grouped(made.secret)).set("qr", core::base64(made.qr_svg));
    data.set("uri", made.uri);
    co_return enrol_page(rq, std::move(data), {});
  } catch (const core::Problem& problem) {
    html::Data errors;
    refusal = tell(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(auth, rq, std::move(data), refusal);
}

Task<Response> confirm_factor_post(Auth& auth, Request& rq) {
  html::Data data;
  Refusal refusal;
  const auto factor = core::Uuid::parse(rq.form("factor"));
  if (!factor) http::throw_not_found();
  try {
    const Origin from = origin_of(rq);
    const Challenged challenge = co_await challenge_factor(auth, bearer_of_cookie(rq), *factor, from);
    std::string code;
    for (const char c : rq.form("code"))
      if (c != ' ' && c != '-') code += c;
    const Session session =
        co_await verify_factor(auth, bearer_of_cookie(rq), *factor, challenge.id, std::move(code), from);
    rq.set_cookies = session_cookies(auth, rq, session.json);
    const std::int64_t left = co_await recovery_codes_left(auth, rq.caller.user);
    if (left > 0) co_return http::redirect("/app/settings/security?notice=auth.factor_added");
    const std::vector<std::string> codes = co_await renew_recovery_codes(auth, bearer_of_cookie(rq), from);
    co_return codes_page(rq, codes);
  } catch (const core::Problem& problem) {
    refusal = tell(rq, problem, data);
    data.set("factor", factor->str()).set("again", true);
  }
  co_return enrol_page(rq, std::move(data), refusal);
}

Task<Response> remove_factor_post(Auth& auth, Request& rq) {
  html::Data data;
  Refusal refusal;
  const auto factor = core::Uuid::parse(rq.param("factor"));
  if (!factor) http::throw_not_found();
  try {
    co_await unenrol_factor(auth, bearer_of_cookie(rq), *factor, origin_of(rq));
    co_return http::redirect("/app/settings/security?notice=auth.factor_removed");
  } catch (const core::Problem& problem) {
    html::Data errors;
    refusal = tell(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(auth, rq, std::move(data), refusal);
}

Task<Response> recovery_codes_post(Auth& auth, Request& rq) {
  html::Data data;
  Refusal refusal;
  try {
    const std::vector<std::string> codes = co_await renew_recovery_codes(auth, bearer_of_cookie(rq), origin_of(rq));
    co_return codes_page(rq, codes);
  } catch (const core::Problem& problem) {
    html::Data errors;
    refusal = tell(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(auth, rq, std::move(data), refusal);
}

}  // namespace auth
