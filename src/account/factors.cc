// The forms of second factors on the security page: enroll, confirm, remove, recovery codes.
#include "identity/mfa_factors.h"

#include "access/client_info.h"
#include "access/session_cookie.h"
#include "account/pages.h"
#include "account/security.h"
#include "core/crypto.h"
#include "identity/recovery_codes.h"

namespace account {
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
  data.set("title", "account.codes.title").set("narrow", true).set("codes", std::move(rows));
  return html::page(rq, "account/recovery_codes", std::move(data));
}

http::Response enroll_page(const Request& rq, html::Data data, const FormOutcome& outcome) {
  data.set("title", "account.enroll.title").set("narrow", true);
  return form_page(rq, "account/enroll", std::move(data), outcome);
}

}  // namespace

// The secret is shown only in this response; no page shows it again.
Task<Response> enroll_post(Account& account, Request& rq) {
  html::Data data;
  FormOutcome outcome;
  try {
    const identity::Enrolled made = co_await identity::enroll_totp(
        account.identity, bearer_of_cookie(rq), std::string(rq.form("name")),
        html::text(html::locale_of(rq), "html.brand"), access_control::client_info_of(rq));
    data.set("factor", made.id.str()).set("secret", grouped(made.secret)).set("qr", core::base64(made.qr_code_svg));
    data.set("uri", made.uri);
    co_return enroll_page(rq, std::move(data), {});
  } catch (const core::Problem& problem) {
    html::Data errors;
    outcome = show_problem(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(account, rq, std::move(data), outcome);
}

Task<Response> confirm_factor_post(Account& account, Request& rq) {
  html::Data data;
  FormOutcome outcome;
  const auto factor = core::Uuid::parse(rq.form("factor"));
  if (!factor) http::throw_not_found();
  try {
    const identity::ClientInfo from = access_control::client_info_of(rq);
    const identity::Challenged challenge =
        co_await identity::challenge_factor(account.identity, bearer_of_cookie(rq), *factor, from);
    std::string code;
    for (const char c : rq.form("code"))
      if (c != ' ' && c != '-') code += c;
    const identity::Session session = co_await identity::verify_factor(account.identity, bearer_of_cookie(rq), *factor,
                                                                       challenge.id, std::move(code), from);
    rq.set_cookies = access_control::session_cookies(account.access, rq, session.json);
    const std::int64_t left = co_await identity::recovery_codes_left(account.identity, rq.caller.user);
    if (left > 0) co_return http::redirect("/app/settings/security?notice=account.factor_added");
    const std::vector<std::string> codes =
        co_await identity::renew_recovery_codes(account.identity, bearer_of_cookie(rq), from);
    co_return codes_page(rq, codes);
  } catch (const core::Problem& problem) {
    outcome = show_problem(rq, problem, data);
    data.set("factor", factor->str()).set("again", true);
  }
  co_return enroll_page(rq, std::move(data), outcome);
}

Task<Response> remove_factor_post(Account& account, Request& rq) {
  html::Data data;
  FormOutcome outcome;
  const auto factor = core::Uuid::parse(rq.param("factor"));
  if (!factor) http::throw_not_found();
  try {
    co_await identity::unenroll_factor(account.identity, bearer_of_cookie(rq), *factor,
                                       access_control::client_info_of(rq));
    co_return http::redirect("/app/settings/security?notice=account.factor_removed");
  } catch (const core::Problem& problem) {
    html::Data errors;
    outcome = show_problem(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(account, rq, std::move(data), outcome);
}

Task<Response> recovery_codes_post(Account& account, Request& rq) {
  html::Data data;
  FormOutcome outcome;
  try {
    const std::vector<std::string> codes = co_await identity::renew_recovery_codes(
        account.identity, bearer_of_cookie(rq), access_control::client_info_of(rq));
    co_return codes_page(rq, codes);
  } catch (const core::Problem& problem) {
    html::Data errors;
    outcome = show_problem(rq, problem, errors);
    data.set("factor_form", std::move(errors));
  }
  co_return co_await security_form(account, rq, std::move(data), outcome);
}

}  // namespace account
