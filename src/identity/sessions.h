// auth.sessions, auth.refresh_tokens, auth.mfa_amr_claims: sessions from sign-in to sign-out, and the rotation of their
// refresh tokens (docs/spec/supabase-auth.md 7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/problem.h"
#include "identity/client_info.h"
#include "identity/users.h"

namespace identity {

// The holder of an access token: its user and, unless it was issued without one, its session.
struct Bearer {
  core::UserId user;
  std::optional<core::SessionId> session;
};

struct Session {
  core::SessionId id;
  core::UserId user;
  std::string refresh_token;
  std::string json;  // GoTrue's session object: access_token, refresh_token, expires_in, expires_at, token_type, user
};

// Opens a session for a user who has authenticated; `method` is the amr (password, otp, …).
Task<Session> open_session(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view method, ClientInfo from);

// Locks the bearer's session. Nothing when it has ended or the token names none.
struct SessionState {
  bool second_factor = false;  // aal2
  core::Time began;
};
Task<std::optional<SessionState>> lock_session(Identity& identity, pg::Tx& tx, Bearer who);

// Raises the session to aal2 after a second factor: another amr, the next refresh token. The user's aal1 sessions end.
// Throws Problem 403 session_not_found.
Task<Session> raise_session(Identity& identity, pg::Tx& tx, Bearer who, core::Uuid factor, std::string_view method,
                            ClientInfo from);

// The result of a refresh. Faults are returned, not thrown, so that the revocation they cause is committed.
enum class RefreshFault { unknown, session_gone, expired, banned, reused, busy };
using Refreshed = std::variant<Session, RefreshFault>;
Task<Refreshed> refresh(Identity& identity, std::string token, ClientInfo from);
core::Problem problem_of(RefreshFault fault);

enum class SignOutScope { global, local, others };
Task<> end_sessions(pg::Tx& tx, core::UserId user, std::optional<core::SessionId> current, SignOutScope which);

// A live session of a user who may sign in.
struct LiveSession {
  std::string email;
  std::string role;
  bool has_factor = false;  // a verified second factor
};
enum class SessionStatus { live, no_user, no_session, banned };
struct SessionCheck {
  SessionStatus status = SessionStatus::no_user;
  LiveSession live;
};
// One database trip. A token without session_id is checked by its user alone.
Task<SessionCheck> check_session(Identity& identity, core::UserId user, std::optional<core::SessionId> session);

}  // namespace identity
