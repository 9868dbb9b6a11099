#include "auth/accounts/accounts.h"
#include "auth/redirect.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/signup: with neither address nor phone it is an anonymous sign-in.
Task<Response> signup(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  NewAccount account;
  account.email = text_of(body, "email");
  account.password = text_of(body, "password");
  account.metadata = object_of(body, "data");
  account.from = origin_of(rq);
  if (!text_of(body, "phone").empty())
    throw core::Problem(400, "phone_provider_disabled", "Phone signups are disabled");
  if (account.email.empty()) {
    const Session session = co_await sign_in_anonymously(auth, std::move(account.metadata), std::move(account.from));
    co_return session_answer(session);
  }
  account.landing = landing_of(auth, rq, body);
  const SignedUp done = co_await sign_up(auth, std::move(account));
  if (const auto* session = std::get_if<Session>(&done)) co_return session_answer(*session);
  co_return http::json(std::get<Pending>(done).user_json);
}

}  // namespace auth
