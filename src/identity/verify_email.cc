#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/auth_email.h"
#include "identity/claim_address.h"
#include "identity/email_flow_state.h"
#include "identity/email_tokens.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"

namespace identity {
namespace {

// The token kinds that a GoTrue type may redeem. Magic links share the recovery token, as in GoTrue.
std::vector<std::string> kinds_of(std::string_view type) {
  if (type == "signup" || type == "invite") return {"confirmation_token"};
  if (type == "recovery" || type == "magiclink") return {"recovery_token"};
  if (type == "email") return {"confirmation_token", "recovery_token"};
  if (type == "email_change") return {"email_change_token_new", "email_change_token_current"};
  return {};
}

enum class Ends { in_session, in_code };

struct Attempt {
  Identity* identity;
  EmailProof proof;
  Ends ends = Ends::in_session;
  ClientInfo from;
};

struct Code {
  std::string value;
};
using Outcome = std::variant<Session, AwaitingOtherAddress, Code>;

enum class Change { none, half, done };

// With AUTH_SECURE_EMAIL_CHANGE the new address counts only after both addresses have confirmed.
Task<Change> change_email(Attempt& attempt, pg::Tx& tx, const User& user, const ConsumedToken& redeemed) {
  Identity& identity = *attempt.identity;
  const auto change = co_await email_change_of(tx, user.id);
  const bool is_new = redeemed.kind == "email_change_token_new";
  if (!change || (is_new && change->address != redeemed.address)) co_return Change::none;
  if (identity.config.secure_email_change && !user.email.empty() && change->confirmations == 0) {
    co_await record_one_confirmation(tx, user.id, identity.clock.now());
    co_return Change::half;
  }
  if (!is_new && !identity.config.secure_email_change) co_return Change::none;
  co_await finish_email_change(tx, user.id, identity.clock.now());
  co_await delete_email_tokens(tx, user.id);
  co_await audit(identity, tx, "user_modified", user.id, attempt.from);
  co_return Change::done;
}

Task<> confirm(Attempt& attempt, pg::Tx& tx, const User& user, const ConsumedToken& redeemed) {
  Identity& identity = *attempt.identity;
  const bool own_link = redeemed.kind == "confirmation_token";
  const Confirmed confirmed =
      co_await claim_address(identity, tx, user, own_link ? AddressProof::own_link : AddressProof::other_email);
  if (confirmed == Confirmed::now) co_await audit(identity, tx, "user_confirmed", user.id, attempt.from);
  else if (attempt.ends == Ends::in_session) co_await audit(identity, tx, "login", user.id, attempt.from);
}

// Returns nothing instead of throwing for a bad proof, so that the counted guess is committed.
Task<std::optional<Outcome>> redeem_in(pg::Tx& tx, Attempt& attempt) {
  Identity& identity = *attempt.identity;
  const EmailProof& proof = attempt.proof;
  const std::vector<std::string> kinds = kinds_of(proof.type);
  std::optional<ConsumedToken> redeemed;
  if (!proof.token.empty()) redeemed = co_await consume_link_token(identity, tx, proof.token, kinds);
  else redeemed = co_await consume_code(identity, tx, proof.email, proof.code, kinds);
  if (!redeemed) co_return std::nullopt;
  const auto user = co_await user_by_id(tx, redeemed->user);
  if (!user) co_return std::nullopt;
  // Thrown, so that the link still works when the ban is over.
  if (user->banned(identity.clock.now())) throw core::Problem(403, "identity.user_banned");
  if (redeemed->kind.starts_with("email_change")) {
    const Change change = co_await change_email(attempt, tx, *user, *redeemed);
    if (change == Change::none) co_return std::nullopt;
    if (change == Change::half) co_return AwaitingOtherAddress{};
  } else {
    co_await confirm(attempt, tx, *user, *redeemed);
  }
  if (attempt.ends == Ends::in_code) {
    std::string code = co_await issue_email_flow_code(tx, user->id, amr_method(proof.type), identity.clock.now());
    // Thrown, so that the link is not consumed by a response that leads nowhere.
    if (code.empty()) throw core::Problem(403, "identity.otp_expired");
    co_return Code{std::move(code)};
  }
  co_return co_await open_session(identity, tx, user->id, "otp", attempt.from);
}

Task<bool> link_lives_in(pg::Tx& tx, Attempt& attempt) {
  return is_link_token_valid(*attempt.identity, tx, attempt.proof.token, kinds_of(attempt.proof.type));
}

Task<Outcome> attempt_proof(Identity& identity, EmailProof proof, Ends ends, ClientInfo from) {
  if (kinds_of(proof.type).empty()) throw core::Problem(400, "identity.validation_failed.verification_type");
  if (proof.token.empty() && (proof.email.empty() || proof.code.empty()))
    throw core::Problem(400, "identity.validation_failed.verification_token");
  co_await enforce_rate_limit(identity, kVerifyRate, from.ip, proof.token.empty() ? proof.email : "");
  const bool by_link = !proof.token.empty();
  const Attempt attempt{&identity, std::move(proof), ends, std::move(from)};
  std::optional<Outcome> outcome;
  std::optional<core::Problem> refusal;
  try {
    outcome = co_await identity.db.in(pg::as_service("a mail's link or code is its own proof"), redeem_in, attempt);
    if (!outcome) refusal.emplace(403, by_link ? "identity.otp_expired" : "identity.otp_expired.code");
  } catch (const core::Problem& problem) {
    refusal = problem;
  }
  if (refusal) {
    co_await audit_refusal(identity, "verify_refused", refusal->code, std::nullopt, attempt.from);
    throw core::Problem(*refusal);
  }
  core::log::info("identity.account.verified");
  co_return std::move(*outcome);
}

}  // namespace

Task<EmailVerification> verify_email(Identity& identity, EmailProof proof, ClientInfo from) {
  Outcome outcome = co_await attempt_proof(identity, std::move(proof), Ends::in_session, std::move(from));
  if (auto* session = std::get_if<Session>(&outcome)) co_return std::move(*session);
  co_return AwaitingOtherAddress{};
}

Task<std::string> verify_email_for_code(Identity& identity, EmailProof proof, ClientInfo from) {
  Outcome outcome = co_await attempt_proof(identity, std::move(proof), Ends::in_code, std::move(from));
  if (auto* code = std::get_if<Code>(&outcome)) co_return std::move(code->value);
  co_return std::string();
}

Task<bool> is_link_valid(Identity& identity, std::string type, std::string token) {
  if (kinds_of(type).empty() || token.empty()) co_return false;
  const Attempt attempt{&identity, EmailProof{std::move(type), std::move(token), {}, {}}, Ends::in_session, {}};
  co_return co_await identity.db.in(pg::as_service("the page says beforehand whether a link still works"),
                                    link_lives_in, attempt);
}

}  // namespace identity
