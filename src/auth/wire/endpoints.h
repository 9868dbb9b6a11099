// The handlers of /auth/v1 that routes.cc binds: one for each URL, in the file named after its last word.
#pragma once

#include "auth/auth.h"

namespace auth {

using http::Request;
using http::Response;

Task<Response> signup(Auth& auth, Request& rq);
Task<Response> token(Auth& auth, Request& rq);
Task<Response> verify(Auth& auth, Request& rq);
Task<Response> verify_link(Auth& auth, Request& rq);
Task<Response> resend(Auth& auth, Request& rq);
Task<Response> otp(Auth& auth, Request& rq);
Task<Response> magiclink(Auth& auth, Request& rq);
Task<Response> recover(Auth& auth, Request& rq);
Task<Response> user(Auth& auth, Request& rq);
Task<Response> update_user(Auth& auth, Request& rq);
Task<Response> reauthenticate(Auth& auth, Request& rq);
Task<Response> unlink_identity(Auth& auth, Request& rq);
Task<Response> enrol(Auth& auth, Request& rq);
Task<Response> challenge(Auth& auth, Request& rq);
Task<Response> verify_code(Auth& auth, Request& rq);
Task<Response> unenrol(Auth& auth, Request& rq);
Task<Response> logout(Auth& auth, Request& rq);
Task<Response> settings(Auth& auth, Request& rq);
Task<Response> health(Auth& auth, Request& rq);
Task<Response> jwks(Auth& auth, Request& rq);
Task<Response> openid_configuration(Auth& auth, Request& rq);
Task<Response> no_such_endpoint(Auth& auth, Request& rq);

// For the bearer of a service key.
Task<Response> admin_list_users(Auth& auth, Request& rq);
Task<Response> admin_create_user(Auth& auth, Request& rq);
Task<Response> admin_get_user(Auth& auth, Request& rq);
Task<Response> admin_update_user(Auth& auth, Request& rq);
Task<Response> admin_delete_user(Auth& auth, Request& rq);
Task<Response> admin_list_factors(Auth& auth, Request& rq);
Task<Response> admin_delete_factor(Auth& auth, Request& rq);
Task<Response> admin_audit(Auth& auth, Request& rq);
Task<Response> admin_generate_link(Auth& auth, Request& rq);
Task<Response> invite(Auth& auth, Request& rq);

}  // namespace auth
