// The handlers that routes.cc binds: one for each URL, in the file named after its last word.
#pragma once

#include "auth_api/auth_api.h"
#include "identity/sessions.h"

namespace auth_api {

Task<Response> signup(AuthApi& api, Request& rq);
Task<Response> token(AuthApi& api, Request& rq);
Task<Response> verify(AuthApi& api, Request& rq);
Task<Response> verify_link(AuthApi& api, Request& rq);
Task<Response> resend(AuthApi& api, Request& rq);
Task<Response> otp(AuthApi& api, Request& rq);
Task<Response> magiclink(AuthApi& api, Request& rq);
Task<Response> recover(AuthApi& api, Request& rq);
Task<Response> user(AuthApi& api, Request& rq);
Task<Response> update_user(AuthApi& api, Request& rq);
Task<Response> reauthenticate(AuthApi& api, Request& rq);
Task<Response> link_identity(AuthApi& api, Request& rq);
Task<Response> unlink_identity(AuthApi& api, Request& rq);
Task<Response> enroll(AuthApi& api, Request& rq);
Task<Response> challenge(AuthApi& api, Request& rq);
Task<Response> verify_code(AuthApi& api, Request& rq);
Task<Response> unenroll(AuthApi& api, Request& rq);
Task<Response> logout(AuthApi& api, Request& rq);
Task<Response> authorize(AuthApi& api, Request& rq);
Task<Response> callback(AuthApi& api, Request& rq);
Task<Response> settings(AuthApi& api, Request& rq);
Task<Response> health(AuthApi& api, Request& rq);
Task<Response> jwks(AuthApi& api, Request& rq);
Task<Response> openid_configuration(AuthApi& api, Request& rq);

// admin/: for holders of a service key
Task<Response> admin_list_users(AuthApi& api, Request& rq);
Task<Response> admin_create_user(AuthApi& api, Request& rq);
Task<Response> admin_get_user(AuthApi& api, Request& rq);
Task<Response> admin_update_user(AuthApi& api, Request& rq);
Task<Response> admin_delete_user(AuthApi& api, Request& rq);
Task<Response> admin_list_factors(AuthApi& api, Request& rq);
Task<Response> admin_delete_factor(AuthApi& api, Request& rq);
Task<Response> admin_audit(AuthApi& api, Request& rq);
Task<Response> admin_generate_link(AuthApi& api, Request& rq);
Task<Response> invite(AuthApi& api, Request& rq);

// GoTrue's token response.
http::Response session_response(const identity::Session& session);

}  // namespace auth_api
