#include "core/crypto.h"
#include "identity/accounts.h"

namespace identity {
namespace {

constexpr pg::Sql kAge{"identity.one_time_age", R"sql(
  select created_at > $2::timestamptz at time zone 'utc' from auth.one_time_tokens where token_hash = $1
)sql"};

}  // namespace

Task<LinkState> link_state(Identity& identity, std::string type, std::string token) {
  const bool good = co_await is_link_valid(identity, std::move(type), token);
  if (good) co_return LinkState::good;
  const std::string hash = core::hex(core::sha224(token));
  const core::Time oldest = identity.clock.now() - std::chrono::seconds(identity.config.otp_seconds);
  const auto young = co_await identity.db.as(pg::as_service("the page says beforehand what became of a link"))
                         .maybe<bool>(kAge, hash, oldest);
  co_return young && !*young ? LinkState::expired : LinkState::used;
}

}  // namespace identity
