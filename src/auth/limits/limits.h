// The rate limits of spec/supabase-auth.md 10, by client address and by account, kept in tenon.rate_buckets.
#pragma once

#include <string>
#include <string_view>

#include "auth/auth.h"

namespace auth {

// The kinds of calls that are counted, each with the bucket it has unless AUTH_RATE_LIMITS says otherwise.
struct Limit {
  std::string_view name;
  Rate rate;
  // An account's bucket is this many times a client's: guesses that come from many addresses have an end, and one
  // address alone cannot empty it.
  double of_account = 1;
};
inline constexpr Limit kRefreshRate{"refresh", {150, 150.0 / 300}};
inline constexpr Limit kVerifyRate{"verify", {30, 30.0 / 300}, 4};
inline constexpr Limit kRecoverRate{"recover", {30, 30.0 / 300}};    // recover, otp, magiclink, resend, reauthenticate
inline constexpr Limit kSignInRate{"sign_in", {30, 30.0 / 300}, 4};  // sign-up too
inline constexpr Limit kDeviceRate{"device", {30, 30.0 / 300}};      // sign-in from where the account is known
inline constexpr Limit kOauthRate{"oauth", {60, 60.0 / 300}};        // ways to a provider and back
inline constexpr Limit kAnonymousRate{"anonymous", {30, 30.0 / 3600}};
inline constexpr Limit kMfaRate{"mfa", {15, 15.0 / 60}};
inline constexpr Limit kMailRate{"mail", {30, 30.0 / 3600}};  // of the whole instance
inline constexpr const Limit* kLimits[] = {&kRefreshRate, &kVerifyRate,    &kRecoverRate, &kSignInRate, &kDeviceRate,
                                           &kOauthRate,   &kAnonymousRate, &kMfaRate,     &kMailRate};
bool is_rate(std::string_view name);

// What an address counts as: itself for IPv4 (also when mapped into IPv6), its /64 for IPv6, since one line of a
// provider has a whole /64 to choose from. Text that is no address stays as it is.
std::string client_network(std::string_view ip);

// Takes one token from the client's bucket and, when that had one and `account` is not empty, one from the account's:
// a client that is refused takes nothing from the owner. Throws Problem 429
// over_request_rate_limit with Retry-After. No-op when limits are off.
Task<> require_rate(Auth& auth, const Limit& limit, std::string_view client_ip, std::string_view account = "");

// What the buckets say, for who has another way in: seconds to wait, 0 where a token was taken.
struct RateTurn {
  double client = 0;
  double account = 0;
};
Task<RateTurn> take_rate(Auth& auth, const Limit& limit, std::string_view client_ip, std::string_view account);
// Throws what require_rate throws for that turn; nothing when both were had.
Task<> refuse_rate(Auth& auth, const Limit& limit, std::string_view client_ip, RateTurn turn);

// One mail a minute to an address and one of the instance's, whether somebody has the address or not: what is counted
// must not tell. Problem 429 over_email_send_rate_limit.
Task<> require_mail_rate(Auth& auth, std::string_view kind, std::string_view address);
// The same, where a second mail within the minute is left out instead: false, and nothing of the instance's is taken.
Task<bool> take_mail_turn(Auth& auth, std::string_view kind, std::string_view address);
// One of the instance's alone, for a letter that an administrator sends.
Task<> require_instance_mail(Auth& auth);

}  // namespace auth
