#include "auth/auth.h"
#include "auth/oauth/oauth.h"
#include "auth/pages/pages.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

namespace {

// HEAD answers what GET would, and these GETs redeem, mail or begin something: it must not (spec/security.md 4.4).
void refuse_head(http::Router& r, std::string pattern, http::Access access, std::string allow) {
  r.head(std::move(pattern), access, [allow = std::move(allow)](http::Request&) -> Task<http::Response> {
    http::Response response = http::empty(405);
    response.headers.set("Allow", allow);
    co_return response;
  });
}

}  // namespace

void mount(http::Router& r, Auth& a) {
  using http::Access;
  r.group("/auth/v1", {.errors = wire_problem, .cors = http::Cors::any_origin});
  r.get("/login", Access::visitor, http::with(a, login_page));
  r.post("/login", Access::visitor, http::with(a, login_post));
  r.get("/login/link", Access::visitor, http::with(a, link_page));
  r.post("/login/link", Access::visitor, http::with(a, link_post));
  r.get("/login/with/{provider}", Access::visitor, http::with(a, provider_page));
  r.get("/login/callback", Access::visitor, http::with(a, provider_back));
  r.get("/login/code", Access::visitor, http::with(a, factor_page));
  r.post("/login/code", Access::visitor, http::with(a, factor_post));
  r.get("/signup", Access::visitor, http::with(a, signup_page));
  r.post("/signup", Access::visitor, http::with(a, signup_post));
  r.post("/signup/resend", Access::visitor, http::with(a, signup_resend_post));
  r.get("/verify", Access::visitor, http::with(a, verify_page));
  r.post("/verify", Access::visitor, http::with(a, verify_post));
  r.get("/reset", Access::visitor, http::with(a, reset_page));
  r.post("/reset", Access::visitor, http::with(a, reset_post));
  r.post("/reset/password", Access::visitor, http::with(a, reset_password_post));
  r.post("/logout", Access::visitor, http::with(a, logout_post));

  r.get("/app/settings/security", Access::user, http::with(a, security_page));
  r.post("/app/settings/security/email", Access::user, http::with(a, change_email_post));
  r.post("/app/settings/security/password", Access::user, http::with(a, change_password_post));
  r.post("/app/settings/security/sessions/{session}/end", Access::user, http::with(a, end_session_post));
  r.post("/app/settings/security/sessions/end-others", Access::user, http::with(a, end_others_post));
  r.post("/app/settings/security/factors", Access::user, http::with(a, enrol_post));
  r.post("/app/settings/security/factors/confirm", Access::user, http::with(a, confirm_factor_post));
  r.post("/app/settings/security/factors/{factor}/remove", Access::user, http::with(a, remove_factor_post));
  r.post("/app/settings/security/recovery-codes", Access::user, http::with(a, recovery_codes_post));

  r.post("/auth/v1/signup", Access::api_key, wire(a, signup));
  r.post("/auth/v1/token", Access::api_key, wire(a, token));
  r.post("/auth/v1/verify", Access::anyone, wire(a, verify));
  r.get("/auth/v1/verify", Access::anyone, wire(a, verify_link));  // the link in a mail carries no key
  r.post("/auth/v1/otp", Access::api_key, wire(a, otp));
  r.post("/auth/v1/magiclink", Access::api_key, wire(a, magiclink));
  r.post("/auth/v1/resend", Access::api_key, wire(a, resend));
  r.post("/auth/v1/recover", Access::api_key, wire(a, recover));
  r.get("/auth/v1/user", Access::api_key, wire(a, user));
  r.put("/auth/v1/user", Access::api_key, wire(a, update_user));
  r.get("/auth/v1/reauthenticate", Access::api_key, wire(a, reauthenticate));
  r.get("/auth/v1/user/identities/authorize", Access::api_key, wire(a, oauth::authorize_link));
  r.del("/auth/v1/user/identities/{identity_id}", Access::api_key, wire(a, unlink_identity));
  r.post("/auth/v1/factors", Access::api_key, wire(a, enrol));
  r.post("/auth/v1/factors/{id}/challenge", Access::api_key, wire(a, challenge));
  r.post("/auth/v1/factors/{id}/verify", Access::api_key, wire(a, verify_code));
  r.del("/auth/v1/factors/{id}", Access::api_key, wire(a, unenrol));
  r.post("/auth/v1/logout", Access::api_key, wire(a, logout));
  r.get("/auth/v1/admin/users", Access::api_key, wire(a, admin_list_users));
  r.post("/auth/v1/admin/users", Access::api_key, wire(a, admin_create_user));
  r.get("/auth/v1/admin/users/{id}", Access::api_key, wire(a, admin_get_user));
  r.put("/auth/v1/admin/users/{id}", Access::api_key, wire(a, admin_update_user));
  r.del("/auth/v1/admin/users/{id}", Access::api_key, wire(a, admin_delete_user));
  r.get("/auth/v1/admin/users/{id}/factors", Access::api_key, wire(a, admin_list_factors));
  r.del("/auth/v1/admin/users/{id}/factors/{factor_id}", Access::api_key, wire(a, admin_delete_factor));
  r.get("/auth/v1/admin/audit", Access::api_key, wire(a, admin_audit));
  r.post("/auth/v1/admin/generate_link", Access::api_key, wire(a, admin_generate_link));
  r.post("/auth/v1/invite", Access::api_key, wire(a, invite));
  r.get("/auth/v1/settings", Access::api_key, wire(a, settings));
  r.get("/auth/v1/health", Access::anyone, wire(a, health));
  r.get("/auth/v1/.well-known/jwks.json", Access::anyone, wire(a, jwks));
  r.get("/auth/v1/.well-known/openid-configuration", Access::anyone, wire(a, openid_configuration));
  r.get("/auth/v1/authorize", Access::anyone, wire(a, oauth::authorize));  // a browser's own navigation carries no key
  r.get("/auth/v1/callback", Access::anyone, wire(a, oauth::callback));
  r.post("/auth/v1/callback", Access::anyone, wire(a, oauth::callback));  // response_mode=form_post

  for (const char* pattern : {"/login/with/{provider}", "/login/callback"})
    refuse_head(r, pattern, Access::visitor, "GET");
  for (const char* pattern : {"/auth/v1/reauthenticate", "/auth/v1/user/identities/authorize"})
    refuse_head(r, pattern, Access::api_key, "GET, OPTIONS");
  refuse_head(r, "/auth/v1/authorize", Access::anyone, "GET, OPTIONS");
  for (const char* pattern : {"/auth/v1/verify", "/auth/v1/callback"})
    refuse_head(r, pattern, Access::anyone, "GET, POST, OPTIONS");

  r.options("/auth/v1/{rest...}", Access::anyone,
            [](http::Request& rq) -> Task<http::Response> { co_return preflight(rq); });
  r.get("/auth/v1/{rest...}", Access::anyone, wire(a, no_such_endpoint));
  r.post("/auth/v1/{rest...}", Access::anyone, wire(a, no_such_endpoint));
  r.put("/auth/v1/{rest...}", Access::anyone, wire(a, no_such_endpoint));
  r.del("/auth/v1/{rest...}", Access::anyone, wire(a, no_such_endpoint));
}

}  // namespace auth
