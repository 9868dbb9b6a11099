// Rate limits (docs/spec/supabase-auth.md 10): token buckets by client address and by account in tenon.rate_buckets.
#pragma once

#include <string>
#include <string_view>

#include "identity/identity.h"

namespace identity {

// The limited kinds of calls, each with its bucket unless AUTH_RATE_LIMITS overrides it.
struct Limit {
  std::string_view name;
  Rate rate;
  // An account's bucket is this many times a client's: it bounds guesses from many addresses, and no single address can
  // empty it.
  double of_account = 1;
};
inline constexpr Limit kRefreshRate{"refresh", {150, 150.0 / 300}};
inline constexpr Limit kVerifyRate{"verify", {30, 30.0 / 300}, 4};
inline constexpr Limit kRecoverRate{"recover", {30, 30.0 / 300}};    // recover, otp, magiclink, resend, reauthenticate
inline constexpr Limit kSignInRate{"sign_in", {30, 30.0 / 300}, 4};  // sign-up too
inline constexpr Limit kDeviceRate{"device", {30, 30.0 / 300}};      // sign-in from a device that the account knows
inline constexpr Limit kOauthRate{"oauth", {60, 60.0 / 300}};        // to a provider and back
inline constexpr Limit kAnonymousRate{"anonymous", {30, 30.0 / 3600}};
inline constexpr Limit kMfaRate{"mfa", {15, 15.0 / 60}};
// For the whole instance, each EmailPurpose apart. A network has a tenth of it; the outbox keeps the provider's rate.
inline constexpr Limit kMailRate{"mail", {600, 600.0 / 3600}};
inline constexpr const Limit* kLimits[] = {&kRefreshRate, &kVerifyRate,    &kRecoverRate, &kSignInRate, &kDeviceRate,
                                           &kOauthRate,   &kAnonymousRate, &kMfaRate,     &kMailRate};
bool is_rate_limit(std::string_view name);

// The network that a client address is counted as: itself for IPv4 (also when mapped into IPv6), its /64 for IPv6,
// since one subscriber has a whole /64. Text that is not an address stays as it is.
std::string client_network(std::string_view ip);

// Consumes a token from the client's bucket and, if it had one and `account` is not empty, one from the account's: a
// refused client takes nothing from the account. Throws Problem 429 over_request_rate_limit with Retry-After.
Task<> enforce_rate_limit(Identity& identity, const Limit& limit, std::string_view client_ip,
                          std::string_view account = "");

// The same without throwing: seconds to wait, 0 where a token was consumed.
struct RateDecision {
  double client = 0;
  double account = 0;
};
Task<RateDecision> try_consume(Identity& identity, const Limit& limit, std::string_view client_ip,
                               std::string_view account);
// Throws what require_rate throws for that turn; nothing when both were had.
Task<> throw_if_limited(Identity& identity, const Limit& limit, std::string_view client_ip, RateDecision decision);

// The purpose of an email. Each has its share of the instance's emails, so that strangers who sign up keep nobody
// from a reset, and neither keeps those who are signed in, or an administrator who invites.
enum class EmailPurpose { sign_up, recovery, signed_in, invitation };
EmailPurpose purpose_of(std::string_view email_kind);  // the kind that mail/ renders

// At most one email a minute to an address, the share of the client's network, and the instance's limit. The first two
// are counted for unknown addresses alike; of the instance's, only consume_instance_email_token takes, where an email
// is queued. So requests that send nothing use up nothing, and the answer reveals nothing. Throws Problem 429
// over_email_send_rate_limit.
Task<> enforce_email_rate_limit(Identity& identity, std::string_view kind, std::string_view address,
                                std::string_view client_ip);
// Returns false instead of throwing when an email went to the address within the minute.
Task<bool> try_consume_email_token(Identity& identity, std::string_view kind, std::string_view address,
                                   std::string_view client_ip);
// The instance's limit alone, for emails that an administrator sends.
Task<> enforce_instance_email_limit(Identity& identity, EmailPurpose purpose);
// In the transaction that queues the email. Never refuses: requests at the same instant may pass the limit by a few.
Task<> consume_instance_email_token(Identity& identity, pg::Tx& tx, EmailPurpose purpose);

}  // namespace identity
