// A session as its client receives it: access token, refresh token, GoTrue's JSON. For sessions.cc and
// refresh_tokens.cc.
#pragma once

#include <string>
#include <string_view>

#include "identity/sessions.h"

namespace identity {

// A refresh token as it is stored.
std::string stored_form(std::string_view refresh_token);
// The next refresh token of a session, derived from the stored one and the server's secret: although only hashes are
// stored, a client that lost the response can be given the same token again.
std::string successor(const Identity& identity, std::string_view stored_form);

Task<> insert_token(Identity& identity, pg::Tx& tx, std::string_view token, std::string_view parent,
                    const Session& session);

Task<std::string> session_json(Identity& identity, pg::Tx& tx, core::SessionId id, const User& user,
                               std::string_view aal, std::string_view refresh_token);

}  // namespace identity
