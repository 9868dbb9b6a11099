// tenon.recovery_codes: ten single-use codes that replace a lost second factor. The API does not offer them (404).
#pragma once

#include <string>
#include <vector>

#include "identity/sessions.h"

namespace identity {

// Returns ten new codes, which cannot be shown again, and invalidates the old ones. Throws Problem 403 insufficient_aal
// unless the session is aal2.
Task<std::vector<std::string>> renew_recovery_codes(Identity& identity, Bearer who, ClientInfo from);
Task<std::int64_t> recovery_codes_left(Identity& identity, core::UserId user);
// The session, now aal2. Throws Problem 422 mfa_verification_failed, 429.
Task<Session> use_recovery_code(Identity& identity, Bearer who, std::string code, ClientInfo from);

}  // namespace identity
