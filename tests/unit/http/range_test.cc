#include "http/parse/range.h"

#include <doctest/doctest.h>

#include "http/response.h"

using http::parse::parse_range;
using http::parse::Range;

TEST_CASE("one byte range of a file is a part, nonsense is the whole, beyond the end cannot be met") {
  struct Case {
    const char* value;
    std::uint64_t size;
    Range::Kind kind;
    std::uint64_t first, length;
  };
  using enum Range::Kind;
  const Case cases[] = {
      {"bytes=0-0", 10, part, 0, 1},
      {"bytes=0-9", 10, part, 0, 10},
      {"bytes=2-", 10, part, 2, 8},
      {"bytes=-3", 10, part, 7, 3},
      {"bytes=-30", 10, part, 0, 10},
      {"bytes=5-100", 10, part, 5, 5},
      {"Bytes=1-2", 10, part, 1, 2},
      {"bytes=9-9", 10, part, 9, 1},
      {"bytes=10-", 10, unsatisfiable, 0, 0},
      {"bytes=10-20", 10, unsatisfiable, 0, 0},
      {"bytes=-0", 10, unsatisfiable, 0, 0},
      {"bytes=0-", 0, unsatisfiable, 0, 0},
      {"bytes=-1", 0, unsatisfiable, 0, 0},
      {"bytes=5-2", 10, whole, 0, 0},
      {"bytes=a-b", 10, whole, 0, 0},
      {"bytes=-", 10, whole, 0, 0},
      {"bytes=", 10, whole, 0, 0},
      {"bytes=1-2,4-5", 10, whole, 0, 0},
      {"items=0-1", 10, whole, 0, 0},
      {"bytes=1-99999999999999999999", 10, whole, 0, 0},
      {"bytes=--5", 10, whole, 0, 0},
      {"bytes=+1-2", 10, whole, 0, 0},
      {"", 10, whole, 0, 0},
  };
  for (const Case& one : cases) {
    CAPTURE(one.value);
    const Range range = parse_range(one.value, one.size);
    CHECK(range.kind == one.kind);
    CHECK(range.first == one.first);
    CHECK(range.length == one.length);
  }
}

namespace {
http::Response answer(std::initializer_list<std::pair<const char*, const char*>> headers) {
  http::Request rq;
  for (const auto& [name, value] : headers) rq.headers.add(name, value);
  return http::file(rq, "/nowhere", 100, {.content_type = "video/mp4", .etag = "\"v1\"", .modified = 784111777});
}
}  // namespace

TEST_CASE("a file is answered whole, in part, not at all or with 416") {
  CHECK(answer({}).status == 200);
  CHECK(answer({}).headers.get("last-modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
  const auto part = answer({{"Range", "bytes=10-19"}});
  CHECK(part.status == 206);
  CHECK(part.headers.get("content-range") == "bytes 10-19/100");
  CHECK(std::get<http::FileBody>(part.body).offset == 10);
  CHECK(std::get<http::FileBody>(part.body).length == 10);
  const auto beyond = answer({{"Range", "bytes=100-"}});
  CHECK(beyond.status == 416);
  CHECK(beyond.headers.get("content-range") == "bytes */100");
}

TEST_CASE("conditions of a file are met as RFC 9110 orders them") {
  CHECK(answer({{"If-None-Match", "\"v1\""}}).status == 304);
  CHECK(answer({{"If-None-Match", "W/\"v1\""}}).status == 304);
  CHECK(answer({{"If-None-Match", "\"v0\", \"v1\""}}).status == 304);
  CHECK(answer({{"If-None-Match", "*"}}).status == 304);
  CHECK(answer({{"If-None-Match", "\"v2\""}}).status == 200);
  CHECK(answer({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status == 304);
  CHECK(answer({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}).status == 200);
  CHECK(answer({{"If-None-Match", "\"v2\""}, {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status == 200);
  CHECK(answer({{"Range", "bytes=0-1"}, {"If-Range", "\"v1\""}}).status == 206);
  CHECK(answer({{"Range", "bytes=0-1"}, {"If-Range", "\"v2\""}}).status == 200);
  CHECK(answer({{"Range", "bytes=0-1"}, {"If-Range", "W/\"v1\""}}).status == 200);
  CHECK(answer({{"Range", "bytes=0-1"}, {"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status == 206);
  CHECK(answer({{"Range", "bytes=0-1"}, {"If-Range", "Sun, 06 Nov 1994 08:49:38 GMT"}}).status == 200);
}

TEST_CASE("an accepted coding has its weight, a refused one none") {
  using http::parse::accepts;
  CHECK(accepts("gzip, br", "br") == 1000);
  CHECK(accepts("gzip;q=0.5, br;q=0.25", "br") == 250);
  CHECK(accepts("gzip", "br") == 0);
  CHECK(accepts("br;q=0, *", "br") == 0);
  CHECK(accepts("*;q=0.1", "br") == 100);
  CHECK(accepts("", "gzip") == 0);
  CHECK(accepts("x-gzip", "gzip") == 0);
}
