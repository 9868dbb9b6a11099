// The handlers that routes.cc binds: one for each URL, in the file named after its last word.
#pragma once

#include "auth/auth.h"

namespace auth {

using http::Request;
using http::Response;

// The wire.
Task<Response> signup(Auth& auth, Request& rq);
Task<Response> token(Auth& auth, Request& rq);
Task<Response> token_password(Auth& auth, Request& rq);
Task<Response> token_refresh(Auth& auth, Request& rq);
Task<Response> verify(Auth& auth, Request& rq);
Task<Response> verify_link(Auth& auth, Request& rq);
Task<Response> resend(Auth& auth, Request& rq);
Task<Response> recover(Auth& auth, Request& rq);
Task<Response> user(Auth& auth, Request& rq);
Task<Response> update_user(Auth& auth, Request& rq);
Task<Response> logout(Auth& auth, Request& rq);
Task<Response> admin_list_users(Auth& auth, Request& rq);
Task<Response> admin_create_user(Auth& auth, Request& rq);
Task<Response> admin_get_user(Auth& auth, Request& rq);
Task<Response> admin_delete_user(Auth& auth, Request& rq);
Task<Response> settings(Auth& auth, Request& rq);
Task<Response> health(Auth& auth, Request& rq);
Task<Response> jwks(Auth& auth, Request& rq);
Task<Response> no_such_endpoint(Auth& auth, Request& rq);

// The pages.
Task<Response> login_page(Auth& auth, Request& rq);
Task<Response> login_post(Auth& auth, Request& rq);
Task<Response> signup_page(Auth& auth, Request& rq);
Task<Response> signup_post(Auth& auth, Request& rq);
Task<Response> signup_resend_post(Auth& auth, Request& rq);
Task<Response> verify_page(Auth& auth, Request& rq);
Task<Response> verify_post(Auth& auth, Request& rq);
Task<Response> reset_page(Auth& auth, Request& rq);
Task<Response> reset_post(Auth& auth, Request& rq);
Task<Response> reset_password_post(Auth& auth, Request& rq);
Task<Response> logout_post(Auth& auth, Request& rq);

}  // namespace auth
