// tenon.recovery_codes: ten codes that stand in for a lost second factor, each good once. For the pages alone: the wire
// answers 404.
#pragma once

#include <string>
#include <vector>

#include "auth/sessions/sessions.h"

namespace auth {

// Ten fresh ones, told this once; those before are dead. Throws Problem 403 insufficient_aal unless the session showed
// its second factor.
Task<std::vector<std::string>> renew_recovery_codes(Auth& auth, Bearer who, Origin from);
Task<std::int64_t> recovery_codes_left(Auth& auth, core::UserId user);
// The session, now aal2. Throws Problem 422 mfa_verification_failed, 429.
Task<Session> use_recovery_code(Auth& auth, Bearer who, std::string code, Origin from);

}  // namespace auth
