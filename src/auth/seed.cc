// The doors for other modules, tools and seeds that auth.h declares.
#include "auth/accounts/accounts.h"
#include "auth/passwords/password.h"
#include "core/problem.h"

namespace auth {
namespace {

struct Seed {
  Auth* auth;
  NewUser user;
};

Task<core::UserId> seed_in(pg::Tx& tx, Seed& seed) {
  const auto known = co_await lock_user_by_email(tx, seed.user.email);
  if (known) co_return known->id;
  co_await insert_user(tx, seed.user, seed.auth->clock.now());
  co_return seed.user.id;
}

Task<std::optional<User>> find_in(pg::Tx& tx, std::string& email) { return user_by_email(tx, email); }

struct Entry {
  Auth* auth;
  core::UserId user;
  std::string method;
};
Task<Session> enter_in(pg::Tx& tx, Entry& entry) {
  return open_session(*entry.auth, tx, entry.user, entry.method, Origin{});
}

constexpr pg::Sql kEmail{"auth.contact_email", R"sql(
  select coalesce(c.email, '') from tenon.user_contact($1) c
)sql"};

}  // namespace

Task<core::UserId> create_user(Auth& auth, std::string email, std::string password) {
  require_acceptable(password);
  Seed seed{&auth, {}};
  seed.user.id = core::UserId::random();
  seed.user.email = canonical_email(email);
  seed.user.user_metadata = R"({"email_verified":true})";
  seed.user.confirmed_at = auth.clock.now();
  seed.user.password_hash = co_await hash_password(auth, std::move(password));
  co_return co_await auth.db.in(pg::as_service("a seed or a tool makes a user"), seed_in, seed);
}

Task<std::optional<core::UserId>> find_user(Auth& auth, std::string email) {
  const auto user = co_await auth.db.in(pg::as_service("a tool looks for a user"), find_in, email);
  std::optional<core::UserId> id;
  if (user) id = user->id;
  co_return id;
}

Task<std::optional<std::string>> email_of(pg::Tx& tx, core::UserId user) {
  auto email = co_await tx.maybe<std::string>(kEmail, user);
  if (email && email->empty()) email.reset();
  co_return email;
}

Task<std::string> sign_in_as(Auth& auth, core::UserId user, std::string_view method) {
  const Entry entry{&auth, user, std::string(method)};
  const Session session = co_await auth.db.in(pg::as_service("a tool or a test signs a user in"), enter_in, entry);
  co_return session.json;
}

}  // namespace auth
