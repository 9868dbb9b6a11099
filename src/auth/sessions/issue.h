// How a session is told to its client: the access token's claims, the refresh token, the wire's JSON. For the files of
// this folder.
#pragma once

#include <string>
#include <string_view>

#include "auth/sessions/sessions.h"

namespace auth {

// A refresh token as its row keeps it.
std::string stored(std::string_view refresh_token);
// The next token of a session follows from the row of the one before and the server's secret: only hashes are kept, and
// yet a client that lost the answer can be given the same token again.
std::string successor(const Auth& auth, std::string_view stored_form);

Task<> insert_token(Auth& auth, pg::Tx& tx, std::string_view token, std::string_view parent, const Session& session);

Task<std::string> session_json(Auth& auth, pg::Tx& tx, core::SessionId id, const User& user, std::string_view aal,
                               std::string_view refresh_token);

}  // namespace auth
