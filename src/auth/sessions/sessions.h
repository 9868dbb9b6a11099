// auth.sessions, auth.refresh_tokens, auth.mfa_amr_claims: a session from sign-in to its end, and the rotation of its
// refresh tokens (spec/supabase-auth.md 7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/users/users.h"

namespace auth {

// Whence a call comes; kept with the session and in the audit log.
struct Origin {
  std::string ip;
  std::string agent;
  std::string device;  // the cookie by which a browser is known again; empty: none
};
Origin origin_of(const http::Request& rq);

// Who holds an access token of ours: its user and, unless it was made without one, its session.
struct Bearer {
  core::UserId user;
  std::optional<core::SessionId> session;
};

struct Session {
  core::SessionId id;
  core::UserId user;
  std::string refresh_token;
  std::string json;  // the wire's session: access_token, refresh_token, expires_in, expires_at, token_type, user
};

// A new session for a user who has shown who he is; `method` is the amr (password, otp, …).
Task<Session> open_session(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view method, Origin from);

// The bearer's session, locked, while it lives. Nothing when it has ended, or the token names none.
struct SessionState {
  bool second_factor = false;  // aal2
  core::Time began;
};
Task<std::optional<SessionState>> lock_session(Auth& auth, pg::Tx& tx, Bearer who);

// The same session after a second factor was shown: aal2, another amr, the next refresh token. The user's sessions that
// have shown none end. Throws Problem 403 session_not_found.
Task<Session> raise_session(Auth& auth, pg::Tx& tx, Bearer who, core::Uuid factor, std::string_view method,
                            Origin from);

// What became of a refresh token. Faults are values: what they revoke must be committed.
enum class RefreshFault { unknown, session_gone, expired, banned, reused, busy };
using Refreshed = std::variant<Session, RefreshFault>;
Task<Refreshed> refresh(Auth& auth, std::string token, Origin from);
[[noreturn]] void throw_refused(RefreshFault fault);  // the wire's Problem

enum class End { everywhere, here, others };
Task<> end_sessions(pg::Tx& tx, core::UserId user, std::optional<core::SessionId> current, End which);

// A session that lives, of a user who may sign in.
struct Live {
  std::string email;
  std::string role;
  bool has_factor = false;  // a verified second factor
};
enum class Standing { live, no_user, no_session, banned };
struct Checked {
  Standing standing = Standing::no_user;
  Live live;
};
// One trip. A token without session_id is judged by its user alone.
Task<Checked> check_session(Auth& auth, core::UserId user, std::optional<core::SessionId> session);

}  // namespace auth
