#include "auth_api/endpoints.h"

namespace auth_api {

// GET /auth/v1/health
Task<Response> health(AuthApi&, Request&) {
  co_return http::json(R"({"version":"tenon","name":"GoTrue","description":"Tenon's auth, speaking GoTrue's wire"})");
}

}  // namespace auth_api
