// auth.one_time_tokens: what the links and codes of mails prove. The link carries 28 random bytes of which only the
// hash is kept; the six digits follow from that hash and the server's secret, so neither can be read from the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/users/users.h"

namespace auth {

struct OneTime {
  std::string id;     // the row's, also the mail's entity
  std::string token;  // for the link, hex
  std::string code;   // six digits, for typing
};

// `kind` is auth.one_time_token_type: confirmation_token, recovery_token, … A new one replaces the one before.
// `email` is the address it is mailed to. With Pkce::yes the link ends in an auth code for whoever has the verifier.
enum class Pkce { no, yes };
inline constexpr std::string_view kPkcePrefix = "pkce_";
Task<OneTime> issue_one_time(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view kind, std::string_view email,
                             Pkce pkce = Pkce::no);

struct Redeemed {
  core::UserId user;
  std::string kind;
  std::string address;  // that it was mailed to
};
// The token's row is deleted: it is good once. Nothing when unknown, of another kind, expired or used.
Task<std::optional<Redeemed>> redeem_link(Auth& auth, pg::Tx& tx, std::string token, std::vector<std::string> kinds);
// Ten guesses, right or wrong, then the code is dead; the link still lives. The count commits with the transaction.
Task<std::optional<Redeemed>> redeem_code(Auth& auth, pg::Tx& tx, std::string email, std::string code,
                                          std::vector<std::string> kinds);
// True when redeem_link would succeed; changes nothing.
Task<bool> link_lives(Auth& auth, pg::Tx& tx, std::string token, std::vector<std::string> kinds);
Task<> drop_one_time(pg::Tx& tx, core::UserId user);  // all of them
Task<> drop_one_time(pg::Tx& tx, core::UserId user, std::vector<std::string> kinds);

}  // namespace auth
