#include <doctest/doctest.h>

#include "rest/error.h"
#include "rest/request/media_type.h"
#include "rest/request/payload.h"
#include "rest/request/preferences.h"
#include "rest/request/range.h"
#include "rest/response/content_range.h"
#include "rest/response/error_response.h"

using namespace rest;

namespace {

template <class Fn>
std::string code_of(Fn fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.code;
  }
  return "";
}

Preferences parse(std::initializer_list<const char*> values) {
  http::Headers headers;
  for (const char* value : values) headers.add("Prefer", value);
  return parse_preferences(headers);
}

http::Request ranged(const char* range) {
  http::Request rq;
  rq.headers.add("Range", range);
  return rq;
}

pg::Error error(const char* state, const char* message = "m", const char* detail = "") {
  return {"s", state, message, detail, "", ""};
}

}  // namespace

TEST_CASE("preferences may be joined or repeated, and the first of a name counts") {
  const Preferences p =
      parse({"return=representation, count=exact", "resolution=merge-duplicates,return=minimal,odd=1"});
  CHECK(p.returns == Preferences::Return::representation);
  CHECK(p.count == Preferences::Count::exact);
  CHECK(p.resolution == Preferences::Resolution::merge);
  CHECK(parse({"max-affected=7"}).max_affected == 7);
}

TEST_CASE("an unknown preference is rejected only under handling=strict") {
  CHECK(code_of([] { parse({"foo"}); }).empty());
  CHECK(code_of([] { parse({"handling=strict, foo"}); }) == "PGRST122");
  CHECK(code_of([] { parse({"max-affected=-1, handling=strict"}); }) == "PGRST122");
}

TEST_CASE("the first acceptable media type by weight is used") {
  CHECK(parse_accept("").kind == MediaType::Kind::array);
  CHECK(parse_accept("application/vnd.pgrst.object+json; nulls=stripped").strip_nulls);
  CHECK(parse_accept("image/png, text/csv;q=0.5, application/json;q=0.4").kind == MediaType::Kind::csv);
  CHECK(parse_accept("text/html,*/*;q=0.8").kind == MediaType::Kind::array);
  CHECK(code_of([] { parse_accept("image/png"); }) == "PGRST107");
}

TEST_CASE("a range has an optional end, which is not before its start") {
  CHECK(parse_range(ranged("0-9"))->last == 9);
  CHECK_FALSE(parse_range(ranged("10-"))->last);
  CHECK_FALSE(parse_range(ranged("bytes=0-9")));
  CHECK_FALSE(parse_range(ranged("-5")));
  CHECK(code_of([] { parse_range(ranged("9-0")); }) == "PGRST103");
}

TEST_CASE("Content-Range and status distinguish a part from the whole") {
  CHECK(content_range(0, 10, std::nullopt) == "0-9/*");
  CHECK(content_range(5, 0, 3) == "*/3");
  CHECK(content_range(0, 0, 0) == "*/0");
  CHECK(content_range(0, 0, std::nullopt) == "*/*");
  CHECK(page_status(0, 3, 3, TotalKind::exact) == 200);
  CHECK(page_status(0, 2, 3, TotalKind::exact) == 206);
  CHECK(code_of([] { page_status(4, 0, 3, TotalKind::exact); }) == "PGRST103");
  CHECK(page_status(4, 0, 3, TotalKind::estimated) == 206);
}

TEST_CASE("SQLSTATE determines the status, by the most specific prefix") {
  CHECK(from_postgres(error("23505"), false).status == 409);
  CHECK(from_postgres(error("23514"), false).status == 400);
  CHECK(from_postgres(error("42501"), true).status == 401);
  CHECK(from_postgres(error("42501"), false).status == 403);
  CHECK(from_postgres(error("25006"), false).status == 405);
  CHECK(from_postgres(error("57014"), false).status == 500);
  CHECK(from_postgres(error("57P01"), false).status == 503);
  CHECK(from_postgres(error("PT418"), false).status == 418);
  CHECK(from_postgres(error("P0001"), false).status == 400);
  CHECK(from_postgres(error("P0002"), false).status == 500);
  CHECK(from_postgres(error("21000", "DELETE requires a WHERE clause"), false).status == 400);
  CHECK(from_postgres(error("22023", "role \"x\" does not exist"), false).status == 401);
}

TEST_CASE("a function may raise the whole response") {
  const Error raised =
      from_postgres(error("PGRST", R"({"code":"X1","message":"no","hint":"h"})", R"({"status":451})"), false);
  CHECK(raised.status == 451);
  CHECK(raised.code == "X1");
  CHECK(raised.hint == R"("h")");
  CHECK(from_postgres(error("PGRST", "not json"), false).code == "PGRST121");
}

TEST_CASE("a body is validated and cut into its members") {
  const auto one = parse_payload(R"( {"a":1.50,"b":{"c":[null]},"a":"2\u00e9"} )");
  REQUIRE(one);
  CHECK_FALSE(one->is_array);
  REQUIRE(one->objects[0].size() == 2);
  CHECK(one->objects[0][0].name == "a");
  CHECK(text_of(one->objects[0][0].value) == "2é");
  CHECK(one->objects[0][1].value == R"({"c":[null]})");
  CHECK(parse_payload("[]")->objects.empty());
  CHECK(parse_payload(R"([{"a":1},{}])")->objects.size() == 2);
}

TEST_CASE("a body that is not JSON, or not an object, is rejected") {
  for (const char* text : {"", "1", "[1]", "{", "{\"a\":01}", "{\"a\":1,}", "[{}]x", "{\"a\":\"\n\"}", "{\"a\":.5}",
                           "{\"a\":nul}", "{\"a\":\"\\x\"}", "{\"a\":\"\xff\"}", "{a:1}"})
    CHECK_MESSAGE(!parse_payload(text), text);
  const std::string deep = std::string(70, '[') + std::string(70, ']');
  CHECK_FALSE(is_json(deep));
}

TEST_CASE("numbers keep every digit as function arguments") {
  CHECK(text_of("12345678901234567890.123456789") == "12345678901234567890.123456789");
  CHECK_FALSE(text_of("null"));
  CHECK(text_of(R"("\ud83d\ude00\n\"")") == "😀\n\"");
}
