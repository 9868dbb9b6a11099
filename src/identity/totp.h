// Time-based one-time passwords (RFC 6238) with SHA-1, 30 seconds and six digits, which every authenticator app
// supports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace identity::totp {

inline constexpr std::int64_t kStepSeconds = 30;

std::string code(std::string_view secret, std::int64_t step, int digits = 6);
// The time step whose code this is: the current one, the previous or the next. In constant time.
std::optional<std::int64_t> step_of(std::string_view secret, std::string_view code, std::int64_t now_seconds);

std::string base32(std::string_view bytes);  // RFC 4648 6, without padding
std::optional<std::string> unbase32(std::string_view text);

// otpauth://totp/issuer:account?…, as authenticator apps read it.
std::string uri(std::string_view issuer, std::string_view account, std::string_view secret);

}  // namespace identity::totp
