#include "rest/endpoints.h"
#include "rest/response/error_response.h"
#include "rest/response/response_overrides.h"
#include "rest/schema_cache/loader.h"

namespace rest {
namespace {

// PostgREST names the schema when several are exposed.
void set_profile(http::Response& response, const Config& config, const std::string& schema) {
  if (config.schemas.size() > 1 && !schema.empty()) response.headers.set("Content-Profile", schema);
}

Task<http::Response> answer(Rest& rest, http::Request& rq, Endpoint endpoint) {
  const bool anonymous = rq.caller.role == "anon";
  std::string schema;
  try {
    const std::shared_ptr<const SchemaCache> schema_cache = co_await rest.schema_cache->get();
    const Request request = parse_request(rq, rest.config);
    schema = request.schema;
    Executor executor(rest.db, request);
    http::Response response = co_await endpoint(request, *schema_cache, executor);
    set_profile(response, rest.config, schema);
    apply_overrides(executor.overrides(), response);
    co_return response;
  } catch (...) {
    const Error error = current_error(anonymous);
    http::Response response = error_response(error);
    // An offset beyond the total has the headers of a page.
    if (error.code == "PGRST103" && response.headers.has("Content-Range")) set_profile(response, rest.config, schema);
    co_return response;
  }
}

}  // namespace

http::Handler serve(Rest& rest, Endpoint endpoint) {
  return [&rest, endpoint](http::Request& rq) { return answer(rest, rq, endpoint); };
}

}  // namespace rest
