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

// PUT /auth/v1/user: password and data. Fields that are not the user's to set are refused or ignored.
Task<Response> update_user(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const core::Json body = object_body(rq);
  if (!body["app_metadata"].is_null())
    throw core::Problem(403, "not_admin", "Updating app_metadata requires admin privileges");
  Changes changes;
  changes.email = text_of(body, "email");
  changes.password = text_of(body, "password");
  if (!body["data"].is_null()) changes.metadata = object_of(body, "data");
  const User changed = co_await change_account(auth, who, std::move(changes), origin_of(rq));
  co_return http::json(user_json(changed));
}

}  // namespace auth
