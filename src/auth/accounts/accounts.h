// What a person can do with an account, below wire and pages alike. Each function is one use case, in the file of its
// name; what it refuses is a Problem with the wire's code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/oauth/pkce.h"
#include "auth/sessions/sessions.h"

namespace auth {

// Where a mail's link leads: a page of this site that goes on to `next`, or, when `redirect_to` is set (judged by
// redirect_target), the wire's /auth/v1/verify, which ends there with the session in the fragment.
// With a challenge it ends there with a code instead, which its sender exchanges for the session.
struct Landing {
  std::string next;
  std::string redirect_to;
  Challenge challenge;
};

struct NewAccount {
  std::string email;
  std::string password;
  std::string metadata = "{}";
  std::string locale;  // of the page that was filled in: his mails speak it; empty: not known
  Landing landing;
  Origin from;
};
struct Pending {
  std::string user_json;  // of a real unconfirmed user, or fabricated when the address is taken
};
using SignedUp = std::variant<Pending, Session>;
Task<SignedUp> sign_up(Auth& auth, NewAccount account);  // sign_up.cc

Task<Session> sign_in(Auth& auth, std::string email, std::string password, Origin from);  // sign_in.cc

Task<Session> sign_in_anonymously(Auth& auth, std::string metadata, Origin from);              // anonymous.cc
Task<Session> exchange_code(Auth& auth, std::string code, std::string verifier, Origin from);  // exchange.cc

// Proof that a mail was read: by its link's token, or by address and code.
struct Proof {
  std::string type;  // signup, invite, email, recovery, magiclink, email_change
  std::string token;
  std::string email;
  std::string code;
};
struct HalfProven {};  // of an address change: the other address has to answer too
using Proven = std::variant<Session, HalfProven>;
Task<Proven> prove(Auth& auth, Proof proof, Origin from);    // redeem.cc
Task<Session> redeem(Auth& auth, Proof proof, Origin from);  // redeem.cc: prove, where half a proof is refused
// redeem.cc: the same for a link of a PKCE flow. A code for exchange_code; empty for half a proof.
Task<std::string> redeem_for_code(Auth& auth, Proof proof, Origin from);
Task<bool> link_is_good(Auth& auth, std::string type, std::string token);  // redeem.cc: changes nothing
// What became of a link: a used one has left no trace, one that a newer mail replaced neither.
enum class LinkState { good, expired, used };
Task<LinkState> link_state(Auth& auth, std::string type, std::string token);                     // link_state.cc
Task<Session> reset_password(Auth& auth, std::string token, std::string password, Origin from);  // recovery.cc

// Both are silent about unknown addresses.
Task<> request_recovery(Auth& auth, std::string email, Landing landing, Origin from);     // recovery.cc
Task<> resend_confirmation(Auth& auth, std::string email, Landing landing, Origin from);  // confirmation.cc

Task<> sign_out(Auth& auth, core::UserId user, std::optional<core::SessionId> session, End which,
                Origin from);  // sign_out.cc

// Silent about unknown addresses unless one may not be created and AUTH_HIDE_UNKNOWN is off (422 otp_disabled).
struct OtpAsk {
  std::string email;
  bool may_create = true;
  std::string metadata = "{}";
  Landing landing;
  Origin from;
};
Task<> request_otp(Auth& auth, OtpAsk ask);                                               // otp.cc
Task<> resend_email_change(Auth& auth, std::string email, Landing landing, Origin from);  // email_change.cc
Task<> request_reauthentication(Auth& auth, core::UserId user, Origin from);              // reauthentication.cc

// The signed-in user's own row. Both throw Problem 403 user_not_found when it is gone.
struct Changes {
  std::string email;     // empty: as it is
  std::string password;  // likewise
  std::string metadata;  // a JSON object to merge; empty: none
  std::string nonce;     // of the mail that request_reauthentication sent
  std::string current_password;
  Landing landing;  // of the mails of an address change
};
Task<User> own_account(Auth& auth, core::UserId user);                            // profile.cc
Task<User> change_account(Auth& auth, Bearer who, Changes changes, Origin from);  // profile.cc

// Throws Problem 422 identity_not_found or single_identity_not_deletable.
Task<> unlink(Auth& auth, core::UserId user, core::Uuid identity, Origin from);  // identities.cc

// Pieces that several of them share, inside their transactions.
struct Letter {
  core::UserId user;
  std::string address;     // where it goes
  std::string token_kind;  // auth.one_time_token_type
  std::string type;        // of the wire: signup, invite, magiclink, recovery, email_change
  std::string mail;        // the kind that mail/ writes
  Landing landing;
  std::string new_email;  // told in the letters of an address change
};
// letters.cc. Throws Problem 429 over_email_send_rate_limit when the instance has sent what it may.
Task<> send_letter(Auth& auth, pg::Tx& tx, const Letter& letter);
Task<> mail_confirmation(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view email, const Landing& landing);
Task<> mail_email_change(Auth& auth, pg::Tx& tx, const User& user, std::string_view address, const Landing& landing);
Task<> welcome(Auth& auth, pg::Tx& tx, core::UserId user);  // credits and mail, once
std::string mail_link(const Config& config, std::string_view type, std::string_view token, const Landing& landing);
// The amr and the flow's name of a wire type: email/signup, magiclink, …
std::string_view method_of(std::string_view type);

}  // namespace auth
