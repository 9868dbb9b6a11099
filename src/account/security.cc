// GET /app/settings/security and its forms for address, password and sessions; factors.cc has those for second factors.
#include "account/security.h"

#include "access/client_info.h"
#include "account/pages.h"
#include "html/format.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/devices.h"
#include "identity/passwords.h"
#include "identity/rate_limits.h"
#include "identity/recovery_codes.h"

namespace account {
namespace {

// "Chrome on Windows", as far as the User-Agent names them.
std::string device_label(const std::string& locale, const identity::DeviceName& name) {
  if (name.browser.empty() && name.system.empty()) return html::text(locale, "account.device.unknown");
  if (name.browser.empty() || name.system.empty()) return name.browser + name.system;
  return html::text(locale, "account.device.named", {{"browser", name.browser}, {"system", name.system}});
}

html::Rows session_rows(const Request& rq, const std::vector<identity::Device>& devices) {
  html::Rows rows;
  const std::string locale = html::locale_of(rq);
  for (const identity::Device& device : devices) {
    html::Data row;
    row.set("id", device.session.str()).set("device", device_label(locale, identity::parse_user_agent(device.agent)));
    row.set("place", device.ip).set("seen", html::when(device.seen)).set("began", html::when(device.began));
    row.set("here", device.session == rq.caller.session);
    rows.push_back(std::move(row));
  }
  return rows;
}

html::Rows factor_rows(const Request& rq, const identity::User& user) {
  html::Rows rows;
  const core::Json all = core::Json::parse(user.factors.text).value_or(core::Json());
  for (const core::Json& factor : all.elements()) {
    if (factor["status"].string_or("") != "verified") continue;
    html::Data row;
    const std::string name = factor["friendly_name"].string_or("");
    row.set("id", factor["id"].string_or(""));
    row.set("name", name.empty() ? html::text(html::locale_of(rq), "account.factor.unnamed") : name);
    if (const auto made = core::parse_rfc3339(factor["created_at"].string_or(""))) row.set("made", html::when(*made));
    rows.push_back(std::move(row));
  }
  return rows;
}

// A session left open must not be enough to take over the account.
Task<> require_password(Account& account, const Request& rq) {
  const identity::User user = co_await identity::get_user(account.identity, rq.caller.user);
  if (!user.password_hash || user.password_hash->empty()) co_return;
  co_await identity::enforce_rate_limit(account.identity, identity::kSignInRate, rq.client_ip, user.id.str());
  const bool right = co_await identity::password_matches(account.identity, std::string(rq.form("current_password")),
                                                         *user.password_hash);
  if (right) co_return;
  co_await identity::audit_refusal(account.identity, "user_update_refused", "current_password_invalid", user.id,
                                   access_control::client_info_of(rq));
  throw core::Problem(400, "identity.current_password_invalid");
}

Task<> change(Account& account, const Request& rq, identity::UserChanges changes) {
  co_await require_password(account, rq);
  co_await identity::update_user(account.identity, bearer_of_cookie(rq), std::move(changes),
                                 access_control::client_info_of(rq));
}

Task<Response> changed(Account& account, Request& rq, identity::UserChanges changes, std::string notice,
                       std::string form) {
  html::Data data;
  FormOutcome outcome;
  try {
    co_await change(account, rq, std::move(changes));
    co_return http::redirect("/app/settings/security?notice=" + notice);
  } catch (const core::Problem& problem) {
    html::Data errors;
    outcome = show_problem(rq, problem, errors);
    errors.set("wanted", std::string(rq.form("email")));
    data.set(form, std::move(errors));
  }
  co_return co_await security_form(account, rq, std::move(data), outcome);
}

}  // namespace

identity::Bearer bearer_of_cookie(const Request& rq) { return {rq.caller.user, rq.caller.session}; }

Task<Response> security_form(Account& account, const Request& rq, html::Data data, FormOutcome outcome) {
  const identity::User user = co_await identity::get_user(account.identity, rq.caller.user);
  const std::vector<identity::Device> devices = co_await identity::list_devices(account.identity, rq.caller.user);
  const std::int64_t codes = co_await identity::recovery_codes_left(account.identity, rq.caller.user);
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  html::Rows factors = factor_rows(rq, user);
  data.set("title", "account.security.title").set("narrow", true).set("address", user.email);
  data.set("pending", row["email_change"].string_or(""));
  data.set("has_password", user.password_hash.has_value() && !user.password_hash->empty());
  data.set("protected", !factors.empty())
      .set("codes_left", html::pluralize(html::locale_of(rq), "account.security.codes_left", codes))
      .set("few_codes", codes < 4);
  data.set("factors", std::move(factors));
  data.set("several_sessions", devices.size() > 1).set("sessions", session_rows(rq, devices));
  co_return form_page(rq, "account/security", std::move(data), outcome);
}

Task<Response> security_page(Account& account, Request& rq) { co_return co_await security_form(account, rq, {}, {}); }

Task<Response> change_email_post(Account& account, Request& rq) {
  identity::UserChanges changes;
  changes.email = rq.form("email");
  changes.link_target.next = "/app/settings/security";
  const char* notice = account.identity.config.autoconfirm ? "account.email_changed" : "account.email_sent";
  co_return co_await changed(account, rq, std::move(changes), notice, "email_form");
}

Task<Response> change_password_post(Account& account, Request& rq) {
  identity::UserChanges changes;
  changes.password = rq.form("password");
  if (changes.password.empty()) changes.password = " ";  // refused as too short instead of counting as unchanged
  co_return co_await changed(account, rq, std::move(changes), "account.password_changed", "password_form");
}

Task<Response> end_session_post(Account& account, Request& rq) {
  const auto session = rq.id<core::SessionId>("session");
  const bool ended =
      co_await identity::sign_out_device(account.identity, rq.caller.user, session, access_control::client_info_of(rq));
  co_return http::redirect(std::string("/app/settings/security?notice=account.") +
                           (ended ? "session_ended" : "session_gone"));
}

Task<Response> end_others_post(Account& account, Request& rq) {
  co_await identity::sign_out(account.identity, rq.caller.user, rq.caller.session, identity::SignOutScope::others,
                              access_control::client_info_of(rq));
  co_return http::redirect("/app/settings/security?notice=account.others_ended");
}

}  // namespace account
