// The shapes of /auth/v1: errors, bodies, sessions, bearers (spec/supabase-auth.md 1 to 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/accounts/accounts.h"
#include "auth/keys/jwt.h"
#include "auth/sessions/sessions.h"
#include "core/problem.h"

namespace auth {

// A use case of the wire: a Problem it throws becomes the wire's error, and any origin may read the answer.
http::Handler wire(Auth& auth, Task<http::Response> (*use_case)(Auth&, http::Request&));

http::Response wire_error(const http::Request& rq, const core::Problem& problem);

// The body as a JSON object; Problem 400 bad_json otherwise. Null members count as absent.
core::Json object_body(const http::Request& rq);
// A member as text; empty when absent or null. Problem 400 when it is of another type.
std::string text_of(const core::Json& body, std::string_view name);
// A member that is an object, as JSON text; "{}" when absent or null. Problem 400 when it is of another type.
std::string object_of(const core::Json& body, std::string_view name);

// Where the mails of this request lead: its redirect_to, when that is allowed, and its PKCE challenge.
Landing landing_of(const Auth& auth, const http::Request& rq, const core::Json& body);

http::Response session_answer(const Session& session);

// The user of a valid bearer whose session lives; the Problems of spec/supabase-auth.md 3 otherwise.
Task<Bearer> require_bearer(Auth& auth, const http::Request& rq);
// Throws unless the bearer is a service_role key.
void require_service(Auth& auth, const http::Request& rq);
// The token of "Authorization: Bearer …"; empty when there is none.
std::string_view bearer_of(const http::Request& rq);
// The role of a key that this process knows by its bytes; nothing for every other text.
std::optional<std::string> role_of_known_key(const Auth& auth, std::string_view key);
// The role of an API key, one that was signed elsewhere with our secret too; nothing when it is none of ours.
std::optional<std::string> role_of_key(const Auth& auth, std::string_view key);

}  // namespace auth
