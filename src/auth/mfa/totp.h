// Codes that follow from a shared secret and the time (RFC 6238): SHA-1, 30 seconds, six digits, what every
// authenticator app speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth::totp {

inline constexpr std::int64_t kStepSeconds = 30;

std::string code(std::string_view secret, std::int64_t step, int digits = 6);
// The step whose code this is: the one of `now`, the one before or the one after. In constant time.
std::optional<std::int64_t> step_of(std::string_view secret, std::string_view code, std::int64_t now_seconds);

std::string base32(std::string_view bytes);  // RFC 4648 6, without padding
std::optional<std::string> unbase32(std::string_view text);

// otpauth://totp/issuer:account?…, as the apps read it.
std::string uri(std::string_view issuer, std::string_view account, std::string_view secret);

}  // namespace auth::totp
