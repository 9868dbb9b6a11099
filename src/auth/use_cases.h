// The handlers of the pages that routes.cc binds.
#pragma once

#include "auth/auth.h"

namespace auth {

using http::Request;
using http::Response;

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
