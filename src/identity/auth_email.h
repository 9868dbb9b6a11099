// The emails that carry a link and a code. All of it runs inside the caller's transaction.
#pragma once

#include <string>
#include <string_view>

#include "identity/accounts.h"

namespace identity {

struct AuthEmail {
  core::UserId user;
  std::string address;     // the recipient
  std::string token_kind;  // auth.one_time_token_type
  std::string type;        // GoTrue's: signup, invite, magiclink, recovery, email_change
  std::string mail;        // the kind of email that mail/ renders
  EmailLinkTarget link_target;
  std::string new_email;  // mentioned in the emails of an address change
};
Task<> queue_auth_email(Identity& identity, pg::Tx& tx, const AuthEmail& email);
Task<> queue_confirmation(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view email,
                          const EmailLinkTarget& link_target);
// To the new address, and with AUTH_SECURE_EMAIL_CHANGE to the old one too.
Task<> queue_email_change(Identity& identity, pg::Tx& tx, const User& user, std::string_view address,
                          const EmailLinkTarget& link_target);

std::string email_link(const Config& config, std::string_view type, std::string_view token,
                       const EmailLinkTarget& link_target);
// The amr method, and the name of the PKCE flow, for an email type: email/signup, magiclink, …
std::string_view amr_method(std::string_view type);

}  // namespace identity
