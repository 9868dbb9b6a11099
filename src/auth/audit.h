// auth.audit_log_entries: one row for each event, in the transaction that caused it, and for what was refused.
#pragma once

#include <optional>
#include <string_view>

#include "auth/sessions/sessions.h"

namespace auth {

// What was refused, with the code that the caller got. Written by itself, since the cause's transaction is rolled back
// or there was none. An attacker does not fill the table: a client's network has 20 such rows an hour for each action
// and the instance 600; beyond that the log alone tells.
Task<> audit_refused(Auth& auth, std::string_view action, std::string_view code, std::optional<core::UserId> actor,
                     const Origin& from);

// `action` in GoTrue's words: user_signedup, login, logout, token_refreshed, user_deleted, …
Task<> audit(Auth& auth, pg::Tx& tx, std::string_view action, std::optional<core::UserId> actor, const Origin& from);

}  // namespace auth
