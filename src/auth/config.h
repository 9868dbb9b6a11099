// What the environment decides about auth. Part of the contract of auth.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "auth/keys/keys.h"
#include "auth/oauth/provider.h"
#include "core/env.h"

namespace auth {

// A bucket of `burst` tokens that fills at `per_second`.
struct Rate {
  double burst = 0;
  double per_second = 0;
};

struct Config {
  enum class Hash { argon2id, bcrypt };
  enum class Limits { enforced, off };
  core::Secret jwt_secret;                         // JWT_SECRET; drawn at random outside production when absent
  core::Secret anon_key;                           // SUPABASE_ANON_KEY; made from the secret when absent
  core::Secret service_key;                        // SUPABASE_SERVICE_ROLE_KEY; likewise
  core::Secret notify_secret;                      // INTERNAL_NOTIFY_SECRET; when absent no internal call is admitted
  std::string site_url = "http://localhost:3000";  // APP_BASE_URL: what links and redirects start with
  std::string api_url = "http://localhost:3000";   // SUPABASE_URL, else APP_BASE_URL: issuer and cookie name
  std::vector<std::string> redirects;              // AUTH_REDIRECT_URLS: globs, comma separated
  bool autoconfirm = false;                        // AUTH_AUTOCONFIRM
  bool signup_open = true;                         // AUTH_DISABLE_SIGNUP=true closes it
  bool browser_cookie = false;                     // AUTH_BROWSER_COOKIE: scripts may read the session cookie
  Hash hash = Hash::argon2id;                      // AUTH_PASSWORD_HASH
  Limits limits = Limits::enforced;                // TENON_RATE_LIMITS=off, development only
  int welcome_credits = 0;                         // WELCOME_CREDITS, once per confirmed self sign-up
  std::int64_t access_seconds = 3600;              // AUTH_ACCESS_TOKEN_SECONDS
  std::int64_t otp_seconds = 3600;                 // AUTH_OTP_SECONDS: codes and links of mails

  bool anonymous = false;                    // AUTH_ANONYMOUS: sign-in without any address
  bool secure_email_change = true;           // AUTH_SECURE_EMAIL_CHANGE: old and new address both confirm
  bool reauthenticate = false;               // AUTH_REAUTHENTICATE: a new password in an old session asks for a code
  bool hide_unknown = false;                 // AUTH_HIDE_UNKNOWN: /otp with create_user=false never tells
  bool manual_linking = false;               // AUTH_MANUAL_LINKING: users join and part identities themselves
  std::string breached_passwords;            // AUTH_BREACHED_PASSWORDS: a file of SHA-1 hashes, sorted
  std::map<std::string, Rate> rates;         // AUTH_RATE_LIMITS: what differs from limits.h
  std::vector<oauth::Provider> providers;    // AUTH_GOOGLE_*, AUTH_GITHUB_*, AUTH_OIDC
  bool production = false;                   // TENON_ENV: providers are spoken to by https alone
  std::vector<jwt::PublicKey> trusted_keys;  // AUTH_JWKS: public keys of another issuer that count as ours

  // What an answer that tells nothing by its time takes, or a multiple of it; far above what its work takes.
  std::chrono::milliseconds even_step{250};

  static Config from(core::Env& env);
  std::string issuer() const;       // <api_url>/auth/v1
  std::string cookie_name() const;  // sb-<first label of api_url's host>-auth-token
  bool secure() const;              // the site is https: Secure cookies with the __Host- prefix
};

}  // namespace auth
