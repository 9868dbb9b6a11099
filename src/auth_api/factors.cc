// /auth/v1/factors: second factors.
#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/mfa_factors.h"

namespace auth_api {
namespace {

core::Uuid factor_of(const Request& rq) {
  const auto id = core::Uuid::parse(rq.param("id"));
  if (!id) throw HttpError(404, "validation_failed", "factor_id must be an UUID");
  return *id;
}

}  // namespace

// POST /auth/v1/factors
Task<Response> enroll(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "factor_type");
  if (type == "phone") throw HttpError(422, "mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone");
  if (type == "webauthn")
    throw HttpError(422, "mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn");
  if (type != "totp") throw HttpError(400, "validation_failed", "factor_type needs to be totp, phone, or webauthn");
  const identity::Enrolled factor = co_await identity::enroll_totp(
      api.identity, who, text_of(body, "friendly_name"), text_of(body, "issuer"), access_control::client_info_of(rq));
  core::JsonWriter out;
  out.begin().field("id", factor.id).field("type", "totp").field("friendly_name", factor.friendly_name);
  out.key("totp")
      .begin()
      .field("qr_code", factor.qr_code_svg)
      .field("secret", factor.secret)
      .field("uri", factor.uri)
      .end();
  out.end();
  co_return http::json(out.take());
}

// POST /auth/v1/factors/{id}/challenge
Task<Response> challenge(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const identity::Challenged made =
      co_await identity::challenge_factor(api.identity, who, factor_of(rq), access_control::client_info_of(rq));
  core::JsonWriter out;
  out.begin().field("id", made.id).field("type", "totp").field("expires_at", core::unix_seconds(made.expires)).end();
  co_return http::json(out.take());
}

// POST /auth/v1/factors/{id}/verify
Task<Response> verify_code(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  // First, because /factors/recovery-codes/verify is routed here and must be 404 whatever its body.
  const core::Uuid factor = factor_of(rq);
  const core::Json body = object_body(rq);
  const auto challenge_id = core::Uuid::parse(text_of(body, "challenge_id"));
  if (!challenge_id)
    throw HttpError(422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found");
  const identity::Session session = co_await identity::verify_factor(
      api.identity, who, factor, *challenge_id, text_of(body, "code"), access_control::client_info_of(rq));
  co_return session_response(session);
}

// DELETE /auth/v1/factors/{id}
Task<Response> unenroll(AuthApi& api, Request& rq) {
  const identity::Bearer who = co_await require_bearer(api, rq);
  const core::Uuid factor = factor_of(rq);
  co_await identity::unenroll_factor(api.identity, who, factor, access_control::client_info_of(rq));
  core::JsonWriter out;
  out.begin().field("id", factor).end();
  co_return http::json(out.take());
}

}  // namespace auth_api
