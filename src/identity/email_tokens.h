// auth.one_time_tokens: the links and codes in emails. A link carries 28 random bytes of which only the hash is stored;
// the six digits are derived from that hash and the server's secret, so the table reveals neither.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/users.h"

namespace identity {

struct EmailToken {
  std::string id;     // the row's id, also the email's entity
  std::string token;  // for the link, hex
  std::string code;   // six digits, for typing
};

// `kind` is an auth.one_time_token_type: confirmation_token, recovery_token, … A new token replaces the previous one.
// `email` is the recipient. With Pkce::yes the link ends in an auth code for the holder of the verifier.
enum class Pkce { no, yes };
inline constexpr std::string_view kPkcePrefix = "pkce_";
Task<EmailToken> issue_email_token(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view kind,
                                   std::string_view email, Pkce pkce = Pkce::no);

struct ConsumedToken {
  core::UserId user;
  std::string kind;
  std::string address;  // the recipient of the email
};
// Deletes the row, so the token works once. Nothing when it is unknown, of another kind, expired or used.
Task<std::optional<ConsumedToken>> consume_link_token(Identity& identity, pg::Tx& tx, std::string token,
                                                      std::vector<std::string> kinds);
// After ten guesses, right or wrong, the code no longer works; the link still does. The count commits with the
// transaction.
Task<std::optional<ConsumedToken>> consume_code(Identity& identity, pg::Tx& tx, std::string email, std::string code,
                                                std::vector<std::string> kinds);
// True when consume_link_token would succeed. Changes nothing.
Task<bool> is_link_token_valid(Identity& identity, pg::Tx& tx, std::string token, std::vector<std::string> kinds);
Task<> delete_email_tokens(pg::Tx& tx, core::UserId user);  // all of them
Task<> delete_email_tokens(pg::Tx& tx, core::UserId user, std::vector<std::string> kinds);

}  // namespace identity
