// The use cases of a user's own account; the API and the pages call the same functions. Each is one use case, in the
// file of its name, and refuses by throwing a Problem with GoTrue's error code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "identity/pkce.h"
#include "identity/sessions.h"

namespace identity {

// Where the link in an email leads: to a page of this site that continues to `next`, or, when `redirect_to` is set
// (checked by access/redirect_allowlist.h), to /auth/v1/verify, which redirects there with the session in the fragment.
// With a PKCE challenge it redirects with a code instead, which the client exchanges for the session.
struct EmailLinkTarget {
  std::string next;
  std::string redirect_to;
  Challenge challenge;
};

struct NewAccount {
  std::string email;
  std::string password;
  std::string metadata = "{}";
  std::string locale;  // of the page they signed up on, for their emails; empty: unknown
  EmailLinkTarget link_target;
  ClientInfo from;
};
struct Pending {
  std::string user_json;  // of a real unconfirmed user, or fabricated when the address is taken
};
using SignedUp = std::variant<Pending, Session>;
Task<SignedUp> sign_up(Identity& identity, NewAccount account);

Task<Session> sign_in(Identity& identity, std::string email, std::string password, ClientInfo from);
Task<Session> sign_in_anonymously(Identity& identity, std::string metadata, ClientInfo from);
// The session for an auth code and its PKCE verifier.
Task<Session> exchange_code(Identity& identity, std::string code, std::string verifier, ClientInfo from);

// Proof that the user read an email: its link's token, or its address and code.
struct EmailProof {
  std::string type;  // signup, invite, email, recovery, magiclink, email_change
  std::string token;
  std::string email;
  std::string code;
};
struct AwaitingOtherAddress {};  // an email change that the other address has to confirm as well
using EmailVerification = std::variant<Session, AwaitingOtherAddress>;
Task<EmailVerification> verify_email(Identity& identity, EmailProof proof, ClientInfo from);
// For links of a PKCE flow: a code for exchange_code; empty while the other address has to confirm as well.
Task<std::string> verify_email_for_code(Identity& identity, EmailProof proof, ClientInfo from);  // verify_email.cc
// True when verify_email would accept the link; changes nothing.
Task<bool> is_link_valid(Identity& identity, std::string type, std::string token);  // verify_email.cc
// Why a link no longer works. A used link and one that a newer email replaced look the same: neither leaves a trace.
enum class LinkState { good, expired, used };
Task<LinkState> link_state(Identity& identity, std::string type, std::string token);
Task<Session> reset_password(Identity& identity, std::string token, std::string password, ClientInfo from);

// None of these reveals whether the address is known.
Task<> request_recovery(Identity& identity, std::string email, EmailLinkTarget link_target,
                        ClientInfo from);  // reset_password.cc
Task<> resend_confirmation(Identity& identity, std::string email, EmailLinkTarget link_target, ClientInfo from);
Task<> resend_email_change(Identity& identity, std::string email, EmailLinkTarget link_target, ClientInfo from);

Task<> sign_out(Identity& identity, core::UserId user, std::optional<core::SessionId> session, SignOutScope which,
                ClientInfo from);

// Reveals an unknown address only if no user may be created and AUTH_HIDE_UNKNOWN is off (422 otp_disabled).
struct OtpRequest {
  std::string email;
  bool may_create = true;
  std::string metadata = "{}";
  EmailLinkTarget link_target;
  ClientInfo from;
};
Task<> request_otp(Identity& identity, OtpRequest ask);
// Emails a code that update_user accepts as `nonce`.
Task<> request_reauthentication(Identity& identity, core::UserId user, ClientInfo from);

// The signed-in user's own row. Both throw Problem 403 user_not_found when it is gone.
struct UserChanges {
  std::string email;     // empty: unchanged
  std::string password;  // empty: unchanged
  std::string metadata;  // a JSON object to merge; empty: unchanged
  std::string nonce;     // from request_reauthentication's email
  std::string current_password;
  EmailLinkTarget link_target;  // of the emails about a new address
};
Task<User> get_user(Identity& identity, core::UserId user);  // update_user.cc
Task<User> update_user(Identity& identity, Bearer who, UserChanges changes, ClientInfo from);

// Throws Problem 422 identity_not_found or single_identity_not_deletable.
Task<> unlink_identity(Identity& identity, core::UserId user, core::Uuid identity_id, ClientInfo from);

}  // namespace identity
