#include <doctest/doctest.h>

#include <map>
#include <set>

#include "core/clock.h"
#include "core/crypto.h"
#include "core/env.h"
#include "core/ids.h"
#include "core/json.h"
#include "core/resources.h"
#include "core/text.h"

using namespace core;

TEST_CASE("a uuid prints what it parsed, in lower case, and refuses every other form") {
  const auto id = Uuid::parse("0190C0DE-0000-7000-8000-00000000ABCD");
  REQUIRE(id);
  CHECK(id->str() == "0190c0de-0000-7000-8000-00000000abcd");
  for (const char* bad : {"", "0190c0de00007000800000000000abcd", "{0190c0de-0000-7000-8000-00000000abcd}",
                          "0190c0de-0000-7000-8000-00000000abcg", "0190c0de-0000-7000-8000-00000000abcd "})
    CHECK_FALSE(Uuid::parse(bad));
}

TEST_CASE("ordered uuids sort by the time they were made and never repeat") {
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const std::string now = Uuid::ordered().str();
    CHECK(now.substr(0, 13) >= last.substr(0, last.empty() ? 0 : 13));
    CHECK(now[14] == '7');
    CHECK(seen.insert(now).second);
    last = now;
  }
}

TEST_CASE("digests match the published vectors") {
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  CHECK(hex(sha224("abc")) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");          // FIPS 180-2
  CHECK(hex(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");                                     // RFC 1321
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231
}

TEST_CASE("base64 follows RFC 4648 and one value has one spelling") {
  const std::map<std::string, std::string> vectors{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    CHECK(base64(plain) == coded);
    CHECK(unbase64(coded) == plain);
  }
  CHECK(base64url("\xfb\xff") == "-_8");
  CHECK(unbase64url("-_8") == "\xfb\xff");
  CHECK_FALSE(unbase64url("-_9"));  // the last bits are not zero
  CHECK_FALSE(unbase64url("-_8="));
  CHECK_FALSE(unbase64("Zg"));
  CHECK_FALSE(unbase64("Z g="));
}

TEST_CASE("random text keeps to its alphabet and uses all of it") {
  std::set<char> seen;
  for (const char c : random_text(2000, "abc")) seen.insert(c);
  CHECK(seen == std::set<char>{'a', 'b', 'c'});
}

TEST_CASE("UTF-8 is judged by RFC 3629") {
  CHECK(valid_utf8("Ada \xc3\xa4 \xe2\x82\xac \xf0\x9f\x8e\x89"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"})
    CHECK_FALSE(valid_utf8(bad));
  CHECK(utf8_length("\xc3\xa4\xf0\x9f\x8e\x89") == 2);
}

TEST_CASE("percent decoding takes whole escapes only") {
  CHECK(percent_decode("a%2Fb+c") == "a/b+c");
  for (const char* bad : {"%", "%2", "%zz", "%-1", "a%2"}) CHECK_FALSE(percent_decode(bad));
  CHECK(percent_encode("a b/\xc3\xa4") == "a%20b%2F%C3%A4");
  CHECK(percent_encode("a/b", "/") == "a/b");
}

TEST_CASE("times survive the way to text and back, in both spellings") {
  const auto time = parse_rfc3339("2026-01-02T03:04:05.678901Z");
  REQUIRE(time);
  CHECK(rfc3339(*time) == "2026-01-02T03:04:05.678901Z");
  CHECK(parse_rfc3339("2026-01-02 05:04:05.678901+02") == *time);
  CHECK(parse_rfc3339("2026-01-02 02:34:05.678901-00:30") == *time);
  CHECK(http_date(*parse_rfc3339("1994-11-06T08:49:37Z")) == "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == parse_rfc3339("1994-11-06T08:49:37Z"));
  for (const char* bad : {"2026-02-30T00:00:00Z", "2026-01-02", "2026-01-02T25:00:00Z", "2026-01-02T00:00:00"})
    CHECK_FALSE(parse_rfc3339(bad));
}

TEST_CASE("JSON is read strictly and looked up without throwing") {
  const auto json = Json::parse(R"({"a":[1,2.5,"x",null,true],"b":{"c":"d"},"n":12345678901})");
  REQUIRE(json);
  CHECK((*json)["a"][std::size_t{0}].integer() == 1);
  CHECK((*json)["a"][std::size_t{1}].number() == 2.5);
  CHECK_FALSE((*json)["a"][std::size_t{1}].integer());
  CHECK((*json)["b"]["c"].string() == "d");
  CHECK((*json)["b"]["missing"]["deeper"].is_null());
  CHECK((*json)["n"].integer() == 12345678901);
  for (const char* bad : {"", "{", "{} x", "{'a':1}", "[1,]", "nul", "\"\\ud800\""}) CHECK_FALSE(Json::parse(bad));
  // Read as infinity, each would be written as what is no JSON.
  for (const char* bad : {"1e400", "[-1e400]", R"({"a":{"b":[1e99999]}})"}) CHECK_FALSE(Json::parse(bad));
  CHECK(Json::parse("[1e308,1e-400]"));
  CHECK_FALSE(Json::parse(std::string(100, '[') + std::string(100, ']')));
}

TEST_CASE("what JsonWriter writes is JSON whatever the text holds") {
  JsonWriter writer;
  std::string hostile = "\"\\\n\r\t\x01 </script> \xff \xed\xa0\x80 \xc3\xa4";
  hostile += '\0';
  writer.begin().field("text", hostile).key("list").begin_array().value(1).value(true).null().end_array().end();
  const auto parsed = Json::parse(writer.str());
  REQUIRE(parsed);
  CHECK((*parsed)["text"].string_or("").find("</script>") != std::string::npos);
  CHECK((*parsed)["text"].string_or("").find("\xef\xbf\xbd") != std::string::npos);
  CHECK((*parsed)["list"].size() == 3);
}

TEST_CASE("Env names every fault at once and keeps its fallbacks") {
  Env env({{"PORT", "abc"}, {"FLAG", "maybe"}, {"SITE", "javascript:alert(1)"}, {"NEXT_PUBLIC_NAME", "x"}});
  CHECK(env.integer("PORT", 3000, 0, 65535) == 3000);
  CHECK(env.flag("FLAG", true));
  CHECK(env.url("SITE", "http://localhost") == "http://localhost");
  CHECK(env.text("NAME") == "x");
  CHECK(env.faults().size() == 3);
}

TEST_CASE("production refuses absent, short and sample secrets; development lets them be") {
  for (const char* value : {"", "short", "your-secret-here"}) {
    Env production({{"TENON_ENV", "production"}, {"S", value}});
    production.required_secret("S");
    CHECK_FALSE(production.faults().empty());
    Env development({{"S", value}});
    development.required_secret("S");
    CHECK(development.faults().empty());
  }
}

TEST_CASE("every embedded file is found by its path, and nothing else is") {
  REQUIRE_FALSE(embedded().empty());
  for (const Resource& file : embedded()) CHECK(find_resource(file.path) == &file);
  CHECK(find_resource("public/../secrets") == nullptr);
}
