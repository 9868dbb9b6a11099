// auth.audit_log_entries: one row for each event, in the transaction that caused it.
#pragma once

#include <optional>
#include <string_view>

#include "auth/sessions/sessions.h"

namespace auth {

// `action` in GoTrue's words: user_signedup, login, logout, token_refreshed, user_deleted, …
Task<> audit(Auth& auth, pg::Tx& tx, std::string_view action, std::optional<core::UserId> actor, const Origin& from);

}  // namespace auth
