// auth.audit_log_entries: one row for each event, in the transaction that caused it, and for each refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/client_info.h"
#include "identity/identity.h"

namespace identity {

// `action` in GoTrue's words: user_signedup, login, logout, token_refreshed, user_deleted, …
Task<> audit(Identity& identity, pg::Tx& tx, std::string_view action, std::optional<core::UserId> actor,
             const ClientInfo& from);

// Records a refusal with the code that the caller received, in a transaction of its own, since the one that failed was
// rolled back. An attacker cannot fill the table: a client's network may add 20 such rows an hour per action, the whole
// instance 600; beyond that only the log has them.
Task<> audit_refusal(Identity& identity, std::string_view action, std::string_view code,
                     std::optional<core::UserId> actor, const ClientInfo& from);

struct AuditEntry {
  std::string id;
  pg::Json payload;
  core::Time at;
  std::string ip;
};
Task<std::vector<AuditEntry>> audit_entries(Identity& identity, std::int64_t limit,
                                            std::int64_t offset);  // newest first

}  // namespace identity
