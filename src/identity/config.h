// Settings of identity. Part of the interface in identity.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/env.h"
#include "identity/key_set.h"

namespace identity {

// A token bucket that holds `burst` tokens and refills at `per_second`.
struct Rate {
  double burst = 0;
  double per_second = 0;
};

struct Config {
  enum class Hash { argon2id, bcrypt };
  enum class Limits { enforced, off };

  // Keys and tokens
  core::Secret jwt_secret;                   // JWT_SECRET; random outside production when absent
  core::Secret anon_key;                     // SUPABASE_ANON_KEY; derived from the secret when absent
  core::Secret service_key;                  // SUPABASE_SERVICE_ROLE_KEY; likewise
  std::vector<jwt::PublicKey> trusted_keys;  // AUTH_JWKS: public keys of another issuer whose tokens are accepted
  std::int64_t access_seconds = 3600;        // AUTH_ACCESS_TOKEN_SECONDS
  std::int64_t otp_seconds = 3600;           // AUTH_OTP_SECONDS: lifetime of emailed codes and links

  // Where links in emails lead
  std::string site_url = "http://localhost:3000";  // APP_BASE_URL
  std::string api_url = "http://localhost:3000";   // SUPABASE_URL, else APP_BASE_URL; also the issuer

  // Sign-up and sign-in
  bool autoconfirm = false;         // AUTH_AUTOCONFIRM: addresses need no confirmation
  bool signup_open = true;          // AUTH_DISABLE_SIGNUP=true closes it
  bool anonymous = false;           // AUTH_ANONYMOUS: sign-in without an address
  bool hide_unknown = false;        // AUTH_HIDE_UNKNOWN: /otp with create_user=false does not reveal unknown addresses
  bool secure_email_change = true;  // AUTH_SECURE_EMAIL_CHANGE: the old and the new address both confirm
  bool reauthenticate = false;      // AUTH_REAUTHENTICATE: a password change in an old session needs an emailed code
  int welcome_credits = 0;          // WELCOME_CREDITS, once per confirmed self sign-up

  // Passwords
  Hash hash = Hash::argon2id;      // AUTH_PASSWORD_HASH
  std::string breached_passwords;  // AUTH_BREACHED_PASSWORDS: a sorted file of SHA-1 hashes

  // Rate limits
  Limits limits = Limits::enforced;   // TENON_RATE_LIMITS=off, development only
  std::map<std::string, Rate> rates;  // AUTH_RATE_LIMITS: overrides of rate_limits.h

  // Answers that must not leak anything through their timing take this long, or a multiple of it.
  std::chrono::milliseconds response_step{250};

  static Config from(core::Env& env);
  std::string issuer() const;  // <api_url>/auth/v1
};

}  // namespace identity
