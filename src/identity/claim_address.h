// The rule against account takeover: whoever proves an address gets it without what a stranger may have left there
// before anybody had proved it. Also the one place that decides who receives welcome credits.
#pragma once

#include "identity/users.h"

namespace identity {

// Signed up by someone who has not confirmed the address, so password and metadata may be a stranger's.
bool has_unverified_owner(const User& user);
// An invitation that has not been accepted: metadata and link come from an administrator, and there is no password.
bool has_pending_invitation(const User& user);

// How the address was proved: by the link of the sign-up itself, by another email (recovery, magic link), or by a
// provider that has verified it.
enum class AddressProof { own_link, other_email, provider };

// Confirms the address. Unless the sign-up's own link proved it, removes what an unverified owner left: password and
// metadata, and for a provider also the email identity, outstanding links and sessions. Welcomes a user who signed up
// themselves, once; users whom an administrator created or invited receive no welcome credits.
Task<Confirmed> claim_address(Identity& identity, pg::Tx& tx, const User& user, AddressProof proof);

// Removes password and metadata of a user whose address nobody has confirmed.
Task<> discard_unverified(pg::Tx& tx, core::UserId user, core::Time now);

// Welcome credits and the welcome email.
Task<> send_welcome(Identity& identity, pg::Tx& tx, core::UserId user);

}  // namespace identity
