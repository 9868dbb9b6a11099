#include "access/client_info.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/request_body.h"
#include "identity/accounts.h"

namespace auth_api {

// POST /auth/v1/recover
Task<Response> recover(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  co_await identity::request_recovery(api.identity, text_of(body, "email"), email_link_target(api, rq, body),
                                      access_control::client_info_of(rq));
  co_return http::json("{}");
}

}  // namespace auth_api
