// The user behind a provider's profile: found by the identity, linked by a verified address, or created.
#pragma once

#include "identity/sessions.h"
#include "oauth/provider_profile.h"

namespace oauth {

using core::Task;

// Runs inside the caller's transaction. An address counts only when the provider has verified it. A user who has that
// address gains the identity; if nobody had confirmed the address, the account is cleaned first (claim_address). Throws
// Problem: provider_email_needs_verification, signup_disabled, user_banned, or validation_failed without any address.
Task<core::UserId> find_or_create_user(identity::Identity& identity, pg::Tx& tx, const ProviderProfile& profile,
                                       identity::ClientInfo from);

// Links the identity to a signed-in user. Throws Problem 422 identity_already_exists, or 403 when the user has been
// deleted or banned meanwhile.
Task<> link_identity(identity::Identity& identity, pg::Tx& tx, core::UserId user, const ProviderProfile& profile,
                     identity::ClientInfo from);

}  // namespace oauth
