// What an administrator, a confirmed change of address, or the end of an identity does to the rows of a user.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/users/users.h"

namespace auth {

struct AdminChange {
  std::string email;  // canonical; empty: as it is
  std::string phone;  // likewise
  bool confirm_email = false;
  bool confirm_phone = false;
  bool sets_ban = false;
  std::optional<core::Time> banned_until;  // with sets_ban; absent ends the ban
  std::string user_metadata = "{}";        // merged shallowly; a null member deletes
  std::string app_metadata = "{}";         // likewise
};
// Throws Problem 422 email_exists or phone_exists.
Task<> change_user(pg::Tx& tx, core::UserId user, const AdminChange& change, core::Time now);

// A change of address that waits for its proofs. `proven`: how many of the two addresses have answered.
struct EmailChange {
  std::string address;
  std::int16_t proven = 0;
};
Task<> begin_email_change(pg::Tx& tx, core::UserId user, std::string_view address, core::Time now);
Task<std::optional<EmailChange>> email_change_of(pg::Tx& tx, core::UserId user);  // locks the user's row
Task<> prove_half(pg::Tx& tx, core::UserId user, core::Time now);
// The address is the new one from here on, and confirmed; an anonymous user becomes a real one. Throws Problem 422
// email_exists when somebody else has taken it meanwhile.
Task<> finish_email_change(pg::Tx& tx, core::UserId user, core::Time now);

Task<> mark_reauthentication_sent(pg::Tx& tx, core::UserId user, core::Time now);
Task<> mark_invited(pg::Tx& tx, core::UserId user, core::Time now);
Task<> clear_password(pg::Tx& tx, core::UserId user, core::Time now);
Task<> soft_delete(pg::Tx& tx, core::UserId user, core::Time now);

// app_metadata.provider and .providers follow the identities, oldest first. He has at least one.
Task<> refresh_providers(pg::Tx& tx, core::UserId user, core::Time now);

enum class Unlinked { done, unknown, last };
Task<Unlinked> unlink_identity(pg::Tx& tx, core::UserId user, core::Uuid identity, core::Time now);

}  // namespace auth
