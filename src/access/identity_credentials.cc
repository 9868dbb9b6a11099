#include "access/identity_credentials.h"

#include "core/log.h"
#include "identity/api_keys.h"
#include "identity/keyring.h"
#include "identity/sessions.h"
#include "pg/pg.h"

namespace access_control {
namespace {

constexpr pg::Sql kIsAdmin{"access.admin_check", R"sql(
  select tenon.is_admin($1)
)sql"};

}  // namespace

Task<> IdentityCredentials::refresh_keys() { return identity_.keyring().refresh(identity_); }

std::expected<jwt::Claims, jwt::Fault> IdentityCredentials::verify(std::string_view token, jwt::Clocks clocks) {
  return identity_.keyring().verify(token, identity_.clock.now(), clocks);
}

std::expected<jwt::Claims, jwt::Fault> IdentityCredentials::verify_expired(std::string_view token) {
  return jwt::verify_expired(token, identity_.keyring().keys(), identity_.clock.now());
}

std::optional<std::string> IdentityCredentials::role_of_known_key(std::string_view key) {
  return identity::role_of_known_key(identity_, key);
}

std::optional<std::string> IdentityCredentials::role_of_api_key(std::string_view key) {
  return identity::role_of_api_key(identity_, key);
}

Task<SessionCheck> IdentityCredentials::check_session(core::UserId user, std::optional<core::SessionId> session) {
  const identity::SessionCheck check = co_await identity::check_session(identity_, user, session);
  co_return SessionCheck{.live = check.status == identity::SessionStatus::live,
                         .has_second_factor = check.live.has_factor,
                         .email = check.live.email};
}

Task<std::variant<RenewedSession, RenewFault>> IdentityCredentials::renew(std::string refresh_token, ClientInfo from) {
  const identity::Refreshed refreshed =
      co_await identity::refresh(identity_, std::move(refresh_token), std::move(from));
  if (const auto* session = std::get_if<identity::Session>(&refreshed)) {
    const auto json = core::Json::parse(session->json);
    co_return RenewedSession{session->json, json ? (*json)["access_token"].string_or("") : ""};
  }
  const auto fault = std::get<identity::RefreshFault>(refreshed);
  core::log::info("access.session.renewal_refused", {{"code", identity::problem_of(fault).code}});
  co_return fault == identity::RefreshFault::busy ? RenewFault::busy : RenewFault::refused;
}

Task<bool> IdentityCredentials::is_admin(core::UserId user) {
  co_return co_await identity_.db.as(pg::as_service("tenon.admins is closed to users")).one<bool>(kIsAdmin, user);
}

}  // namespace access_control
