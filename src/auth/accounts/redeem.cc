#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/tokens/flow.h"
#include "auth/tokens/one_time.h"
#include "auth/users/changes.h"
#include "core/log.h"

namespace auth {
namespace {

constexpr const char* kByLink = "Email link is invalid or has expired";
constexpr const char* kByCode = "Token has expired or is invalid";

// Which rows a type of the wire may redeem. Magic links share the recovery row, as GoTrue has it.
std::vector<std::string> kinds_of(std::string_view type) {
  if (type == "signup" || type == "invite") return {"confirmation_token"};
  if (type == "recovery" || type == "magiclink") return {"recovery_token"};
  if (type == "email") return {"confirmation_token", "recovery_token"};
  if (type == "email_change") return {"email_change_token_new", "email_change_token_current"};
  return {};
}

enum class Ends { in_session, in_code };

struct Attempt {
  Auth* auth;
  Proof proof;
  Ends ends = Ends::in_session;
  Origin from;
};

struct Code {
  std::string value;
};
using Outcome = std::variant<Session, HalfProven, Code>;

enum class Change { none, half, done };

// Both addresses answer before the new one counts, when there are two and the configuration wants both.
Task<Change> change_email(Attempt& attempt, pg::Tx& tx, const User& user, const Redeemed& redeemed) {
  Auth& auth = *attempt.auth;
  const auto change = co_await email_change_of(tx, user.id);
  const bool is_new = redeemed.kind == "email_change_token_new";
  if (!change || (is_new && change->address != redeemed.address)) co_return Change::none;
  if (auth.config.secure_email_change && !user.email.empty() && change->proven == 0) {
    co_await prove_half(tx, user.id, auth.clock.now());
    co_return Change::half;
  }
  if (!is_new && !auth.config.secure_email_change) co_return Change::none;
  co_await finish_email_change(tx, user.id, auth.clock.now());
  co_await drop_one_time(tx, user.id);
  co_await audit(auth, tx, "user_modified", user.id, attempt.from);
  co_return Change::done;
}

Task<> confirm(Attempt& attempt, pg::Tx& tx, const User& user, const Redeemed& redeemed) {
  Auth& auth = *attempt.auth;
  const core::Time now = auth.clock.now();
  // An address that something else than its sign-up's own link confirms may have been signed up by a stranger: what he
  // left there goes.
  if (redeemed.kind != "confirmation_token" && may_be_a_strangers(user)) co_await clear_password(tx, user.id, now);
  const Confirmed confirmed = co_await confirm_email(tx, user.id, now);
  // Only a self sign-up has had a confirmation sent; one that an administrator made has not.
  if (confirmed == Confirmed::now && user.confirmation_sent_at && !was_invited(user))
    co_await welcome(auth, tx, user.id);
  if (confirmed == Confirmed::now) co_await audit(auth, tx, "user_confirmed", user.id, attempt.from);
  else if (attempt.ends == Ends::in_session) co_await audit(auth, tx, "login", user.id, attempt.from);
}

// Nothing when the proof is no good: the guess is counted, so the transaction must commit.
Task<std::optional<Outcome>> redeem_in(pg::Tx& tx, Attempt& attempt) {
  Auth& auth = *attempt.auth;
  const Proof& proof = attempt.proof;
  const std::vector<std::string> kinds = kinds_of(proof.type);
  std::optional<Redeemed> redeemed;
  if (!proof.token.empty()) redeemed = co_await redeem_link(auth, tx, proof.token, kinds);
  else redeemed = co_await redeem_code(auth, tx, proof.email, proof.code, kinds);
  if (!redeemed) co_return std::nullopt;
  const auto user = co_await user_by_id(tx, redeemed->user);
  if (!user) co_return std::nullopt;
  // Thrown, so that the link is still good when the ban is over.
  if (user->banned(auth.clock.now())) throw core::Problem(403, "user_banned", "User is banned");
  if (redeemed->kind.starts_with("email_change")) {
    const Change change = co_await change_email(attempt, tx, *user, *redeemed);
    if (change == Change::none) co_return std::nullopt;
    if (change == Change::half) co_return HalfProven{};
  } else {
    co_await confirm(attempt, tx, *user, *redeemed);
  }
  if (attempt.ends == Ends::in_code) {
    std::string code = co_await issue_mail_code(tx, user->id, method_of(proof.type), auth.clock.now());
    // Thrown, so that the link is not used up by an answer that leads nowhere.
    if (code.empty()) throw core::Problem(403, "otp_expired", kByLink);
    co_return Code{std::move(code)};
  }
  co_return co_await open_session(auth, tx, user->id, "otp", attempt.from);
}

Task<bool> link_lives_in(pg::Tx& tx, Attempt& attempt) {
  return link_lives(*attempt.auth, tx, attempt.proof.token, kinds_of(attempt.proof.type));
}

Task<Outcome> attempt_proof(Auth& auth, Proof proof, Ends ends, Origin from) {
  if (kinds_of(proof.type).empty()) throw core::Problem(400, "validation_failed", "Invalid email verification type");
  if (proof.token.empty() && (proof.email.empty() || proof.code.empty()))
    throw core::Problem(400, "validation_failed", "Verify requires a token or a token hash");
  co_await require_rate(auth, kVerifyRate, from.ip, proof.token.empty() ? proof.email : "");
  const bool by_link = !proof.token.empty();
  const Attempt attempt{&auth, std::move(proof), ends, std::move(from)};
  std::optional<Outcome> outcome;
  std::optional<core::Problem> refusal;
  try {
    outcome = co_await auth.db.in(pg::as_service("a mail's link or code is its own proof"), redeem_in, attempt);
    if (!outcome) refusal.emplace(403, "otp_expired", by_link ? kByLink : kByCode);
  } catch (const core::Problem& problem) {
    refusal = problem;
  }
  if (refusal) {
    co_await audit_refused(auth, "verify_refused", refusal->code, std::nullopt, attempt.from);
    throw core::Problem(*refusal);
  }
  core::log::info("auth.account.verified");
  co_return std::move(*outcome);
}

}  // namespace

Task<Proven> prove(Auth& auth, Proof proof, Origin from) {
  Outcome outcome = co_await attempt_proof(auth, std::move(proof), Ends::in_session, std::move(from));
  if (auto* session = std::get_if<Session>(&outcome)) co_return std::move(*session);
  co_return HalfProven{};
}

Task<Session> redeem(Auth& auth, Proof proof, Origin from) {
  Proven proven = co_await prove(auth, std::move(proof), std::move(from));
  if (auto* session = std::get_if<Session>(&proven)) co_return std::move(*session);
  throw core::Problem(403, "otp_expired", kByLink);
}

Task<std::string> redeem_for_code(Auth& auth, Proof proof, Origin from) {
  Outcome outcome = co_await attempt_proof(auth, std::move(proof), Ends::in_code, std::move(from));
  if (auto* code = std::get_if<Code>(&outcome)) co_return std::move(code->value);
  co_return std::string();
}

Task<bool> link_is_good(Auth& auth, std::string type, std::string token) {
  if (kinds_of(type).empty() || token.empty()) co_return false;
  const Attempt attempt{&auth, Proof{std::move(type), std::move(token), {}, {}}, Ends::in_session, {}};
  co_return co_await auth.db.in(pg::as_service("the page says beforehand whether a link still works"), link_lives_in,
                                attempt);
}

}  // namespace auth
