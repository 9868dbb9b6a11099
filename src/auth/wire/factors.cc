// /auth/v1/factors: second factors on the wire.
#include "auth/mfa/factors.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {
namespace {

core::Uuid factor_of(const Request& rq) {
  const auto id = core::Uuid::parse(rq.param("id"));
  if (!id) throw core::Problem(404, "validation_failed", "factor_id must be an UUID");
  return *id;
}

}  // namespace

// POST /auth/v1/factors
Task<Response> enrol(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const core::Json body = object_body(rq);
  const std::string type = text_of(body, "factor_type");
  if (type == "phone") throw core::Problem(422, "mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone");
  if (type == "webauthn")
    throw core::Problem(422, "mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn");
  if (type != "totp") throw core::Problem(400, "validation_failed", "factor_type needs to be totp, phone, or webauthn");
  const Enrolled factor =
      co_await enrol_totp(auth, who, text_of(body, "friendly_name"), text_of(body, "issuer"), origin_of(rq));
  core::JsonWriter out;
  out.begin().field("id", factor.id).field("type", "totp").field("friendly_name", factor.friendly_name);
  out.key("totp").begin().field("qr_code", factor.qr_svg).field("secret", factor.secret).field("uri", factor.uri).end();
  out.end();
  co_return http::json(out.take());
}

// POST /auth/v1/factors/{id}/challenge
Task<Response> challenge(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const Challenged made = co_await challenge_factor(auth, who, factor_of(rq), origin_of(rq));
  core::JsonWriter out;
  out.begin().field("id", made.id).field("type", "totp").field("expires_at", core::unix_seconds(made.expires)).end();
  co_return http::json(out.take());
}

// POST /auth/v1/factors/{id}/verify
Task<Response> verify_code(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  // First, since /factors/recovery-codes/verify lands here: no such factor, whatever its body.
  const core::Uuid factor = factor_of(rq);
  const core::Json body = object_body(rq);
  const auto challenge_id = core::Uuid::parse(text_of(body, "challenge_id"));
  if (!challenge_id)
    throw core::Problem(422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found");
  const Session session =
      co_await verify_factor(auth, who, factor, *challenge_id, text_of(body, "code"), origin_of(rq));
  co_return session_answer(session);
}

// DELETE /auth/v1/factors/{id}
Task<Response> unenrol(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const core::Uuid factor = factor_of(rq);
  co_await unenrol_factor(auth, who, factor, origin_of(rq));
  core::JsonWriter out;
  out.begin().field("id", factor).end();
  co_return http::json(out.take());
}

}  // namespace auth
