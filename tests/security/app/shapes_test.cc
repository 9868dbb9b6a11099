// A request that is refused before any handler runs gets the error format of its path, and the HTTP status.
#include <doctest/doctest.h>

#include "core/json.h"
#include "integration/app/support/process.h"

using live::Answer;
using process::Web;

namespace {

struct Refused {
  const char* line;  // of the request
  int status;
  const char* member;  // of the error object of that path
  const char* value;
};

Answer raw(const Web& web, const std::string& line) {
  live::Socket socket(web.port());
  socket.send(line + " HTTP/1.1\r\nHost: localhost:" + std::to_string(web.port()) + "\r\n\r\n");
  return socket.answer();
}

}  // namespace

TEST_CASE("a refusal before any handler has the shape of its path") {
  Web web;
  const std::string long_query = "?a=" + std::string(20 << 10, 'a');
  for (const Refused& one : {Refused{"GET /auth/v1/user", 414, "error_code", "uri_too_long"},
                             Refused{"GET /rest/v1/films", 414, "code", "uri_too_long"},
                             Refused{"GET /storage/v1/object/a/b", 414, "statusCode", "414"},
                             Refused{"GET /api/projects", 414, "code", "uri_too_long"}}) {
    CAPTURE(one.line);
    const Answer answer = raw(web, one.line + long_query);
    CHECK(answer.status == one.status);
    const auto body = core::Json::parse(answer.body);
    REQUIRE(body);
    CHECK((*body)[one.member].string_or("") == one.value);
    CHECK((answer.header("access-control-allow-origin") == "*") == !std::string_view(one.line).contains("/api/"));
  }
  for (const Refused& one : {Refused{"SEARCH /rest/v1/films", 405, "code", "PGRST117"},
                             Refused{"SEARCH /storage/v1/object/a/b", 501, "statusCode", "501"},
                             Refused{"DELETE /auth/v1/health", 404, "error_code", "not_found"},
                             Refused{"PATCH /storage/v1/object/list/a", 405, "statusCode", "405"},
                             Refused{"GET /storage/v1/object/%zz", 400, "statusCode", "400"}}) {
    CAPTURE(one.line);
    const Answer answer = raw(web, one.line);
    CHECK(answer.status == one.status);
    const auto body = core::Json::parse(answer.body);
    REQUIRE(body);
    CHECK((*body)[one.member].string_or("") == one.value);
  }
  CHECK(raw(web, "PATCH /storage/v1/object/list/a").header("allow") != "");
}
