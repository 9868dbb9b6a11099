#include "auth/accounts/accounts.h"
#include "core/crypto.h"

namespace auth {
namespace {

constexpr pg::Sql kAge{"auth.one_time_age", R"sql(
  select created_at > $2::timestamptz at time zone 'utc' from auth.one_time_tokens where token_hash = $1
)sql"};

}  // namespace

Task<LinkState> link_state(Auth& auth, std::string type, std::string token) {
  const bool good = co_await link_is_good(auth, std::move(type), token);
  if (good) co_return LinkState::good;
  const std::string hash = core::hex(core::sha224(token));
  const core::Time oldest = auth.clock.now() - std::chrono::seconds(auth.config.otp_seconds);
  const auto young = co_await auth.db.as(pg::as_service("the page says beforehand what became of a link"))
                         .maybe<bool>(kAge, hash, oldest);
  co_return young && !*young ? LinkState::expired : LinkState::used;
}

}  // namespace auth
