// Changes to a user's rows: by an administrator, by a confirmed new address, by unlinking an identity.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/users.h"

namespace identity {

struct AdminUserChanges {
  std::string email;  // canonical; empty: unchanged
  std::string phone;  // empty: unchanged
  bool confirm_email = false;
  bool confirm_phone = false;
  bool sets_ban = false;
  std::optional<core::Time> banned_until;  // with sets_ban; absent ends the ban
  std::string user_metadata = "{}";        // merged shallowly; a null member deletes
  std::string app_metadata = "{}";         // merged in the same way
};
// Throws Problem 422 email_exists or phone_exists.
Task<> change_user(pg::Tx& tx, core::UserId user, const AdminUserChanges& change, core::Time now);

// A pending change of address. `confirmations`: how many of the two addresses have confirmed it.
struct EmailChange {
  std::string address;
  std::int16_t confirmations = 0;
};
Task<> begin_email_change(pg::Tx& tx, core::UserId user, std::string_view address, core::Time now);
Task<std::optional<EmailChange>> email_change_of(pg::Tx& tx, core::UserId user);  // locks the user's row
Task<> record_one_confirmation(pg::Tx& tx, core::UserId user, core::Time now);
// Makes the new address the user's, confirmed; an anonymous user becomes a permanent one. Throws Problem 422
// email_exists when somebody else has taken it meanwhile.
Task<> finish_email_change(pg::Tx& tx, core::UserId user, core::Time now);

Task<> mark_reauthentication_sent(pg::Tx& tx, core::UserId user, core::Time now);
Task<> mark_invited(pg::Tx& tx, core::UserId user, core::Time now);
Task<> clear_password(pg::Tx& tx, core::UserId user, core::Time now);
Task<> soft_delete(pg::Tx& tx, core::UserId user, core::Time now);

// Sets app_metadata.provider and .providers from the identities, oldest first. There must be at least one.
Task<> refresh_providers(pg::Tx& tx, core::UserId user, core::Time now);

enum class Unlinked { done, unknown, last };
Task<Unlinked> unlink_identity(pg::Tx& tx, core::UserId user, core::Uuid identity, core::Time now);

}  // namespace identity
