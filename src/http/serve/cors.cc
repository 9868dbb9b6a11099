#include "http/serve/cors.h"

#include "core/text.h"
#include "http/route_group.h"
#include "http/token.h"

namespace http::serve {
namespace {

constexpr std::string_view kAllowMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr std::string_view kAllowHeaders =
    "Accept, Authorization, Content-Type, apikey, X-Client-Info, X-Supabase-Api-Version, Prefer, Range, Range-Unit, "
    "Accept-Profile, Content-Profile, x-upsert, x-metadata, cache-control, x-retry-count, traceparent, Tus-Resumable, "
    "Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, x-signature, redirect_to, "
    "If-None-Match, If-Modified-Since, x-source";

}  // namespace

const std::string_view kExposedHeaders =
    "X-Total-Count, Link, X-Supabase-Api-Version, Content-Range, Content-Location, Preference-Applied, ETag, Location, "
    "Content-Disposition, Retry-After, X-Request-Id, x-sb-error-code, Tus-Resumable, Tus-Version, Tus-Extension, "
    "Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires, Upload-Metadata";

bool is_cross_origin(const Request& rq) { return rq.group && rq.group->cors == Cors::any_origin; }

std::optional<Response> preflight_response(const Request& rq) {
  if (rq.method != Method::options || !is_cross_origin(rq) || !rq.headers.has("access-control-request-method"))
    return std::nullopt;
  std::string allowed{kAllowHeaders};
  // Any header is allowed: without credentials a foreign page gains nothing by one.
  const std::string_view asked = rq.header("access-control-request-headers");
  std::size_t count = 0;
  for (std::string_view name : core::split(asked, ','))
    if (is_token(core::trim(name)) && ++count <= 50) allowed.append(", ").append(core::trim(name));
  Response response = empty(204);
  response.headers.add("Access-Control-Allow-Methods", std::string(kAllowMethods));
  response.headers.add("Access-Control-Allow-Headers", std::move(allowed));
  response.headers.add("Access-Control-Max-Age", "3600");
  response.headers.add("Vary", "Access-Control-Request-Headers");
  return response;
}

}  // namespace http::serve
