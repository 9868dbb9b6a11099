#include "auth/mfa/recovery_codes.h"

#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr int kCodes = 10;
constexpr std::size_t kLength = 12;  // 60 bits
// Without 0, 1, 8 and 9, which are read as O, I, B and g.
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr const char* kWhy = "schema auth is open to the service alone";

constexpr pg::Sql kDrop{"auth.recovery_codes_drop", R"sql(
  delete from tenon.recovery_codes where user_id = $1
)sql"};
constexpr pg::Sql kPut{"auth.recovery_code_put", R"sql(
  insert into tenon.recovery_codes (user_id, code_hash, created_at) values ($1, $2, $3)
)sql"};
constexpr pg::Sql kLeft{"auth.recovery_codes_left", R"sql(
  select count(*) from tenon.recovery_codes where user_id = $1
)sql"};
// Deleting decides who uses it: of two at once only one gets the row.
constexpr pg::Sql kTake{"auth.recovery_code_take", R"sql(
  delete from tenon.recovery_codes where user_id = $1 and code_hash = $2
)sql"};
constexpr pg::Sql kFactor{"auth.recovery_factor", R"sql(
  select id from auth.mfa_factors where user_id = $1 and status = 'verified' order by created_at limit 1
)sql"};

struct Act {
  Auth* auth;
  Bearer who;
  std::string code;
  Origin from;
};

pg::Bytes hash_of(const Auth& auth, core::UserId user, std::string_view code) {
  return {core::hmac_sha256(auth.config.jwt_secret.reveal(), "recovery code:" + user.str() + ":" + std::string(code))};
}

// As somebody types it: any case, with or without the dash.
std::string plain(std::string_view typed) {
  std::string out;
  for (const char c : core::lower(typed))
    if (kAlphabet.contains(c)) out += c;
  return out;
}

Task<std::vector<std::string>> renew_in(pg::Tx& tx, Act& act) {
  Auth& auth = *act.auth;
  const auto state = co_await lock_session(auth, tx, act.who);
  if (!state || !state->second_factor)
    throw core::Problem(403, "insufficient_aal", "AAL2 required to make recovery codes");
  co_await tx.run(kDrop, act.who.user);
  std::vector<std::string> codes;
  for (int i = 0; i < kCodes; ++i) {
    const std::string code = core::random_text(kLength, kAlphabet);
    co_await tx.run(kPut, act.who.user, hash_of(auth, act.who.user, code), auth.clock.now());
    codes.push_back(code.substr(0, 4) + "-" + code.substr(4, 4) + "-" + code.substr(8));
  }
  co_await audit(auth, tx, "generate_recovery_codes", act.who.user, act.from);
  co_return codes;
}

Task<std::optional<Session>> use_in(pg::Tx& tx, Act& act) {
  Auth& auth = *act.auth;
  const auto factor = co_await tx.maybe<core::Uuid>(kFactor, act.who.user);
  if (!factor) co_return std::nullopt;
  const std::int64_t taken = co_await tx.run(kTake, act.who.user, hash_of(auth, act.who.user, act.code));
  if (taken != 1) co_return std::nullopt;
  co_await audit(auth, tx, "recovery_code_used", act.who.user, act.from);
  co_return co_await raise_session(auth, tx, act.who, *factor, "recovery_code", act.from);
}

}  // namespace

Task<std::vector<std::string>> renew_recovery_codes(Auth& auth, Bearer who, Origin from) {
  const Act act{&auth, who, {}, std::move(from)};
  co_return co_await auth.db.in(pg::as_service(kWhy), renew_in, act);
}

Task<std::int64_t> recovery_codes_left(Auth& auth, core::UserId user) {
  co_return co_await auth.db.as(pg::as_service(kWhy)).one<std::int64_t>(kLeft, user);
}

Task<Session> use_recovery_code(Auth& auth, Bearer who, std::string code, Origin from) {
  co_await require_rate(auth, kMfaRate, from.ip, who.user.str());
  const Act act{&auth, who, plain(code), std::move(from)};
  const auto session = co_await auth.db.in(pg::as_service(kWhy), use_in, act);
  if (!session) {
    co_await audit_refused(auth, "recovery_code_refused", "mfa_verification_failed", who.user, act.from);
    throw core::Problem(422, "mfa_verification_failed", "Invalid recovery code entered");
  }
  core::log::warn("auth.recovery_code.used", {{"user", who.user}});
  co_return *session;
}

}  // namespace auth
