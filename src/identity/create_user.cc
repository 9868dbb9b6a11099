#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/passwords.h"

namespace identity {
namespace {

struct Seed {
  Identity* identity;
  NewUser user;
};

Task<core::UserId> seed_in(pg::Tx& tx, Seed& seed) {
  const auto known = co_await lock_user_by_email(tx, seed.user.email);
  if (known) co_return known->id;
  co_await insert_user(tx, seed.user, seed.identity->clock.now());
  co_return seed.user.id;
}

Task<std::optional<User>> find_in(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

}  // namespace

Task<core::UserId> create_user(Identity& identity, std::string email, std::string password) {
  require_acceptable_password(password);
  Seed seed{&identity, {}};
  seed.user.id = core::UserId::random();
  seed.user.email = canonical_email(email);
  seed.user.user_metadata = R"({"email_verified":true})";
  seed.user.confirmed_at = identity.clock.now();
  seed.user.password_hash = co_await hash_password(identity, std::move(password));
  co_return co_await identity.db.in(pg::as_service("a seed or a tool makes a user"), seed_in, seed);
}

Task<std::optional<core::UserId>> find_user(Identity& identity, std::string email) {
  const auto user = co_await identity.db.in(pg::as_service("a tool looks for a user"), find_in, email);
  std::optional<core::UserId> id;
  if (user) id = user->id;
  co_return id;
}

}  // namespace identity
