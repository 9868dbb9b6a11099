// The handlers that routes.cc binds, in files named after the last word of their URL.
#pragma once

#include "account/account.h"

namespace account {

Task<Response> login_page(Account& account, Request& rq);  // login.cc
Task<Response> login_post(Account& account, Request& rq);
Task<Response> logout_post(Account& account, Request& rq);
Task<Response> login_link_page(Account& account, Request& rq);  // login_link.cc
Task<Response> login_link_post(Account& account, Request& rq);
Task<Response> login_provider_page(Account& account, Request& rq);  // login_provider.cc
Task<Response> login_callback_page(Account& account, Request& rq);
Task<Response> login_code_page(Account& account, Request& rq);  // login_code.cc
Task<Response> login_code_post(Account& account, Request& rq);
Task<Response> signup_page(Account& account, Request& rq);  // signup.cc
Task<Response> signup_post(Account& account, Request& rq);
Task<Response> signup_resend_post(Account& account, Request& rq);
Task<Response> verify_page(Account& account, Request& rq);  // verify.cc
Task<Response> verify_post(Account& account, Request& rq);
Task<Response> reset_page(Account& account, Request& rq);  // reset.cc
Task<Response> reset_post(Account& account, Request& rq);
Task<Response> reset_password_post(Account& account, Request& rq);

Task<Response> profile_page(Account& account, Request& rq);  // profile.cc
Task<Response> profile_post(Account& account, Request& rq);
Task<Response> notifications_page(Account& account, Request& rq);  // notifications.cc
Task<Response> notifications_post(Account& account, Request& rq);
Task<Response> security_page(Account& account, Request& rq);  // security.cc
Task<Response> change_email_post(Account& account, Request& rq);
Task<Response> change_password_post(Account& account, Request& rq);
Task<Response> end_session_post(Account& account, Request& rq);
Task<Response> end_others_post(Account& account, Request& rq);
Task<Response> enroll_post(Account& account, Request& rq);  // factors.cc
Task<Response> confirm_factor_post(Account& account, Request& rq);
Task<Response> remove_factor_post(Account& account, Request& rq);
Task<Response> recovery_codes_post(Account& account, Request& rq);

}  // namespace account
