// What a client of the wire says of its PKCE (RFC 7636).
#pragma once

#include <string>
#include <string_view>

namespace auth {

struct Challenge {
  std::string value;   // empty: the implicit flow
  std::string method;  // s256 or plain
};
// Throws Problem 400 validation_failed when only one of the two is there, or one is not what it must be.
Challenge challenge_of(std::string_view value, std::string_view method);

// Whether the verifier is the challenge's.
bool answers(const Challenge& challenge, std::string_view verifier);

}  // namespace auth
