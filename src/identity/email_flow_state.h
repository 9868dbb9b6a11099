// auth.flow_state for emails: a client that sent a PKCE challenge receives a code at the end of the link, and exchanges
// code and verifier for the session. The codes of oauth/'s flows are exchanged here as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "identity/pkce.h"
#include "identity/users.h"

namespace identity {

// `method` is the amr of the session to come: email/signup, magiclink, recovery, invite, email_change.
Task<> store_email_flow(pg::Tx& tx, core::UserId user, std::string_view method, const Challenge& challenge,
                        core::Time now);
// A code for the newest flow of that method; empty when none is pending. The row keeps its hash.
Task<std::string> issue_email_flow_code(pg::Tx& tx, core::UserId user, std::string_view method, core::Time now);

enum class AuthCodeFault { unknown, expired, wrong_verifier, banned };
struct AuthCodeOwner {
  core::UserId user;
  std::string method;
  std::string provider_token;          // encrypted for the code's holder (provider_tokens.h); empty: none
  std::string provider_refresh_token;  // encrypted likewise
};
// A code works once, for five minutes. A wrong verifier does not consume it.
Task<std::variant<AuthCodeOwner, AuthCodeFault>> consume_auth_code(pg::Tx& tx, std::string_view code,
                                                                   std::string_view verifier, core::Time now);

}  // namespace identity
