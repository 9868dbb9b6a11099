// A request's method, profile and headers, parsed without the database and the schema cache. The query string and the
// body are parsed by the endpoints, once they have found the table or function of the path.
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"
#include "rest/config.h"
#include "rest/request/media_type.h"
#include "rest/request/preferences.h"

namespace rest {

struct Request {
  const http::Request& http;
  const Config& config;
  std::string schema;  // Accept-Profile, Content-Profile, or the default
  Preferences preferences;
  MediaType media;

  Bounds bounds() const {
    return {.max_rows = config.max_rows, .aggregates = config.aggregates, .max_row = config.max_response};
  }
  bool is_read() const { return http.method == http::Method::get || is_head(); }
  bool is_head() const { return http.method == http::Method::head; }
  std::string_view table() const { return http.param("table"); }
  std::string_view routine() const { return http.param("function"); }
  bool calls_routine() const { return !routine().empty(); }
};

// Throws Error PGRST106 (schema), PGRST122 (preferences), PGRST107 (media types).
Request parse_request(const http::Request& rq, const Config& config);

}  // namespace rest
