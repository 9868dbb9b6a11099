#include "auth/accounts/accounts.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"

namespace auth {

// POST /auth/v1/logout?scope=global|local|others
Task<Response> logout(Auth& auth, Request& rq) {
  const Bearer who = co_await require_bearer(auth, rq);
  const std::string_view scope = rq.query("scope").value_or("global");
  End which = End::everywhere;
  if (scope == "local") which = End::here;
  else if (scope == "others") which = End::others;
  else if (scope != "global" && !scope.empty())
    throw core::Problem(400, "validation_failed", "Unsupported logout scope");
  co_await sign_out(auth, who.user, who.session, which, origin_of(rq));
  co_return http::empty();
}

}  // namespace auth
