// auth.flow_state for mails: a client that sent a PKCE challenge gets a code at the end of the mail's link, and the
// session for code and verifier. Providers' flows are oauth/'s; the code they end in is exchanged here as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/oauth/pkce.h"
#include "auth/users/users.h"

namespace auth {

// `method` is the amr that the session will carry: email/signup, magiclink, recovery, invite, email_change.
Task<> put_mail_flow(pg::Tx& tx, core::UserId user, std::string_view method, const Challenge& challenge,
                     core::Time now);
// The code for the newest flow of that kind; empty when none waits. The row keeps its hash.
Task<std::string> issue_mail_code(pg::Tx& tx, core::UserId user, std::string_view method, core::Time now);

enum class CodeFault { unknown, expired, wrong_verifier, banned };
struct CodeOwner {
  core::UserId user;
  std::string method;
  std::string provider_token;          // sealed for the code's holder (oauth/flow.h); empty: none
  std::string provider_refresh_token;  // likewise
};
// Good once, for five minutes. A wrong verifier does not use it up.
Task<std::variant<CodeOwner, CodeFault>> take_code(pg::Tx& tx, std::string_view code, std::string_view verifier,
                                                   core::Time now);

}  // namespace auth
