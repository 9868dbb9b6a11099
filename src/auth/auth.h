// CONTRACT. Who is asking: sign-up, sign-in, sessions, tokens, the wire /auth/v1, and the guard of every route. Owns
// schema auth; reads tenon.admins through tenon.is_admin. Start reading at routes.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/config.h"
#include "core/clock.h"
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
class Keyring;

// The module. One for each loop, as the Db it speaks through. Every use case takes it as its first argument.
struct Auth {
  Auth(core::Loop& loop, core::BlockingPool& hashing, pg::Db& db, http::Client& client, core::Clock& clock,
       Config config);
  ~Auth();
  Auth(const Auth&) = delete;
  Auth& operator=(const Auth&) = delete;

  core::Loop& loop;
  core::BlockingPool& hashing;
  pg::Db& db;
  core::Clock& clock;
  const Config config;
  Keyring& keyring() { return *keyring_; }  // what tokens and API keys are held against
  const Keyring& keyring() const { return *keyring_; }
  oauth::Directory& directory() { return *directory_; }  // what providers publish

 private:
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<oauth::Directory> directory_;
};

// What else a page wants to know of the person of a session, asked while the session is looked up, so that it costs no
// trip of its own. It may fill the request; a failure is logged and refuses nobody, and what takes longer than the
// session and a quarter of a second is cancelled and left out.
using Beside = std::function<Task<>(http::Request&, core::UserId)>;

// Answers "who may call" for every route (spec in http/router.h). Give it to http::Server.
class Guard final : public http::AccessControl {
 public:
  explicit Guard(Auth& auth, Beside beside = {}) : auth_(auth), beside_(std::move(beside)) {}
  Task<std::optional<http::Response>> admit(http::Request& rq, http::Access access) override;

 private:
  Auth& auth_;
  const Beside beside_;
};

// /auth/v1/*, and the pages /login /signup /verify /logout /reset.
void mount(http::Router& router, Auth& auth);

// A legacy Supabase key: an HS256 token with `role` (anon or service_role) and no user, valid for ten years. The same
// secret gives the same key.
std::string make_api_key(std::string_view secret, std::string_view role);

// For `tenon keys`. Rotation: the key that signs retires (its tokens verify until they end), the one that was already
// published signs, and a new one is published. The first rotation goes from HS256 to ES256.
struct SigningKeyInfo {
  std::string kid, alg, state;
  core::Time created;
};
Task<> rotate_signing_keys(Auth& auth);
Task<std::vector<SigningKeyInfo>> signing_keys(Auth& auth);
enum class ApiKeyKind { publishable, secret };
struct ApiKeyInfo {
  std::string id, kind, name, prefix;
  core::Time created;
  bool revoked;
};
Task<std::string> create_api_key(Auth& auth, ApiKeyKind kind, std::string name);  // told once: only its hash is kept
Task<std::vector<ApiKeyInfo>> api_keys(Auth& auth);
Task<bool> revoke_api_key(Auth& auth, std::string id_or_prefix);

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

// A Problem in the error object of /auth/v1, where the server refuses before or beside its handlers.
http::Response wire_problem(const http::Request& rq, const core::Problem& problem);

// For the wires at /auth/v1, /rest/v1 and /storage/v1: any origin, never with credentials.
http::Response preflight(const http::Request& rq);
void allow_any_origin(http::Response& response);

}  // namespace auth
