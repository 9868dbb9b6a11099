// auth.users and auth.identities: the rows, and a user as GoTrue's JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "identity/identity.h"

namespace identity {

struct User {
  core::UserId id;
  std::string email;
  std::optional<std::string> password_hash;
  std::optional<core::Time> confirmed_at;  // email_confirmed_at
  std::optional<core::Time> confirmation_sent_at;
  std::optional<core::Time> recovery_sent_at;
  std::optional<core::Time> banned_until;
  pg::Json row;         // the whole row as JSON, without hashes and tokens
  pg::Json identities;  // the identities' rows as a JSON array
  pg::Json factors;     // the factors' rows, without their secrets

  bool confirmed() const { return confirmed_at.has_value(); }
  bool banned(core::Time now) const { return banned_until && *banned_until > now; }
};

// Nothing when unknown or deleted. Addresses are compared in lower case.
Task<std::optional<User>> user_by_email(pg::Tx& tx, std::string_view email);
Task<std::optional<User>> user_by_id(pg::Tx& tx, core::UserId id);
// Also locks the row, for callers that change it.
Task<std::optional<User>> lock_user_by_email(pg::Tx& tx, std::string_view email);

// A proof of who the user is: the address itself (provider "email") or an external provider.
struct NewIdentity {
  std::string provider;
  std::string provider_id;  // the provider's id for the user
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
  std::optional<NewIdentity> identity;  // absent: the address itself
  std::string phone;                    // digits; empty: none
  std::optional<core::Time> phone_confirmed_at;
  std::optional<core::Time> banned_until;
  std::optional<core::Time> invited_at;
  bool is_anonymous = false;
};
// Inserts the user and their identity. Throws Problem 422 email_exists when the address is taken, 500
// unexpected_failure when a trigger refuses the row.
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

// Limit for user_metadata and app_metadata together, as JSON: every access token contains both.
inline constexpr std::size_t kMaxMetadata = 4096;
// Throw Problem 400 validation_failed above the limit.
void require_metadata_fits(std::string_view user_metadata, std::string_view app_metadata);
void require_metadata_fits(const User& user);

struct UserPage {
  std::vector<User> users;
  std::int64_t total = 0;
};
Task<UserPage> list_users(pg::Tx& tx, std::string_view filter, std::int64_t page, std::int64_t per_page);

// GoTrue's user object (docs/spec/supabase-auth.md 5); fabricated_user looks like a new unconfirmed user. `metadata`, a
// JSON object, replaces the row's user_metadata: nobody may read what a stranger wrote there.
std::string user_json(const User& user, std::string_view metadata = "");
std::string fabricated_user(std::string_view email, std::string_view user_metadata, core::Time now);

std::string factors_json(const User& user);  // GoTrue's array
bool has_verified_factor(const User& user);
bool was_invited(const User& user);

// Lower case, trimmed. Throws Problem 400 validation_failed when it cannot be an address (255 bytes at most).
std::string canonical_email(std::string_view email);

}  // namespace identity
