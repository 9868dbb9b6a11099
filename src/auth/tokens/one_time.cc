#include "auth/tokens/one_time.h"

#include <cstdint>

#include <fmt/format.h>

#include "core/crypto.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr double kGuesses = 10;
constexpr double kNeverRefills = 1e-9;  // per second: the count outlives the code

constexpr pg::Sql kPut{"auth.one_time_put", R"sql(
  insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
  values (gen_random_uuid(), $1, $2::auth.one_time_token_type, $3, $4, $5::timestamptz at time zone 'utc',
          $5::timestamptz at time zone 'utc')
  on conflict (user_id, token_type) do update
    set id = excluded.id, token_hash = excluded.token_hash, relates_to = excluded.relates_to,
        created_at = excluded.created_at, updated_at = excluded.updated_at
  returning id::text
)sql"};

struct Row {
  std::string id;
  core::UserId user;
  std::string kind;
  std::string hash;
  std::string address;
};
// What went to an address that the user has no more proves nothing; only the new one of a change is not his yet.
constexpr pg::Sql kByHash{"auth.one_time_by_hash", R"sql(
  select t.id::text, t.user_id, t.token_type::text, t.token_hash, t.relates_to
  from auth.one_time_tokens t join auth.users u on u.id = t.user_id
  where t.token_hash = $1 and u.deleted_at is null
    and (t.relates_to = lower(u.email) or t.token_type = 'email_change_token_new')
    and t.token_type::text = any($2::text[]) and t.created_at > $3::timestamptz at time zone 'utc'
)sql"};

constexpr pg::Sql kByEmail{"auth.one_time_by_email", R"sql(
  select t.id::text, t.user_id, t.token_type::text, t.token_hash, t.relates_to
  from auth.one_time_tokens t join auth.users u on u.id = t.user_id
  where t.relates_to = $1 and u.deleted_at is null
    and (t.relates_to = lower(u.email) or t.token_type = 'email_change_token_new')
    and t.token_type::text = any($2::text[]) and t.created_at > $3::timestamptz at time zone 'utc'
)sql"};

// Deleting decides who redeems: of two at once only one gets the row.
constexpr pg::Sql kTake{"auth.one_time_take", R"sql(
  delete from auth.one_time_tokens where id = $1::uuid and token_hash = $2
)sql"};

constexpr pg::Sql kGuess{"auth.one_time_guess", R"sql(
  select tenon.take_token('auth:code:' || $1::text, $2, $3)
)sql"};

constexpr pg::Sql kDrop{"auth.one_time_drop", R"sql(
  delete from auth.one_time_tokens where user_id = $1
)sql"};

constexpr pg::Sql kDropKinds{"auth.one_time_drop_kinds", R"sql(
  delete from auth.one_time_tokens where user_id = $1 and token_type::text = any($2::text[])
)sql"};

std::string stored(std::string_view token) { return core::hex(core::sha224(token)); }

std::string digits(const Auth& auth, std::string_view hash) {
  const std::string mac = core::hmac_sha256(auth.config.jwt_secret.reveal(), "otp:" + std::string(hash));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(mac[i]);
  return fmt::format("{:06}", number % 1'000'000);
}

core::Time oldest(const Auth& auth) { return auth.clock.now() - std::chrono::seconds(auth.config.otp_seconds); }

Task<std::optional<Redeemed>> take(pg::Tx& tx, Row row) {
  const std::int64_t taken = co_await tx.run(kTake, row.id, row.hash);
  std::optional<Redeemed> out;
  if (taken == 1) out = Redeemed{row.user, row.kind, row.address};
  co_return out;
}

}  // namespace

Task<OneTime> issue_one_time(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view kind, std::string_view email,
                             Pkce pkce) {
  OneTime out;
  out.token = std::string(pkce == Pkce::yes ? kPkcePrefix : "") + core::hex(core::random_bytes(28));
  const std::string hash = stored(out.token);
  const std::string type(kind);
  const std::string address = core::lower(email);
  out.id = co_await tx.one<std::string>(kPut, user, type, hash, address, auth.clock.now());
  out.code = digits(auth, hash);
  co_return out;
}

Task<std::optional<Redeemed>> redeem_link(Auth& auth, pg::Tx& tx, std::string token, std::vector<std::string> kinds) {
  const std::string hash = stored(token);
  const auto row = co_await tx.maybe<Row>(kByHash, hash, kinds, oldest(auth));
  if (!row) co_return std::nullopt;
  co_return co_await take(tx, *row);
}

Task<std::optional<Redeemed>> redeem_code(Auth& auth, pg::Tx& tx, std::string email, std::string code,
                                          std::vector<std::string> kinds) {
  const std::string address = core::lower(email);
  const auto rows = co_await tx.many<Row>(kByEmail, address, kinds, oldest(auth));
  for (const Row& row : rows) {
    const double wait = co_await tx.one<double>(kGuess, row.id, kGuesses, kNeverRefills);
    if (wait > 0) continue;
    if (!core::equal_constant_time(digits(auth, row.hash), code)) continue;
    co_return co_await take(tx, row);
  }
  co_return std::nullopt;
}

Task<bool> link_lives(Auth& auth, pg::Tx& tx, std::string token, std::vector<std::string> kinds) {
  const std::string hash = stored(token);
  const auto row = co_await tx.maybe<Row>(kByHash, hash, kinds, oldest(auth));
  co_return row.has_value();
}

Task<> drop_one_time(pg::Tx& tx, core::UserId user) { co_await tx.run(kDrop, user); }
Task<> drop_one_time(pg::Tx& tx, core::UserId user, std::vector<std::string> kinds) {
  co_await tx.run(kDropKinds, user, kinds);
}

}  // namespace auth
