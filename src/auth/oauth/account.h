// The account of a person whom a provider vouches for: found by his identity there, joined by a verified address, or
// made.
#pragma once

#include "auth/oauth/person.h"
#include "auth/sessions/sessions.h"

namespace auth::oauth {

// Runs inside the caller's transaction. An address counts only when the provider has verified it: an account with a
// confirmed one gains the identity; one that nobody had confirmed is taken over clean, without the password and data
// that a stranger may have left there. Throws Problem: provider_email_needs_verification, signup_disabled, user_banned,
// or validation_failed without any address.
Task<core::UserId> account_of(Auth& auth, pg::Tx& tx, const Person& person, Origin from);

// The identity joins the account of a user who is signed in. Throws Problem 422 identity_already_exists, or 403 when he
// is gone or banned meanwhile.
Task<> link_to(Auth& auth, pg::Tx& tx, core::UserId user, const Person& person, Origin from);

}  // namespace auth::oauth
