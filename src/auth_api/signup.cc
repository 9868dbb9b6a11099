#include "access/client_info.h"
#include "access/redirect_allowlist.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {

// POST /auth/v1/signup: with neither address nor phone it is an anonymous sign-in.
Task<Response> signup(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  identity::NewAccount account;
  account.email = text_of(body, "email");
  account.password = text_of(body, "password");
  account.metadata = object_of(body, "data");
  account.from = access_control::client_info_of(rq);
  if (!text_of(body, "phone").empty()) throw HttpError(400, "phone_provider_disabled", "Phone signups are disabled");
  if (account.email.empty()) {
    const identity::Session session =
        co_await identity::sign_in_anonymously(api.identity, std::move(account.metadata), std::move(account.from));
    co_return session_response(session);
  }
  account.link_target = email_link_target(api, rq, body);
  const identity::SignedUp done = co_await identity::sign_up(api.identity, std::move(account));
  if (const auto* session = std::get_if<identity::Session>(&done)) co_return session_response(*session);
  co_return http::json(std::get<identity::Pending>(done).user_json);
}

}  // namespace auth_api
