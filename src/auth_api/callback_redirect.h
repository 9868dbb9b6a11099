// The redirects that end a flow: how a code, a session or an error is appended to the client's redirect_to, as GoTrue
// does it.
#pragma once

#include <string>
#include <string_view>

#include "core/problem.h"
#include "identity/sessions.h"
#include "oauth/oauth.h"

namespace auth_api {

using oauth::Pairs;

// Adds to the query, keeps what it has, and drops the fragment.
std::string with_query(std::string_view target, const Pairs& fields);
// Replaces the fragment.
std::string with_fragment(std::string_view target, const Pairs& fields);

// The session in the fragment, with further fields beside it; sorted by name.
std::string with_session(std::string_view target, const identity::Session& session, Pairs extra);

// The error, its code and description: in the fragment, where a client in the browser reads it, and for PKCE and OAuth
// in the query too, where a server does.
enum class ErrorIn { fragment, query_and_fragment };
std::string with_error(std::string_view target, const core::Problem& problem,
                       ErrorIn where = ErrorIn::query_and_fragment);
std::string with_error(std::string_view target, std::string_view error, std::string_view code,
                       std::string_view description, ErrorIn where = ErrorIn::query_and_fragment);

}  // namespace auth_api
