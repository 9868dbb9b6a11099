// CONTRACT. Who is asking: sign-up, sign-in, sessions, tokens, the wire /auth/v1, and the guard of every route. Owns
// schema auth; reads tenon.admins through tenon.is_admin. Start reading at routes.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth/provider.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/client.h"
#include "http/router.h"
#include "pg/pg.h"

namespace auth {

namespace oauth {
class Directory;
}

using core::Task;

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
  std::vector<oauth::Provider> providers;          // AUTH_GOOGLE_*, AUTH_GITHUB_*, AUTH_OIDC
  bool production = false;

  static Config from(core::Env& env);
  std::string issuer() const;       // <api_url>/auth/v1
  std::string cookie_name() const;  // sb-<first label of api_url's host>-auth-token
  bool secure() const;              // the site is https: Secure cookies with the __Host- prefix
};

// The module. One for each loop, as the Db it speaks through. Every use case takes it as its first argument.
struct Auth {
  Auth(core::Loop& loop, core::Offload& hashing, pg::Db& db, http::Client& client, core::Clock& clock, Config config);
  ~Auth();
  Auth(const Auth&) = delete;
  Auth& operator=(const Auth&) = delete;

  core::Loop& loop;
  core::Offload& hashing;
  pg::Db& db;
  core::Clock& clock;
  const Config config;
  oauth::Directory& directory() { return *directory_; }  // what providers publish

 private:
  std::unique_ptr<oauth::Directory> directory_;
};

// Answers "who may call" for every route (spec in http/router.h). Give it to http::Server.
class Guard final : public http::Identity {
 public:
  explicit Guard(Auth& auth) : auth_(auth) {}
  Task<std::optional<http::Response>> admit(http::Request& rq, http::Who who) override;

 private:
  Auth& auth_;
};

// /auth/v1/*, and the pages /login /signup /verify /logout /reset.
void mount(http::Router& router, Auth& auth);

// A legacy Supabase key: an HS256 token with `role` (anon or service_role) and no user, valid for ten years. The same
// secret gives the same key.
std::string make_api_key(std::string_view secret, std::string_view role);

// For seeds, tools and tests: the user of that address, made confirmed when there is none. No mail, no welcome credits.
// Throws Problem when address or password are not acceptable.
Task<core::UserId> create_user(Auth& auth, std::string email, std::string password);
Task<std::optional<core::UserId>> find_user(Auth& auth, std::string email);

// The address mails go to; nothing when there is no such user. Runs inside the caller's transaction (service role).
Task<std::optional<std::string>> email_of(pg::Tx& tx, core::UserId user);

// A live session for a user who has shown who he is, as GoTrue's session JSON {access_token, refresh_token, …}.
Task<std::string> sign_in_as(Auth& auth, core::UserId user, std::string_view method);
// Set-Cookie values that carry that session to a browser.
std::vector<std::string> session_cookies(const Auth& auth, const http::Request& rq, std::string_view session_json);

// Only a path of this site, judged as a browser parses it; `fallback` otherwise (spec/security.md 4.6).
std::string safe_next(std::string_view next, std::string_view fallback = "/app");

// For the wires at /auth/v1, /rest/v1 and /storage/v1: any origin, never with credentials.
http::Response preflight(const http::Request& rq);
void allow_any_origin(http::Response& response);

}  // namespace auth
