// How the guard verifies keys, tokens and sessions. identity_credentials.h answers from identity's tables. A product
// whose users live in a hosted Supabase project implements the same interface with the project's JWKS, without those
// tables.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/ids.h"
#include "core/task.h"
#include "identity/client_info.h"
#include "identity/jwt.h"

namespace access_control {

using core::Task;
using identity::ClientInfo;
namespace jwt = identity::jwt;

struct SessionCheck {
  bool live = false;
  bool has_second_factor = false;  // the user has set up a verified second factor
  std::string email;
};

struct RenewedSession {
  std::string json;  // GoTrue's session object, as the cookie keeps it
  std::string access_token;
};
enum class RenewFault { refused, busy };  // busy: another request is renewing the same session

class Credentials {
 public:
  virtual ~Credentials() = default;

  // Brings the keys up to date; called before a token or key is verified.
  virtual Task<> refresh_keys() = 0;
  virtual std::expected<jwt::Claims, jwt::Fault> verify(std::string_view token, jwt::Clocks clocks) = 0;
  // Ignores `exp`, for a cookie whose refresh token may still be valid.
  virtual std::expected<jwt::Claims, jwt::Fault> verify_expired(std::string_view token) = 0;
  // The role of an opaque or configured API key; nothing when the text is not one.
  virtual std::optional<std::string> role_of_known_key(std::string_view key) = 0;
  // Also accepts an API key that is a JWT.
  virtual std::optional<std::string> role_of_api_key(std::string_view key) = 0;

  // One database trip at most. A token without a session is checked by its user alone.
  virtual Task<SessionCheck> check_session(core::UserId user, std::optional<core::SessionId> session) = 0;
  virtual Task<std::variant<RenewedSession, RenewFault>> renew(std::string refresh_token, ClientInfo from) = 0;
  virtual Task<bool> is_admin(core::UserId user) = 0;
};

}  // namespace access_control
