// What SQL says of its answer, and what it may not say.
#include <doctest/doctest.h>

#include "rest/answer/fault.h"
#include "rest/answer/said.h"

using namespace rest;

namespace {

http::Response heeded(const std::string& headers, const std::string& status = "") {
  http::Response response = http::json("[1]", 201);
  response.headers.set("Content-Range", "*/*");
  heed({.headers = headers, .status = status}, response);
  return response;
}

std::string refused(const std::string& headers, const std::string& status = "") {
  try {
    heeded(headers, status);
    return "heeded";
  } catch (const Fault& fault) {
    CHECK(fault.status == 500);
    return fault.code;
  }
}

}  // namespace

TEST_CASE("what SQL says stands in place of the answer's own, and what it leaves unsaid stays") {
  const http::Response quiet = heeded("");
  CHECK(quiet.status == 201);
  CHECK(quiet.headers.get("content-range") == "*/*");
  const http::Response loud = heeded(R"([{"content-RANGE":"a"},{"X-B":"1"},{"x-b":"2"}])", "404");
  CHECK(loud.status == 404);
  CHECK(loud.headers.get("Content-Range") == "a");
  int repeats = 0, ranges = 0;
  for (const auto& [name, value] : loud.headers.all()) {
    repeats += name == "X-B" || name == "x-b" ? 1 : 0;
    ranges += name == "content-RANGE" || name == "Content-Range" ? 1 : 0;
  }
  CHECK(repeats == 2);
  CHECK(ranges == 1);
  CHECK(std::get<std::string>(loud.body) == "[1]");
  CHECK(heeded("[]").status == 201);
}

TEST_CASE("a status that has no body takes the answer's away") {
  for (const char* status : {"204", "205", "304"}) CHECK(std::get<std::string>(heeded("", status).body).empty());
}

TEST_CASE("what SQL says wrongly is told by its code, and no part of it is heeded") {
  for (const char* headers : {"x", "{}", "[1]", "[{}]", R"([{"A":1}])", R"([{"A":"b","C":"d"}])",
                              R"([{"Set-Cookie":"a=b"}])", R"([{"A":"b\r\nC: d"}])", R"([{"A:":"b"}])"})
    CHECK(refused(headers) == "PGRST111");
  for (const char* status : {"x", "0", "99", "100", "199", "600", "0200", " 200", "+20", "-20"})
    CHECK(refused("", status) == "PGRST112");
  CHECK(refused(R"([{"A":"b"}])", "x") == "PGRST112");
}

TEST_CASE("names are held against the server's own without their case, and families by how they begin") {
  for (const char* name : {"Content-Length", "TRANSFER-ENCODING", "set-cookie", "Access-Control-Allow-Anything",
                           "cross-origin-resource-policy", "NEL", "Report-To", "X-Accel-Redirect", "x-sendfile",
                           "content-security-policy-report-only", ""})
    CHECK_FALSE(may_say(name, "x"));
  for (const char* name : {"Content-Type", "Location", "X-Content-Length", "Cache-Control", "cookie-set"})
    CHECK(may_say(name, "x"));
  CHECK(may_say("X", "a\tb \xc3\xa4"));
  for (const char* value : {"a\rb", "a\nb", "\x01", "\x7f"}) CHECK_FALSE(may_say("X", value));
  CHECK_FALSE(may_say("X", std::string_view("a\0b", 3)));
}
