#include "identity/email_tokens.h"

#include <cstdint>

#include <fmt/format.h>

#include "core/crypto.h"
#include "core/text.h"

namespace identity {
namespace {

constexpr double kGuesses = 10;
constexpr double kNeverRefills = 1e-9;  // per second: the count outlives the code

constexpr pg::Sql kPut{"identity.one_time_put", R"sql(
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
// A token counts only while the user still has the address it went to, or is about to change to it.
constexpr pg::Sql kByHash{"identity.one_time_by_hash", R"sql(
  select t.id::text, t.user_id, t.token_type::text, t.token_hash, t.relates_to
  from auth.one_time_tokens t join auth.users u on u.id = t.user_id
  where t.token_hash = $1 and u.deleted_at is null
    and (t.relates_to = lower(u.email) or t.token_type = 'email_change_token_new')
    and t.token_type::text = any($2::text[]) and t.created_at > $3::timestamptz at time zone 'utc'
)sql"};

constexpr pg::Sql kByEmail{"identity.one_time_by_email", R"sql(
  select t.id::text, t.user_id, t.token_type::text, t.token_hash, t.relates_to
  from auth.one_time_tokens t join auth.users u on u.id = t.user_id
  where t.relates_to = $1 and u.deleted_at is null
    and (t.relates_to = lower(u.email) or t.token_type = 'email_change_token_new')
    and t.token_type::text = any($2::text[]) and t.created_at > $3::timestamptz at time zone 'utc'
)sql"};

// The delete decides: of two concurrent uses only one gets the row.
constexpr pg::Sql kTake{"identity.one_time_take", R"sql(
  delete from auth.one_time_tokens where id = $1::uuid and token_hash = $2
)sql"};

constexpr pg::Sql kGuess{"identity.one_time_guess", R"sql(
  select tenon.take_token('auth:code:' || $1::text, $2, $3)
)sql"};

constexpr pg::Sql kDrop{"identity.one_time_drop", R"sql(
  delete from auth.one_time_tokens where user_id = $1
)sql"};

constexpr pg::Sql kDropKinds{"identity.one_time_drop_kinds", R"sql(
  delete from auth.one_time_tokens where user_id = $1 and token_type::text = any($2::text[])
)sql"};

std::string stored(std::string_view token) { return core::hex(core::sha224(token)); }

std::string digits(const Identity& identity, std::string_view hash) {
  const std::string mac = core::hmac_sha256(identity.config.jwt_secret.reveal(), "otp:" + std::string(hash));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(mac[i]);
  return fmt::format("{:06}", number % 1'000'000);
}

core::Time oldest(const Identity& identity) {
  return identity.clock.now() - std::chrono::seconds(identity.config.otp_seconds);
}

Task<std::optional<ConsumedToken>> take(pg::Tx& tx, Row row) {
  const std::int64_t taken = co_await tx.run(kTake, row.id, row.hash);
  std::optional<ConsumedToken> out;
  if (taken == 1) out = ConsumedToken{row.user, row.kind, row.address};
  co_return out;
}

}  // namespace

Task<EmailToken> issue_email_token(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view kind,
                                   std::string_view email, Pkce pkce) {
  EmailToken out;
  out.token = std::string(pkce == Pkce::yes ? kPkcePrefix : "") + core::hex(core::random_bytes(28));
  const std::string hash = stored(out.token);
  const std::string type(kind);
  const std::string address = core::lower(email);
  out.id = co_await tx.one<std::string>(kPut, user, type, hash, address, identity.clock.now());
  out.code = digits(identity, hash);
  co_return out;
}

Task<std::optional<ConsumedToken>> consume_link_token(Identity& identity, pg::Tx& tx, std::string token,
                                                      std::vector<std::string> kinds) {
  const std::string hash = stored(token);
  const auto row = co_await tx.maybe<Row>(kByHash, hash, kinds, oldest(identity));
  if (!row) co_return std::nullopt;
  co_return co_await take(tx, *row);
}

Task<std::optional<ConsumedToken>> consume_code(Identity& identity, pg::Tx& tx, std::string email, std::string code,
                                                std::vector<std::string> kinds) {
  const std::string address = core::lower(email);
  const auto rows = co_await tx.many<Row>(kByEmail, address, kinds, oldest(identity));
  for (const Row& row : rows) {
    const double wait = co_await tx.one<double>(kGuess, row.id, kGuesses, kNeverRefills);
    if (wait > 0) continue;
    if (!core::equal_constant_time(digits(identity, row.hash), code)) continue;
    co_return co_await take(tx, row);
  }
  co_return std::nullopt;
}

Task<bool> is_link_token_valid(Identity& identity, pg::Tx& tx, std::string token, std::vector<std::string> kinds) {
  const std::string hash = stored(token);
  const auto row = co_await tx.maybe<Row>(kByHash, hash, kinds, oldest(identity));
  co_return row.has_value();
}

Task<> delete_email_tokens(pg::Tx& tx, core::UserId user) { co_await tx.run(kDrop, user); }
Task<> delete_email_tokens(pg::Tx& tx, core::UserId user, std::vector<std::string> kinds) {
  co_await tx.run(kDropKinds, user, kinds);
}

}  // namespace identity
