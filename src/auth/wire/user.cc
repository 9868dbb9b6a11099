#include "auth/accounts/accounts.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// GET /auth/v1/user
Task<Response> user(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const User found = co_await own_account(auth, who.user);
  co_return http::json(user_json(found));
}

// PUT /auth/v1/user: address, password and data. Fields that are not the user's to set are refused or ignored.
Task<Response> update_user(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const core::Json body = object_body(rq);
  if (!body["app_metadata"].is_null())
    throw core::Problem(403, "not_admin", "Updating app_metadata requires admin privileges");
  if (!text_of(body, "phone").empty())
    throw core::Problem(400, "phone_provider_disabled", "Unsupported phone provider");
  Changes changes;
  changes.email = text_of(body, "email");
  changes.password = text_of(body, "password");
  changes.current_password = text_of(body, "current_password");
  changes.nonce = text_of(body, "nonce");
  changes.landing = landing_of(auth, rq, body);
  if (!body["data"].is_null()) changes.metadata = object_of(body, "data");
  const User changed = co_await change_account(auth, who, std::move(changes), origin_of(rq));
  co_return http::json(user_json(changed));
}

// GET /auth/v1/reauthenticate: mails a code that PUT /user takes as its nonce.
Task<Response> reauthenticate(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  co_await request_reauthentication(auth, who.user, origin_of(rq));
  co_return http::json("{}");
}

// DELETE /auth/v1/user/identities/{identity_id}
Task<Response> unlink_identity(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  if (!auth.config.manual_linking) throw core::Problem(404, "manual_linking_disabled", "Manual linking is disabled");
  const auto identity = core::Uuid::parse(rq.param("identity_id"));
  if (!identity) throw core::Problem(404, "validation_failed", "identity_id must be an UUID");
  co_await unlink(auth, who.user, *identity, origin_of(rq));
  co_return http::json("{}");
}

}  // namespace auth
