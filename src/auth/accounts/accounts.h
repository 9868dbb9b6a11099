// What a person can do with an account, below wire and pages alike. Each function is one use case, in the file of its
// name; what it refuses is a Problem with the wire's code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/sessions/sessions.h"

namespace auth {

// Where a mail's link leads: a page of this site that goes on to `next`, or, when `redirect_to` is set (judged by
// redirect_target), the wire's /auth/v1/verify, which ends there with the session in the fragment.
struct Landing {
  std::string next;
  std::string redirect_to;
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

// Proof that a mail was read: by its link's token, or by address and code.
struct Proof {
  std::string type;  // signup, email, recovery, magiclink
  std::string token;
  std::string email;
  std::string code;
};
Task<Session> redeem(Auth& auth, Proof proof, Origin from);                // redeem.cc
Task<bool> link_is_good(Auth& auth, std::string type, std::string token);  // redeem.cc: changes nothing
Task<Session> reset_password(Auth& auth, std::string token, std::string password, Origin from);  // recovery.cc

// Both are silent about unknown addresses.
Task<> request_recovery(Auth& auth, std::string email, Landing landing, Origin from);     // recovery.cc
Task<> resend_confirmation(Auth& auth, std::string email, Landing landing, Origin from);  // confirmation.cc

Task<> sign_out(Auth& auth, core::UserId user, std::optional<core::SessionId> session, End which,
                Origin from);  // sign_out.cc

// The signed-in user's own row. Both throw Problem 403 user_not_found when it is gone.
struct Changes {
  std::string email;     // empty: as it is
  std::string password;  // likewise
  std::string metadata;  // a JSON object to merge; empty: none
};
Task<User> own_account(Auth& auth, core::UserId user);                            // profile.cc
Task<User> change_account(Auth& auth, Bearer who, Changes changes, Origin from);  // profile.cc

// Pieces that several of them share, inside their transactions.
Task<> mail_confirmation(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view email, const Landing& landing);
Task<> welcome(Auth& auth, pg::Tx& tx, core::UserId user);  // credits and mail, once
std::string mail_link(const Config& config, std::string_view type, std::string_view token, const Landing& landing);

}  // namespace auth
