#include "identity/mfa_factors.h"

#include <algorithm>

#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "core/text.h"
#include "identity/audit_log.h"
#include "identity/encrypted_column.h"
#include "identity/qr_code.h"
#include "identity/rate_limits.h"
#include "identity/totp.h"

namespace identity {
namespace {

constexpr auto kChallengeLifetime = std::chrono::seconds(300);
constexpr std::int64_t kMaxFactors = 10;
constexpr std::size_t kSecretBytes = 20;
constexpr double kGuesses = 10;
constexpr double kGuessesPerSecond = 10.0 / 600;
constexpr double kNeverRefills = 1e-9;
constexpr std::string_view kSealed = "sealed:";  // an imported secret is plain base32
constexpr const char* kWhy = "schema auth is open to the service alone";

constexpr pg::Sql kForget{"identity.factor_forget", R"sql(
  delete from auth.mfa_factors where user_id = $1 and status = 'unverified' and created_at < $2
)sql"};
constexpr pg::Sql kCount{"identity.factor_count", R"sql(
  select count(*) from auth.mfa_factors where user_id = $1
)sql"};
constexpr pg::Sql kNameTaken{"identity.factor_name_taken", R"sql(
  select exists (select from auth.mfa_factors where user_id = $1 and friendly_name = $2 and trim(friendly_name) <> '')
)sql"};
constexpr pg::Sql kInsert{"identity.factor_insert", R"sql(
  insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret)
  values ($1, $2, $3, 'totp', 'unverified', $4, $4, $5)
)sql"};

struct Factor {
  core::Uuid id;
  std::string type;
  bool verified;
  std::string secret;
};
constexpr pg::Sql kFind{"identity.factor_find", R"sql(
  select id, factor_type::text, status = 'verified', coalesce(secret, '')
  from auth.mfa_factors where id = $1 and user_id = $2 for no key update
)sql"};

constexpr pg::Sql kChallenge{"identity.challenge_insert", R"sql(
  insert into auth.mfa_challenges (id, factor_id, created_at, ip_address)
  values ($1, $2, $3, coalesce(nullif($4::text, ''), '0.0.0.0')::inet)
)sql"};
// The column is unique across all factors, so the database's clock sets it.
constexpr pg::Sql kChallenged{"identity.factor_challenged", R"sql(
  update auth.mfa_factors set last_challenged_at = clock_timestamp() where id = $1
)sql"};

struct ChallengeRow {
  core::Time created;
  bool used;
  std::string ip;
};
constexpr pg::Sql kFindChallenge{"identity.challenge_find", R"sql(
  select created_at, verified_at is not null, host(ip_address)
  from auth.mfa_challenges where id = $1 and factor_id = $2 for update
)sql"};
constexpr pg::Sql kUsed{"identity.challenge_used", R"sql(
  update auth.mfa_challenges set verified_at = $2 where id = $1
)sql"};
constexpr pg::Sql kTake{"identity.factor_take_token", R"sql(
  select tenon.take_token($1, $2, $3)
)sql"};
constexpr pg::Sql kVerified{"identity.factor_verified", R"sql(
  update auth.mfa_factors set status = 'verified', updated_at = $2 where id = $1
)sql"};
constexpr pg::Sql kForgetOthers{"identity.factor_forget_others", R"sql(
  delete from auth.mfa_factors where user_id = $1 and status = 'unverified'
)sql"};

constexpr pg::Sql kDelete{"identity.factor_delete", R"sql(
  delete from auth.mfa_factors where id = $1 and user_id = $2
)sql"};
constexpr pg::Sql kLowerAmr{"identity.factor_lower_amr", R"sql(
  delete from auth.mfa_amr_claims where authentication_method = 'totp'
    and session_id in (select id from auth.sessions where user_id = $2 and factor_id = $1)
)sql"};
constexpr pg::Sql kLower{"identity.factor_lower_sessions", R"sql(
  update auth.sessions set aal = 'aal1', factor_id = null, updated_at = $3 where user_id = $2 and factor_id = $1
)sql"};

core::Problem not_found() { return core::Problem(404, "identity.mfa_factor_not_found"); }

struct Act {
  Identity* identity;
  Bearer who;
  core::Uuid factor;
  core::Uuid challenge;
  std::string text;    // the code, or the factor's name
  std::string secret;  // as stored
  ClientInfo from;
};

Task<User> acting_user(pg::Tx& tx, const Act& act) {
  const auto user = co_await user_by_id(tx, act.who.user);
  if (!user) throw core::Problem(403, "identity.user_not_found");
  co_return *user;
}

Task<SessionState> acting_session(pg::Tx& tx, Act& act) {
  const auto state = co_await lock_session(*act.identity, tx, act.who);
  if (!state) throw core::Problem(403, "identity.session_not_found");
  co_return *state;
}

Task<User> enroll_in(pg::Tx& tx, Act& act) {
  Identity& identity = *act.identity;
  const core::Time now = identity.clock.now();
  const SessionState session = co_await acting_session(tx, act);
  const core::Time oldest = now - kChallengeLifetime;
  co_await tx.run(kForget, act.who.user, oldest);
  User user = co_await acting_user(tx, act);
  if (has_verified_factor(user) && !session.second_factor) throw core::Problem(403, "identity.insufficient_aal.enroll");
  const std::int64_t count = co_await tx.one<std::int64_t>(kCount, act.who.user);
  if (count >= kMaxFactors) throw core::Problem(422, "identity.too_many_enrolled_mfa_factors");
  const bool taken = co_await tx.one<bool>(kNameTaken, act.who.user, act.text);
  if (taken) throw core::Problem(422, "identity.mfa_factor_name_conflict", {{"name", act.text}});
  co_await tx.run(kInsert, act.factor, act.who.user, act.text, now, act.secret);
  co_await audit(identity, tx, "factor_in_progress", act.who.user, act.from);
  co_return user;
}

Task<> challenge_in(pg::Tx& tx, Act& act) {
  Identity& identity = *act.identity;
  co_await acting_session(tx, act);
  const auto factor = co_await tx.maybe<Factor>(kFind, act.factor, act.who.user);
  if (!factor) throw not_found();
  if (factor->type != "totp")
    throw core::Problem(422, factor->type == "phone" ? "identity.mfa_phone_verify_not_enabled"
                                                     : "identity.mfa_webauthn_verify_not_enabled");
  co_await tx.run(kChallenge, act.challenge, act.factor, identity.clock.now(), act.from.ip);
  co_await tx.run(kChallenged, act.factor);
  co_await audit(identity, tx, "challenge_created", act.who.user, act.from);
}

std::string secret_of(const Config& config, const std::string& stored) {
  if (!stored.starts_with(kSealed)) return totp::unbase32(stored).value_or("");
  const auto sealed = core::unbase64url(std::string_view(stored).substr(kSealed.size()));
  return sealed ? decrypt_column(config, "totp", *sealed).value_or("") : "";
}

// True when the code is the factor's and has not been used. The guess is counted before the code is compared.
Task<bool> code_counts(pg::Tx& tx, Act& act, const Factor& factor) {
  const Identity& identity = *act.identity;
  const std::string guesses = "auth:factor:" + act.factor.str();
  const double wait = co_await tx.one<double>(kTake, guesses, kGuesses, kGuessesPerSecond);
  if (wait > 0) co_return false;
  const std::string secret = secret_of(identity.config, factor.secret);
  if (secret.empty()) co_return false;
  const auto step = totp::step_of(secret, act.text, core::unix_seconds(identity.clock.now()));
  if (!step) co_return false;
  const std::string once = "auth:totp:" + act.factor.str() + ":" + std::to_string(*step);
  const double one = 1;
  const double used = co_await tx.one<double>(kTake, once, one, kNeverRefills);
  co_return used <= 0;
}

// Returns nothing instead of throwing for a wrong code, so that the counted guess is committed.
Task<std::optional<Session>> verify_in(pg::Tx& tx, Act& act) {
  Identity& identity = *act.identity;
  const core::Time now = identity.clock.now();
  co_await acting_session(tx, act);
  const auto factor = co_await tx.maybe<Factor>(kFind, act.factor, act.who.user);
  if (!factor || factor->type != "totp") throw not_found();
  const auto challenge = co_await tx.maybe<ChallengeRow>(kFindChallenge, act.challenge, act.factor);
  if (!challenge) throw core::Problem(422, "identity.mfa_factor_not_found.challenge");
  if (challenge->used || now - challenge->created > kChallengeLifetime)
    throw core::Problem(422, "identity.mfa_challenge_expired", {{"challenge", act.challenge.str()}});
  if (!act.from.ip.empty() && client_network(challenge->ip) != client_network(act.from.ip))
    throw core::Problem(422, "identity.mfa_ip_address_mismatch");
  const bool right = co_await code_counts(tx, act, *factor);
  if (!right) {
    co_await audit(identity, tx, "verification_refused", act.who.user, act.from);
    co_return std::nullopt;
  }
  co_await tx.run(kUsed, act.challenge, now);
  if (!factor->verified) {
    co_await tx.run(kVerified, act.factor, now);
    co_await tx.run(kForgetOthers, act.who.user);
  }
  co_await audit(identity, tx, "verification_attempted", act.who.user, act.from);
  co_return co_await raise_session(identity, tx, act.who, act.factor, "totp", act.from);
}

Task<> drop(pg::Tx& tx, const Act& act) {
  const core::Time now = act.identity->clock.now();
  co_await tx.run(kLowerAmr, act.factor, act.who.user);
  co_await tx.run(kLower, act.factor, act.who.user, now);
  co_await tx.run(kDelete, act.factor, act.who.user);
}

Task<> unenroll_in(pg::Tx& tx, Act& act) {
  const SessionState session = co_await acting_session(tx, act);
  const auto factor = co_await tx.maybe<Factor>(kFind, act.factor, act.who.user);
  if (!factor) throw not_found();
  if (factor->verified && !session.second_factor) throw core::Problem(422, "identity.insufficient_aal.unenroll");
  co_await drop(tx, act);
  co_await audit(*act.identity, tx, "factor_unenrolled", act.who.user, act.from);
}

Task<bool> remove_in(pg::Tx& tx, Act& act) {
  const auto factor = co_await tx.maybe<Factor>(kFind, act.factor, act.who.user);
  if (!factor) co_return false;
  co_await drop(tx, act);
  co_await audit(*act.identity, tx, "factor_deleted", act.who.user, act.from);
  co_return true;
}

std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

}  // namespace

Task<Enrolled> enroll_totp(Identity& identity, Bearer who, std::string friendly_name, std::string issuer,
                           ClientInfo from) {
  if (friendly_name.size() > 200 || issuer.size() > 200)
    throw core::Problem(400, "identity.validation_failed.factor_name");
  if (issuer.empty()) issuer = host_of(identity.config.site_url);
  if (issuer.contains(':')) issuer = issuer.substr(0, issuer.find(':'));
  const std::string secret = core::random_bytes(kSecretBytes);
  Act act{&identity, who, core::Uuid::random(), {}, friendly_name, {}, std::move(from)};
  act.secret = std::string(kSealed) + core::base64url(encrypt_column(identity.config, "totp", secret));
  const User user = co_await identity.db.in(pg::as_service(kWhy), enroll_in, act);
  Enrolled out{act.factor, std::move(friendly_name), totp::base32(secret), {}, {}};
  out.uri = totp::uri(issuer, user.email.empty() ? user.id.str() : user.email, secret);
  out.qr_code_svg = qr_code_svg(out.uri);
  co_return out;
}

Task<Challenged> challenge_factor(Identity& identity, Bearer who, core::Uuid factor, ClientInfo from) {
  co_await enforce_rate_limit(identity, kMfaRate, from.ip, who.user.str());
  const Act act{&identity, who, factor, core::Uuid::random(), {}, {}, std::move(from)};
  const core::Time expires = identity.clock.now() + kChallengeLifetime;
  co_await identity.db.in(pg::as_service(kWhy), challenge_in, act);
  co_return Challenged{act.challenge, expires};
}

Task<Session> verify_factor(Identity& identity, Bearer who, core::Uuid factor, core::Uuid challenge, std::string code,
                            ClientInfo from) {
  co_await enforce_rate_limit(identity, kMfaRate, from.ip, who.user.str());
  const Act act{&identity, who, factor, challenge, std::move(code), {}, std::move(from)};
  const auto session = co_await identity.db.in(pg::as_service(kWhy), verify_in, act);
  if (!session) throw core::Problem(422, "identity.mfa_verification_failed");
  core::log::info("identity.factor.verified", {{"user", who.user}});
  co_return *session;
}

Task<> unenroll_factor(Identity& identity, Bearer who, core::Uuid factor, ClientInfo from) {
  const Act act{&identity, who, factor, {}, {}, {}, std::move(from)};
  co_await identity.db.in(pg::as_service(kWhy), unenroll_in, act);
  core::log::info("identity.factor.unenrolled", {{"user", who.user}});
}

Task<bool> remove_factor(Identity& identity, core::UserId user, core::Uuid factor, ClientInfo from) {
  const Act act{&identity, Bearer{user, std::nullopt}, factor, {}, {}, {}, std::move(from)};
  co_return co_await identity.db.in(pg::as_service("the caller holds the service key"), remove_in, act);
}

}  // namespace identity
