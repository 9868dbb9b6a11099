#include "auth_api/endpoints.h"
#include "auth_api/error.h"

namespace auth_api {
namespace {

using http::Access;
using http::with;

Task<Response> no_such_endpoint(AuthApi&, Request&) {
  throw HttpError(404, "not_found", "There is no such endpoint");
  co_return http::empty();
}

// HEAD runs the GET handler by default, and these GETs change something, so they refuse HEAD.
void refuse_head(http::Router& r, std::string pattern, Access access, std::string allow) {
  r.head(std::move(pattern), access, [allow = std::move(allow)](http::Request&) -> Task<http::Response> {
    http::Response response = http::empty(405);
    response.headers.set("Allow", allow);
    co_return response;
  });
}

}  // namespace

void mount(http::Router& r, AuthApi& a) {
  r.group("/auth/v1", {.errors = error_response, .cors = http::Cors::any_origin});

  r.post("/auth/v1/signup", Access::api_key, with(a, signup));
  r.post("/auth/v1/token", Access::api_key, with(a, token));
  r.post("/auth/v1/verify", Access::anyone, with(a, verify));
  r.get("/auth/v1/verify", Access::anyone, with(a, verify_link));  // the link in an email carries no key
  r.post("/auth/v1/otp", Access::api_key, with(a, otp));
  r.post("/auth/v1/magiclink", Access::api_key, with(a, magiclink));
  r.post("/auth/v1/resend", Access::api_key, with(a, resend));
  r.post("/auth/v1/recover", Access::api_key, with(a, recover));
  r.get("/auth/v1/user", Access::api_key, with(a, user));
  r.put("/auth/v1/user", Access::api_key, with(a, update_user));
  r.get("/auth/v1/reauthenticate", Access::api_key, with(a, reauthenticate));
  r.get("/auth/v1/user/identities/authorize", Access::api_key, with(a, link_identity));
  r.del("/auth/v1/user/identities/{identity_id}", Access::api_key, with(a, unlink_identity));
  r.post("/auth/v1/factors", Access::api_key, with(a, enroll));
  r.post("/auth/v1/factors/{id}/challenge", Access::api_key, with(a, challenge));
  r.post("/auth/v1/factors/{id}/verify", Access::api_key, with(a, verify_code));
  r.del("/auth/v1/factors/{id}", Access::api_key, with(a, unenroll));
  r.post("/auth/v1/logout", Access::api_key, with(a, logout));
  r.get("/auth/v1/admin/users", Access::api_key, with(a, admin_list_users));
  r.post("/auth/v1/admin/users", Access::api_key, with(a, admin_create_user));
  r.get("/auth/v1/admin/users/{id}", Access::api_key, with(a, admin_get_user));
  r.put("/auth/v1/admin/users/{id}", Access::api_key, with(a, admin_update_user));
  r.del("/auth/v1/admin/users/{id}", Access::api_key, with(a, admin_delete_user));
  r.get("/auth/v1/admin/users/{id}/factors", Access::api_key, with(a, admin_list_factors));
  r.del("/auth/v1/admin/users/{id}/factors/{factor_id}", Access::api_key, with(a, admin_delete_factor));
  r.get("/auth/v1/admin/audit", Access::api_key, with(a, admin_audit));
  r.post("/auth/v1/admin/generate_link", Access::api_key, with(a, admin_generate_link));
  r.post("/auth/v1/invite", Access::api_key, with(a, invite));
  r.get("/auth/v1/settings", Access::api_key, with(a, settings));
  r.get("/auth/v1/health", Access::anyone, with(a, health));
  r.get("/auth/v1/.well-known/jwks.json", Access::anyone, with(a, jwks));
  r.get("/auth/v1/.well-known/openid-configuration", Access::anyone, with(a, openid_configuration));
  r.get("/auth/v1/authorize", Access::anyone, with(a, authorize));  // a browser's own navigation carries no key
  r.get("/auth/v1/callback", Access::anyone, with(a, callback));
  r.post("/auth/v1/callback", Access::anyone, with(a, callback));  // response_mode=form_post

  for (const char* pattern : {"/auth/v1/reauthenticate", "/auth/v1/user/identities/authorize"})
    refuse_head(r, pattern, Access::api_key, "GET, OPTIONS");
  refuse_head(r, "/auth/v1/authorize", Access::anyone, "GET, OPTIONS");
  for (const char* pattern : {"/auth/v1/verify", "/auth/v1/callback"})
    refuse_head(r, pattern, Access::anyone, "GET, POST, OPTIONS");

  r.get("/auth/v1/{rest...}", Access::anyone, with(a, no_such_endpoint));
  r.post("/auth/v1/{rest...}", Access::anyone, with(a, no_such_endpoint));
  r.put("/auth/v1/{rest...}", Access::anyone, with(a, no_such_endpoint));
  r.del("/auth/v1/{rest...}", Access::anyone, with(a, no_such_endpoint));
}

}  // namespace auth_api
