#include "rest/request/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "rest/error.h"

namespace rest {
namespace {

std::string parse_profile(const http::Request& rq, const Config& config) {
  const bool reads = rq.method == http::Method::get || rq.method == http::Method::head;
  const std::string_view profile = core::trim(rq.header(reads ? "accept-profile" : "content-profile"));
  if (profile.empty()) return config.schemas.front();
  if (std::ranges::find(config.schemas, profile) != config.schemas.end()) return std::string(profile);
  throw Error(406, "PGRST106", fmt::format("Invalid schema: {}", profile), "null",
              json_string(fmt::format("Only the following schemas are exposed: {}", fmt::join(config.schemas, ", "))));
}

// The OpenAPI document has one media type, whatever is accepted.
bool is_root(const http::Request& rq) { return rq.params.empty(); }

}  // namespace

Request parse_request(const http::Request& rq, const Config& config) {
  Request out{.http = rq,
              .config = config,
              .schema = parse_profile(rq, config),
              .preferences = parse_preferences(rq.headers),
              .media = is_root(rq) ? MediaType{} : parse_accept(rq.header("accept"))};
  if (!config.may_roll_back) out.preferences.transaction = Preferences::Transaction::unset;
  return out;
}

}  // namespace rest
