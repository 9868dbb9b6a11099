#include "auth_api/endpoints.h"

namespace auth_api {

http::Response session_response(const identity::Session& session) {
  http::Response response = http::json(session.json);
  response.headers.set("sb-auth-user-id", session.user.str());
  response.headers.set("sb-auth-session-id", session.id.str());
  return response;
}

}  // namespace auth_api
