// The use cases of an administrator, for holders of the service key. None of it grants welcome credits, and only
// invite sends an email.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/email_tokens.h"
#include "identity/sessions.h"
#include "identity/user_changes.h"

namespace identity {

Task<UserPage> list_users(Identity& identity, std::string filter, std::int64_t page, std::int64_t per_page);
Task<std::optional<User>> find_user(Identity& identity, core::UserId user);

// Throws Problem 422 email_exists or phone_exists.
Task<std::optional<User>> create_user(Identity& identity, NewUser user, ClientInfo from);
// An address changes at once and without an email. `password_hash` (empty: unchanged) ends every session. Nothing when
// there is no such user. Throws like create_user.
Task<std::optional<User>> update_user(Identity& identity, core::UserId user, AdminUserChanges changes,
                                      std::string password_hash, ClientInfo from);
enum class Deletion { hard, soft };
Task<bool> delete_user(Identity& identity, core::UserId user, Deletion deletion, ClientInfo from);

struct LinkRequest {
  std::string type;  // signup, invite, magiclink, recovery, email_change_current, email_change_new
  std::string email;
  std::string new_email;
  std::string metadata = "{}";
  std::string password_hash;
  std::string redirect_to;
  ClientInfo from;
};
// The link and code that an email would carry, for the administrator to deliver. Throws Problem 422 email_exists or 404
// user_not_found.
struct GeneratedLink {
  User user;
  EmailToken token;
  std::string type;  // GoTrue's verification_type: signup when a magic link created the user
};
Task<GeneratedLink> generate_link(Identity& identity, LinkRequest request);  // generate_link.cc
bool is_link_type(std::string_view type);

// Creates the user, unless they wait for a confirmation already, and emails the invitation.
Task<std::optional<User>> invite(Identity& identity, LinkRequest request);  // generate_link.cc

}  // namespace identity
