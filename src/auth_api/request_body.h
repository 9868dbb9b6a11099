// Reading GoTrue's JSON bodies. Clients send null for absent members (docs/spec/supabase-auth.md 5).
#pragma once

#include <string>
#include <string_view>

#include "auth_api/auth_api.h"
#include "identity/accounts.h"

namespace auth_api {

// The body as a JSON object; Problem 400 bad_json otherwise.
core::Json object_body(const http::Request& rq);
// A member as text; empty when absent or null. Problem 400 when it has another type.
std::string text_of(const core::Json& body, std::string_view name);
// A member that is an object, as JSON text; "{}" when absent or null. Problem 400 when it has another type.
std::string object_of(const core::Json& body, std::string_view name);

// Where links in the emails of this request lead: its redirect_to, when that is allowed, with its PKCE challenge.
identity::EmailLinkTarget email_link_target(const AuthApi& api, const http::Request& rq, const core::Json& body);

}  // namespace auth_api
