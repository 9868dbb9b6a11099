#include "identity/recovery_codes.h"

#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "core/text.h"
#include "identity/audit_log.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

constexpr int kCodes = 10;
constexpr std::size_t kLength = 12;  // 60 bits
// Without 0, 1, 8 and 9, which are mistaken for O, I, B and g.
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr const char* kWhy = "schema auth is open to the service alone";

constexpr pg::Sql kDrop{"identity.recovery_codes_drop", R"sql(
  delete from tenon.recovery_codes where user_id = $1
)sql"};
constexpr pg::Sql kPut{"identity.recovery_code_put", R"sql(
  insert into tenon.recovery_codes (user_id, code_hash, created_at) values ($1, $2, $3)
)sql"};
constexpr pg::Sql kLeft{"identity.recovery_codes_left", R"sql(
  select count(*) from tenon.recovery_codes where user_id = $1
)sql"};
// The delete decides: of two concurrent uses only one gets the row.
constexpr pg::Sql kTake{"identity.recovery_code_take", R"sql(
  delete from tenon.recovery_codes where user_id = $1 and code_hash = $2
)sql"};
constexpr pg::Sql kFactor{"identity.recovery_factor", R"sql(
  select id from auth.mfa_factors where user_id = $1 and status = 'verified' order by created_at limit 1
)sql"};

struct Act {
  Identity* identity;
  Bearer who;
  std::string code;
  ClientInfo from;
};

pg::Bytes hash_of(const Identity& identity, core::UserId user, std::string_view code) {
  return {
      core::hmac_sha256(identity.config.jwt_secret.reveal(), "recovery code:" + user.str() + ":" + std::string(code))};
}

// As people type it: any case, with or without dashes.
std::string plain(std::string_view typed) {
  std::string out;
  for (const char c : core::lower(typed))
    if (kAlphabet.contains(c)) out += c;
  return out;
}

Task<std::vector<std::string>> renew_in(pg::Tx& tx, Act& act) {
  Identity& identity = *act.identity;
  const auto state = co_await lock_session(identity, tx, act.who);
  if (!state || !state->second_factor) throw core::Problem(403, "identity.insufficient_aal.recovery_codes");
  co_await tx.run(kDrop, act.who.user);
  std::vector<std::string> codes;
  for (int i = 0; i < kCodes; ++i) {
    const std::string code = core::random_text(kLength, kAlphabet);
    co_await tx.run(kPut, act.who.user, hash_of(identity, act.who.user, code), identity.clock.now());
    codes.push_back(code.substr(0, 4) + "-" + code.substr(4, 4) + "-" + code.substr(8));
  }
  co_await audit(identity, tx, "generate_recovery_codes", act.who.user, act.from);
  co_return codes;
}

Task<std::optional<Session>> use_in(pg::Tx& tx, Act& act) {
  Identity& identity = *act.identity;
  const auto factor = co_await tx.maybe<core::Uuid>(kFactor, act.who.user);
  if (!factor) co_return std::nullopt;
  const std::int64_t taken = co_await tx.run(kTake, act.who.user, hash_of(identity, act.who.user, act.code));
  if (taken != 1) co_return std::nullopt;
  co_await audit(identity, tx, "recovery_code_used", act.who.user, act.from);
  co_return co_await raise_session(identity, tx, act.who, *factor, "recovery_code", act.from);
}

}  // namespace

Task<std::vector<std::string>> renew_recovery_codes(Identity& identity, Bearer who, ClientInfo from) {
  const Act act{&identity, who, {}, std::move(from)};
  co_return co_await identity.db.in(pg::as_service(kWhy), renew_in, act);
}

Task<std::int64_t> recovery_codes_left(Identity& identity, core::UserId user) {
  co_return co_await identity.db.as(pg::as_service(kWhy)).one<std::int64_t>(kLeft, user);
}

Task<Session> use_recovery_code(Identity& identity, Bearer who, std::string code, ClientInfo from) {
  co_await enforce_rate_limit(identity, kMfaRate, from.ip, who.user.str());
  const Act act{&identity, who, plain(code), std::move(from)};
  const auto session = co_await identity.db.in(pg::as_service(kWhy), use_in, act);
  if (!session) {
    co_await audit_refusal(identity, "recovery_code_refused", "mfa_verification_failed", who.user, act.from);
    throw core::Problem(422, "identity.mfa_verification_failed.recovery_code");
  }
  core::log::warn("identity.recovery_code.used", {{"user", who.user}});
  co_return *session;
}

}  // namespace identity
