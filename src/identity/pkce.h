// A client's PKCE challenge (RFC 7636).
#pragma once

#include <string>
#include <string_view>

namespace identity {

struct Challenge {
  std::string value;   // empty: the implicit flow
  std::string method;  // s256 or plain
};
// Throws Problem 400 validation_failed when one of the two is missing or malformed.
Challenge challenge_of(std::string_view value, std::string_view method);

// True when the verifier matches the challenge.
bool answers(const Challenge& challenge, std::string_view verifier);

}  // namespace identity
