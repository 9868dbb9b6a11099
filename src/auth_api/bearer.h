// The caller of an endpoint: the user behind a bearer token, or an administrator (docs/spec/supabase-auth.md 3).
#pragma once

#include "auth_api/auth_api.h"
#include "identity/sessions.h"

namespace auth_api {

// The user of a valid token whose session is live; throws GoTrue's Problems otherwise.
Task<identity::Bearer> require_bearer(AuthApi& api, const http::Request& rq);
// Throws unless the bearer is a service_role key.
void require_service(AuthApi& api, const http::Request& rq);

}  // namespace auth_api
