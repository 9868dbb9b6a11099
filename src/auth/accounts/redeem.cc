#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/tokens/one_time.h"
#include "core/log.h"

namespace auth {
namespace {

constexpr const char* kByLink = "Email link is invalid or has expired";
constexpr const char* kByCode = "Token has expired or is invalid";

// Which rows a type of the wire may redeem. Magic links share the recovery row, as GoTrue has it.
std::vector<std::string> kinds_of(std::string_view type) {
  if (type == "signup") return {"confirmation_token"};
  if (type == "recovery" || type == "magiclink") return {"recovery_token"};
  if (type == "email") return {"confirmation_token", "recovery_token"};
  return {};
}

struct Attempt {
  Auth* auth;
  Proof proof;
  Origin from;
};

// Nothing when the proof is no good: the guess is counted, so the transaction must commit.
Task<std::optional<Session>> redeem_in(pg::Tx& tx, Attempt& attempt) {
  Auth& auth = *attempt.auth;
  const Proof& proof = attempt.proof;
  const std::vector<std::string> kinds = kinds_of(proof.type);
  std::optional<Redeemed> redeemed;
  if (!proof.token.empty()) redeemed = co_await redeem_link(auth, tx, proof.token, kinds);
  else redeemed = co_await redeem_code(auth, tx, proof.email, proof.code, kinds);
  if (!redeemed) co_return std::nullopt;
  const auto user = co_await user_by_id(tx, redeemed->user);
  if (!user || user->banned(auth.clock.now())) co_return std::nullopt;
  const Confirmed confirmed = co_await confirm_email(tx, user->id, auth.clock.now());
  // Only a self sign-up has had a confirmation sent; one that an administrator made has not.
  if (confirmed == Confirmed::now && user->confirmation_sent_at) co_await welcome(auth, tx, user->id);
  Session session = co_await open_session(auth, tx, user->id, "otp", attempt.from);
  co_await audit(auth, tx, confirmed == Confirmed::now ? "user_confirmed" : "login", user->id, attempt.from);
  co_return session;
}

Task<bool> link_lives_in(pg::Tx& tx, Attempt& attempt) {
  return link_lives(*attempt.auth, tx, attempt.proof.token, kinds_of(attempt.proof.type));
}

}  // namespace

Task<Session> redeem(Auth& auth, Proof proof, Origin from) {
  if (kinds_of(proof.type).empty()) throw core::Problem(400, "validation_failed", "Invalid email verification type");
  if (proof.token.empty() && (proof.email.empty() || proof.code.empty()))
    throw core::Problem(400, "validation_failed", "Verify requires a token or a token hash");
  co_await require_rate(auth, kVerifyRate, from.ip, proof.token.empty() ? proof.email : "");
  const bool by_link = !proof.token.empty();
  const Attempt attempt{&auth, std::move(proof), std::move(from)};
  const auto session =
      co_await auth.db.in(pg::as_service("a mail's link or code is its own proof"), redeem_in, attempt);
  if (!session) throw core::Problem(403, "otp_expired", by_link ? kByLink : kByCode);
  core::log::info("auth.account.verified", {{"user", session->user}, {"session", session->id}});
  co_return *session;
}

Task<bool> link_is_good(Auth& auth, std::string type, std::string token) {
  if (kinds_of(type).empty() || token.empty()) co_return false;
  const Attempt attempt{&auth, Proof{std::move(type), std::move(token), {}, {}}, {}};
  co_return co_await auth.db.in(pg::as_service("the page says beforehand whether a link still works"), link_lives_in,
                                attempt);
}

}  // namespace auth
