// Headers and status that SQL sets for its response.
#include <doctest/doctest.h>

#include "rest/error.h"
#include "rest/response/response_overrides.h"

using namespace rest;

namespace {

http::Response overridden(const std::string& headers, const std::string& status = "") {
  http::Response response = http::json("[1]", 201);
  response.headers.set("Content-Range", "*/*");
  apply_overrides({.headers = headers, .status = status}, response);
  return response;
}

std::string error_code(const std::string& headers, const std::string& status = "") {
  try {
    overridden(headers, status);
    return "accepted";
  } catch (const Error& error) {
    CHECK(error.status == 500);
    return error.code;
  }
}

}  // namespace

TEST_CASE("overrides replace the response's headers, and the others stay") {
  const http::Response plain = overridden("");
  CHECK(plain.status == 201);
  CHECK(plain.headers.get("content-range") == "*/*");
  const http::Response changed = overridden(R"([{"content-RANGE":"a"},{"X-B":"1"},{"x-b":"2"}])", "404");
  CHECK(changed.status == 404);
  CHECK(changed.headers.get("Content-Range") == "a");
  int repeats = 0, ranges = 0;
  for (const auto& [name, value] : changed.headers.all()) {
    repeats += name == "X-B" || name == "x-b" ? 1 : 0;
    ranges += name == "content-RANGE" || name == "Content-Range" ? 1 : 0;
  }
  CHECK(repeats == 2);
  CHECK(ranges == 1);
  CHECK(std::get<std::string>(changed.body) == "[1]");
  CHECK(overridden("[]").status == 201);
}

TEST_CASE("an overriding status without a body removes the body") {
  for (const char* status : {"204", "205", "304"}) CHECK(std::get<std::string>(overridden("", status).body).empty());
}

TEST_CASE("invalid overrides are rejected by their code, and none is applied") {
  for (const char* headers : {"x", "{}", "[1]", "[{}]", R"([{"A":1}])", R"([{"A":"b","C":"d"}])",
                              R"([{"Set-Cookie":"a=b"}])", R"([{"A":"b\r\nC: d"}])", R"([{"A:":"b"}])"})
    CHECK(error_code(headers) == "PGRST111");
  for (const char* status : {"x", "0", "99", "100", "199", "600", "0200", " 200", "+20", "-20"})
    CHECK(error_code("", status) == "PGRST112");
  CHECK(error_code(R"([{"A":"b"}])", "x") == "PGRST112");
}

TEST_CASE("reserved headers are matched without case, and reserved prefixes as well") {
  for (const char* name : {"Content-Length", "TRANSFER-ENCODING", "set-cookie", "Access-Control-Allow-Anything",
                           "cross-origin-resource-policy", "NEL", "Report-To", "X-Accel-Redirect", "x-sendfile",
                           "content-security-policy-report-only", ""})
    CHECK_FALSE(is_overridable_header(name, "x"));
  for (const char* name : {"Content-Type", "Location", "X-Content-Length", "Cache-Control", "cookie-set"})
    CHECK(is_overridable_header(name, "x"));
  CHECK(is_overridable_header("X", "a\tb \xc3\xa4"));
  for (const char* value : {"a\rb", "a\nb", "\x01", "\x7f"}) CHECK_FALSE(is_overridable_header("X", value));
  CHECK_FALSE(is_overridable_header("X", std::string_view("a\0b", 3)));
}
