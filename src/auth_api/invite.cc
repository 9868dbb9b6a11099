#include "access/client_info.h"
#include "auth_api/admin/user_fields.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/request_body.h"
#include "identity/admin.h"

namespace auth_api {

// POST /auth/v1/invite, for holders of a service key.
Task<Response> invite(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const core::Json body = object_body(rq);
  identity::LinkRequest request;
  request.type = "invite";
  request.email = identity::canonical_email(text_of(body, "email"));
  request.metadata = object_of(body, "data");
  request.redirect_to = email_link_target(api, rq, body).redirect_to;
  request.from = access_control::client_info_of(rq);
  const auto invited = co_await identity::invite(api.identity, std::move(request));
  co_return admin::user_response(invited);
}

}  // namespace auth_api
