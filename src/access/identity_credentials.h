// Credentials answered by identity: the project's own keys and the tables of schema auth.
#pragma once

#include "access/credentials.h"
#include "identity/identity.h"

namespace access_control {

class IdentityCredentials final : public Credentials {
 public:
  explicit IdentityCredentials(identity::Identity& identity) : identity_(identity) {}

  Task<> refresh_keys() override;
  std::expected<jwt::Claims, jwt::Fault> verify(std::string_view token, jwt::Clocks clocks) override;
  std::expected<jwt::Claims, jwt::Fault> verify_expired(std::string_view token) override;
  std::optional<std::string> role_of_known_key(std::string_view key) override;
  std::optional<std::string> role_of_api_key(std::string_view key) override;
  Task<SessionCheck> check_session(core::UserId user, std::optional<core::SessionId> session) override;
  Task<std::variant<RenewedSession, RenewFault>> renew(std::string refresh_token, ClientInfo from) override;
  Task<bool> is_admin(core::UserId user) override;

 private:
  identity::Identity& identity_;
};

}  // namespace access_control
