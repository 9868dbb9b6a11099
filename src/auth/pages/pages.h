// The handlers of the pages that routes.cc binds, one file for each page.
#pragma once

#include "auth/auth.h"

namespace auth {

using http::Request;
using http::Response;

Task<Response> login_page(Auth& auth, Request& rq);  // login.cc
Task<Response> login_post(Auth& auth, Request& rq);
Task<Response> logout_post(Auth& auth, Request& rq);
Task<Response> link_page(Auth& auth, Request& rq);  // link.cc
Task<Response> link_post(Auth& auth, Request& rq);
Task<Response> provider_page(Auth& auth, Request& rq);  // provider.cc
Task<Response> provider_back(Auth& auth, Request& rq);
Task<Response> factor_page(Auth& auth, Request& rq);  // second_factor.cc
Task<Response> factor_post(Auth& auth, Request& rq);
Task<Response> signup_page(Auth& auth, Request& rq);  // signup.cc
Task<Response> signup_post(Auth& auth, Request& rq);
Task<Response> signup_resend_post(Auth& auth, Request& rq);
Task<Response> verify_page(Auth& auth, Request& rq);  // verify.cc
Task<Response> verify_post(Auth& auth, Request& rq);
Task<Response> reset_page(Auth& auth, Request& rq);  // reset.cc
Task<Response> reset_post(Auth& auth, Request& rq);
Task<Response> reset_password_post(Auth& auth, Request& rq);

Task<Response> security_page(Auth& auth, Request& rq);  // security.cc
Task<Response> change_email_post(Auth& auth, Request& rq);
Task<Response> change_password_post(Auth& auth, Request& rq);
Task<Response> end_session_post(Auth& auth, Request& rq);
Task<Response> end_others_post(Auth& auth, Request& rq);
Task<Response> enrol_post(Auth& auth, Request& rq);  // factors.cc
Task<Response> confirm_factor_post(Auth& auth, Request& rq);
Task<Response> remove_factor_post(Auth& auth, Request& rq);
Task<Response> recovery_codes_post(Auth& auth, Request& rq);

}  // namespace auth
