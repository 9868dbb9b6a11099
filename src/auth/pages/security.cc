// GET /app/settings/security and the forms of address, password and sessions on it; the second factor's are factors.cc.
#include "auth/pages/security.h"

#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/devices/devices.h"
#include "auth/limits/limits.h"
#include "auth/mfa/recovery_codes.h"
#include "auth/pages/pages.h"
#include "auth/passwords/password.h"
#include "html/format.h"

namespace auth {
namespace {

html::Rows session_rows(const Request& rq, const std::vector<Device>& devices) {
  html::Rows rows;
  const std::string locale = html::locale_of(rq);
  for (const Device& device : devices) {
    html::Data row;
    row.set("id", device.session.str()).set("device", sentence_of(locale, name_of(device.agent)));
    row.set("place", device.ip).set("seen", html::when(device.seen)).set("began", html::when(device.began));
    row.set("here", device.session == rq.caller.session);
    rows.push_back(std::move(row));
  }
  return rows;
}

html::Rows factor_rows(const Request& rq, const User& user) {
  html::Rows rows;
  const core::Json all = core::Json::parse(user.factors.text).value_or(core::Json());
  for (const core::Json& factor : all.elements()) {
    if (factor["status"].string_or("") != "verified") continue;
    html::Data row;
    const std::string name = factor["friendly_name"].string_or("");
    row.set("id", factor["id"].string_or(""));
    row.set("name", name.empty() ? html::text(html::locale_of(rq), "auth.factor.unnamed") : name);
    if (const auto made = core::parse_rfc3339(factor["created_at"].string_or(""))) row.set("made", html::when(*made));
    rows.push_back(std::move(row));
  }
  return rows;
}

// A session that somebody left open must not be enough to take the account away.
Task<> require_password(Auth& auth, const Request& rq) {
  const User user = co_await own_account(auth, rq.caller.user);
  if (!user.password_hash || user.password_hash->empty()) co_return;
  co_await require_rate(auth, kSignInRate, rq.client_ip, user.id.str());
  const bool right = co_await password_matches(auth, std::string(rq.form("current_password")), *user.password_hash);
  if (right) co_return;
  co_await audit_refused(auth, "user_update_refused", "current_password_invalid", user.id, origin_of(rq));
  throw core::Problem(400, "current_password_invalid", "Current password is incorrect.");
}

Task<> change(Auth& auth, const Request& rq, Changes changes) {
  co_await require_password(auth, rq);
  co_await change_account(auth, bearer_of_cookie(rq), std::move(changes), origin_of(rq));
}

Task<Response> changed(Auth& auth, Request& rq, Changes changes, std::string notice, std::string form) {
  html::Data data;
  Refusal refusal;
  try {
    co_await change(auth, rq, std::move(changes));
    co_return http::redirect("/app/settings/security?notice=" + notice);
  } catch (const core::Problem& problem) {
    html::Data errors;
    refusal = tell(rq, problem, errors);
    errors.set("wanted", std::string(rq.form("email")));
    data.set(form, std::move(errors));
  }
  co_return co_await security_form(auth, rq, std::move(data), refusal);
}

}  // namespace

Bearer bearer_of_cookie(const Request& rq) { return {rq.caller.user, rq.caller.session}; }

Task<Response> security_form(Auth& auth, const Request& rq, html::Data data, Refusal refusal) {
  const User user = co_await own_account(auth, rq.caller.user);
  const std::vector<Device> devices = co_await devices_of(auth, rq.caller.user);
  const std::int64_t codes = co_await recovery_codes_left(auth, rq.caller.user);
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  html::Rows factors = factor_rows(rq, user);
  data.set("title", "auth.security.title").set("narrow", true).set("address", user.email);
  data.set("pending", row["email_change"].string_or(""));
  data.set("has_password", user.password_hash.has_value() && !user.password_hash->empty());
  data.set("protected", !factors.empty())
      .set("codes_left", html::pluralize(html::locale_of(rq), "auth.security.codes_left", codes))
      .set("few_codes", codes < 4);
  data.set("factors", std::move(factors));
  data.set("several_sessions", devices.size() > 1).set("sessions", session_rows(rq, devices));
  co_return refused_page(rq, "auth/security", std::move(data), refusal);
}

Task<Response> security_page(Auth& auth, Request& rq) { co_return co_await security_form(auth, rq, {}, {}); }

Task<Response> change_email_post(Auth& auth, Request& rq) {
  Changes changes;
  changes.email = rq.form("email");
  changes.landing.next = "/app/settings/security";
  const char* notice = auth.config.autoconfirm ? "auth.email_changed" : "auth.email_sent";
  co_return co_await changed(auth, rq, std::move(changes), notice, "email_form");
}

Task<Response> change_password_post(Auth& auth, Request& rq) {
  Changes changes;
  changes.password = rq.form("password");
  if (changes.password.empty()) changes.password = " ";  // refused as too short, not taken for "as it is"
  co_return co_await changed(auth, rq, std::move(changes), "auth.password_changed", "password_form");
}

Task<Response> end_session_post(Auth& auth, Request& rq) {
  const auto session = rq.id<core::SessionId>("session");
  const bool ended = co_await end_device(auth, rq.caller.user, session, origin_of(rq));
  co_return http::redirect(std::string("/app/settings/security?notice=auth.") +
                           (ended ? "session_ended" : "session_gone"));
}

Task<Response> end_others_post(Auth& auth, Request& rq) {
  co_await sign_out(auth, rq.caller.user, rq.caller.session, End::others, origin_of(rq));
  co_return http::redirect("/app/settings/security?notice=auth.others_ended");
}

}  // namespace auth
