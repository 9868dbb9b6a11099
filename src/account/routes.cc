#include "account/pages.h"

namespace account {

using http::Access;
using http::with;

void mount(http::Router& r, Account& a) {
  r.get("/login", Access::visitor, with(a, login_page));
  r.post("/login", Access::visitor, with(a, login_post));
  r.get("/login/link", Access::visitor, with(a, login_link_page));
  r.post("/login/link", Access::visitor, with(a, login_link_post));
  r.get("/login/with/{provider}", Access::visitor, with(a, login_provider_page));
  r.get("/login/callback", Access::visitor, with(a, login_callback_page));
  r.get("/login/code", Access::visitor, with(a, login_code_page));
  r.post("/login/code", Access::visitor, with(a, login_code_post));
  r.get("/signup", Access::visitor, with(a, signup_page));
  r.post("/signup", Access::visitor, with(a, signup_post));
  r.post("/signup/resend", Access::visitor, with(a, signup_resend_post));
  r.get("/verify", Access::visitor, with(a, verify_page));
  r.post("/verify", Access::visitor, with(a, verify_post));
  r.get("/reset", Access::visitor, with(a, reset_page));
  r.post("/reset", Access::visitor, with(a, reset_post));
  r.post("/reset/password", Access::visitor, with(a, reset_password_post));
  r.post("/logout", Access::visitor, with(a, logout_post));

  r.get("/app/settings", Access::user, with(a, profile_page));
  r.post("/app/settings", Access::user, with(a, profile_post));
  r.get("/app/settings/notifications", Access::user, with(a, notifications_page));
  r.post("/app/settings/notifications", Access::user, with(a, notifications_post));
  r.get("/app/settings/security", Access::user, with(a, security_page));
  r.post("/app/settings/security/email", Access::user, with(a, change_email_post));
  r.post("/app/settings/security/password", Access::user, with(a, change_password_post));
  r.post("/app/settings/security/sessions/{session}/end", Access::user, with(a, end_session_post));
  r.post("/app/settings/security/sessions/end-others", Access::user, with(a, end_others_post));
  r.post("/app/settings/security/factors", Access::user, with(a, enroll_post));
  r.post("/app/settings/security/factors/confirm", Access::user, with(a, confirm_factor_post));
  r.post("/app/settings/security/factors/{factor}/remove", Access::user, with(a, remove_factor_post));
  r.post("/app/settings/security/recovery-codes", Access::user, with(a, recovery_codes_post));

  // These GETs begin or end a sign-in, and HEAD would run the same handler.
  for (const char* pattern : {"/login/with/{provider}", "/login/callback"})
    r.head(pattern, Access::visitor, [](Request&) -> Task<Response> {
      http::Response response = http::empty(405);
      response.headers.set("Allow", "GET");
      co_return response;
    });
}

}  // namespace account
