// auth.users and auth.identities: rows, and how the wire shows a user.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth.h"
#include "core/json.h"

namespace auth {

struct User {
  core::UserId id;
  std::string email;
  std::optional<std::string> password_hash;
  std::optional<core::Time> confirmed_at;  // email_confirmed_at
  std::optional<core::Time> confirmation_sent_at;
  std::optional<core::Time> recovery_sent_at;
  std::optional<core::Time> banned_until;
  pg::Json row;         // the row as JSON, without hashes and tokens
  pg::Json identities;  // its identities' rows as a JSON array
  pg::Json factors;     // likewise, without their secrets

  bool confirmed() const { return confirmed_at.has_value(); }
  bool banned(core::Time now) const { return banned_until && *banned_until > now; }
};

// Absent when unknown or deleted. The address is compared in lower case.
Task<std::optional<User>> user_by_email(pg::Tx& tx, std::string_view email);
Task<std::optional<User>> user_by_id(pg::Tx& tx, core::UserId id);
// Locks the row as user_by_email does not, for what changes it.
Task<std::optional<User>> lock_user_by_email(pg::Tx& tx, std::string_view email);

// Who vouches for a user: the address itself (provider email), or a provider of oauth/.
struct NewIdentity {
  std::string provider;
  std::string provider_id;  // the provider's own id of him
  std::string data;         // a JSON object
};

struct NewUser {
  core::UserId id;
  std::string email;          // canonical
  std::string password_hash;  // empty: none
  std::string user_metadata = "{}";
  std::string app_metadata = R"({"provider":"email","providers":["email"]})";
  std::string role = "authenticated";
  std::optional<core::Time> confirmed_at;
  std::optional<core::Time> confirmation_sent_at;
  std::optional<NewIdentity> identity;  // absent: his address
  std::string phone;                    // digits; empty: none
  std::optional<core::Time> phone_confirmed_at;
  std::optional<core::Time> banned_until;
  std::optional<core::Time> invited_at;
  bool is_anonymous = false;
};
// The user and his identity. Throws Problem 422 email_exists when the address is taken, and Problem 500
// unexpected_failure when a trigger of the product refuses the row.
Task<> insert_user(pg::Tx& tx, const NewUser& user, core::Time now);

Task<> insert_identity(pg::Tx& tx, core::UserId user, const NewIdentity& identity, core::Time now);

Task<> set_password(pg::Tx& tx, core::UserId user, std::string_view hash, core::Time now);
// Shallow merge; a null member deletes.
Task<> merge_user_metadata(pg::Tx& tx, core::UserId user, std::string_view json, core::Time now);
Task<> mark_confirmation_sent(pg::Tx& tx, core::UserId user, core::Time now);
Task<> mark_recovery_sent(pg::Tx& tx, core::UserId user, core::Time now);
enum class Confirmed { now, before };
Task<Confirmed> confirm_email(pg::Tx& tx, core::UserId user, core::Time now);
Task<bool> delete_user(pg::Tx& tx, core::UserId user);

// What metadata may take as JSON, user_metadata and app_metadata together: the rest of a token fits beside it.
inline constexpr std::size_t kMostMetadata = 4096;
// Throw Problem 400 validation_failed above it.
void require_metadata_fits(std::string_view user_metadata, std::string_view app_metadata);
void require_metadata_fits(const User& user);

struct UserPage {
  std::vector<User> users;
  std::int64_t total = 0;
};
Task<UserPage> list_users(pg::Tx& tx, std::string_view filter, std::int64_t page, std::int64_t per_page);

// {User} of spec/supabase-auth.md 5. fabricated_user has the members of an unconfirmed stranger.
// `metadata` (a JSON object) stands in for the row's user_metadata: a stranger must not read what another one wrote.
std::string user_json(const User& user, std::string_view metadata = "");
std::string fabricated_user(std::string_view email, std::string_view user_metadata, core::Time now);

std::string factors_json(const User& user);  // the wire's array
bool has_verified_factor(const User& user);
bool was_invited(const User& user);
// An invitation that nobody has answered: its data and its link are the administrator's, and there is no password.
bool waits_for_invited(const User& user);
// Signed up by himself, so perhaps by somebody else, and not confirmed: password and data may be a stranger's.
bool may_be_a_strangers(const User& user);

// Lower case, trimmed. Throws Problem 400 validation_failed when it cannot be an address (255 bytes at most).
std::string canonical_email(std::string_view email);

}  // namespace auth
