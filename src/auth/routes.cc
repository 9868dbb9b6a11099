#include "auth/auth.h"
#include "auth/oauth/oauth.h"
#include "auth/pages/pages.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

namespace {

// HEAD answers what GET would, and these GETs redeem, mail or begin something: it must not (spec/security.md 4.4).
void refuse_head(http::Router& r, std::string pattern, http::Who who, std::string allow) {
  r.head(std::move(pattern), who, [allow = std::move(allow)](http::Request&) -> Task<http::Response> {
    http::Response response = http::empty(405);
    response.headers.set("Allow", allow);
    co_return response;
  });
}

}  // namespace

void mount(http::Router& r, Auth& a) {
  using http::Who;
  r.get("/login", Who::visitor, http::with(a, login_page));
  r.post("/login", Who::visitor, http::with(a, login_post));
  r.get("/login/link", Who::visitor, http::with(a, link_page));
  r.post("/login/link", Who::visitor, http::with(a, link_post));
  r.get("/login/with/{provider}", Who::visitor, http::with(a, provider_page));
  r.get("/login/callback", Who::visitor, http::with(a, provider_back));
  r.get("/login/code", Who::visitor, http::with(a, factor_page));
  r.post("/login/code", Who::visitor, http::with(a, factor_post));
  r.get("/signup", Who::visitor, http::with(a, signup_page));
  r.post("/signup", Who::visitor, http::with(a, signup_post));
  r.post("/signup/resend", Who::visitor, http::with(a, signup_resend_post));
  r.get("/verify", Who::visitor, http::with(a, verify_page));
  r.post("/verify", Who::visitor, http::with(a, verify_post));
  r.get("/reset", Who::visitor, http::with(a, reset_page));
  r.post("/reset", Who::visitor, http::with(a, reset_post));
  r.post("/reset/password", Who::visitor, http::with(a, reset_password_post));
  r.post("/logout", Who::visitor, http::with(a, logout_post));

  r.get("/app/settings/security", Who::user, http::with(a, security_page));
  r.post("/app/settings/security/email", Who::user, http::with(a, change_email_post));
  r.post("/app/settings/security/password", Who::user, http::with(a, change_password_post));
  r.post("/app/settings/security/sessions/{session}/end", Who::user, http::with(a, end_session_post));
  r.post("/app/settings/security/sessions/end-others", Who::user, http::with(a, end_others_post));
  r.post("/app/settings/security/factors", Who::user, http::with(a, enrol_post));
  r.post("/app/settings/security/factors/confirm", Who::user, http::with(a, confirm_factor_post));
  r.post("/app/settings/security/factors/{factor}/remove", Who::user, http::with(a, remove_factor_post));
  r.post("/app/settings/security/recovery-codes", Who::user, http::with(a, recovery_codes_post));

  r.post("/auth/v1/signup", Who::api_key, wire(a, signup));
  r.post("/auth/v1/token", Who::api_key, wire(a, token));
  r.post("/auth/v1/verify", Who::anyone, wire(a, verify));
  r.get("/auth/v1/verify", Who::anyone, wire(a, verify_link));  // the link in a mail carries no key
  r.post("/auth/v1/otp", Who::api_key, wire(a, otp));
  r.post("/auth/v1/magiclink", Who::api_key, wire(a, magiclink));
  r.post("/auth/v1/resend", Who::api_key, wire(a, resend));
  r.post("/auth/v1/recover", Who::api_key, wire(a, recover));
  r.get("/auth/v1/user", Who::api_key, wire(a, user));
  r.put("/auth/v1/user", Who::api_key, wire(a, update_user));
  r.get("/auth/v1/reauthenticate", Who::api_key, wire(a, reauthenticate));
  r.get("/auth/v1/user/identities/authorize", Who::api_key, wire(a, oauth::authorize_link));
  r.del("/auth/v1/user/identities/{identity_id}", Who::api_key, wire(a, unlink_identity));
  r.post("/auth/v1/factors", Who::api_key, wire(a, enrol));
  r.post("/auth/v1/factors/{id}/challenge", Who::api_key, wire(a, challenge));
  r.post("/auth/v1/factors/{id}/verify", Who::api_key, wire(a, verify_code));
  r.del("/auth/v1/factors/{id}", Who::api_key, wire(a, unenrol));
  r.post("/auth/v1/logout", Who::api_key, wire(a, logout));
  r.get("/auth/v1/admin/users", Who::api_key, wire(a, admin_list_users));
  r.post("/auth/v1/admin/users", Who::api_key, wire(a, admin_create_user));
  r.get("/auth/v1/admin/users/{id}", Who::api_key, wire(a, admin_get_user));
  r.put("/auth/v1/admin/users/{id}", Who::api_key, wire(a, admin_update_user));
  r.del("/auth/v1/admin/users/{id}", Who::api_key, wire(a, admin_delete_user));
  r.get("/auth/v1/admin/users/{id}/factors", Who::api_key, wire(a, admin_list_factors));
  r.del("/auth/v1/admin/users/{id}/factors/{factor_id}", Who::api_key, wire(a, admin_delete_factor));
  r.get("/auth/v1/admin/audit", Who::api_key, wire(a, admin_audit));
  r.post("/auth/v1/admin/generate_link", Who::api_key, wire(a, admin_generate_link));
  r.post("/auth/v1/invite", Who::api_key, wire(a, invite));
  r.get("/auth/v1/settings", Who::api_key, wire(a, settings));
  r.get("/auth/v1/health", Who::anyone, wire(a, health));
  r.get("/auth/v1/.well-known/jwks.json", Who::anyone, wire(a, jwks));
  r.get("/auth/v1/.well-known/openid-configuration", Who::anyone, wire(a, openid_configuration));
  r.get("/auth/v1/authorize", Who::anyone, wire(a, oauth::authorize));  // a browser's own navigation carries no key
  r.get("/auth/v1/callback", Who::anyone, wire(a, oauth::callback));
  r.post("/auth/v1/callback", Who::anyone, wire(a, oauth::callback));  // response_mode=form_post

  for (const char* pattern : {"/login/with/{provider}", "/login/callback"})
    refuse_head(r, pattern, Who::visitor, "GET");
  for (const char* pattern : {"/auth/v1/reauthenticate", "/auth/v1/user/identities/authorize"})
    refuse_head(r, pattern, Who::api_key, "GET, OPTIONS");
  refuse_head(r, "/auth/v1/authorize", Who::anyone, "GET, OPTIONS");
  for (const char* pattern : {"/auth/v1/verify", "/auth/v1/callback"})
    refuse_head(r, pattern, Who::anyone, "GET, POST, OPTIONS");

  r.options("/auth/v1/{rest...}", Who::anyone,
            [](http::Request& rq) -> Task<http::Response> { co_return preflight(rq); });
  r.get("/auth/v1/{rest...}", Who::anyone, wire(a, no_such_endpoint));
  r.post("/auth/v1/{rest...}", Who::anyone, wire(a, no_such_endpoint));
  r.put("/auth/v1/{rest...}", Who::anyone, wire(a, no_such_endpoint));
  r.del("/auth/v1/{rest...}", Who::anyone, wire(a, no_such_endpoint));
}

}  // namespace auth
