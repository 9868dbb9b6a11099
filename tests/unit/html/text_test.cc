// Sentences by key and locale, and the words of every module as they are in the binary.
#include <doctest/doctest.h>

#include <string>

#include "core/json.h"
#include "core/resources.h"
#include "html/format.h"
#include "html/html.h"
#include "html/messages.h"
#include "html/texts.h"

namespace {

html::Texts two_locales() {
  html::Texts texts;
  texts.add("en", "a/en.json", R"({"a.both": "both", "a.english": "English only"})");
  texts.add("de", "a/de.json", R"({"a.both": "beide"})");
  return texts;
}

http::Request asking_for(const char* languages) {
  http::Request rq;
  if (languages != nullptr) rq.headers.add("Accept-Language", languages);
  return rq;
}

}  // namespace

TEST_CASE("a locale's own sentence wins, English stands in, an unknown key has none") {
  const html::Texts texts = two_locales();
  CHECK(*texts.find("de", "a.both") == "beide");
  CHECK(*texts.find("de", "a.english") == "English only");
  CHECK(*texts.find("fr", "a.both") == "both");
  CHECK(texts.find("de", "a.none") == nullptr);
}

TEST_CASE("a text file that is no flat object of texts is refused by name") {
  html::Texts texts;
  CHECK_THROWS_AS(texts.add("en", "x", "[1]"), std::logic_error);
  CHECK_THROWS_AS(texts.add("en", "x", "{\"a\": 1}"), std::logic_error);
  CHECK_THROWS_AS(texts.add("en", "x", "{\"a\": \"b\""), std::logic_error);
}

TEST_CASE("names in braces are filled once, unknown ones stay") {
  const auto value = [](std::string_view name) -> std::optional<std::string> {
    if (name == "n") return "{m}";
    return std::nullopt;
  };
  CHECK(html::fill("a {n} b {other} {not a name} {", value) == "a {m} b {other} {not a name} {");
}

TEST_CASE("text() gives the key itself when nobody wrote the sentence") {
  CHECK(html::text("en", "html.nobody.wrote.this") == "html.nobody.wrote.this");
  CHECK(html::text("en", "html.error.retry_after", {{"wait", "7 seconds"}}) == "Try again in 7 seconds.");
}

TEST_CASE("the language asked for is taken only when it exists") {
  CHECK(html::locale_of(asking_for(nullptr)) == "en");
  for (const char* header : {"xx", "xx-YY,en;q=0.1", "*", ";;,,q=", "en-GB,en;q=0.9", "../../etc", "xx;q=1.0,en;q=0"})
    CHECK_MESSAGE(html::locale_of(asking_for(header)) == "en", header);
}

TEST_CASE("the language of the highest weight is taken, a country's by its language") {
  for (const char* header :
       {"de", "DE-at", "fr, de;q=0.5, en;q=0.4", "en;q=0.3,de;q=0.31", "xx-YY, de-CH;q=0.001", "de,en"})
    CHECK_MESSAGE(html::locale_of(asking_for(header)) == "de", header);
  for (const char* header : {"en, de", "de;q=0, en;q=0.1", "de;q=0", "de;q=0.5, en-US", "en;q=0.002,de;q=0.001"})
    CHECK_MESSAGE(html::locale_of(asking_for(header)) == "en", header);
  CHECK(html::nearest_locale("de-AT") == "de");
  CHECK(html::nearest_locale("und") == "en");
  CHECK(html::nearest_locale("") == "en");
  CHECK(html::nearest_locale("-") == "en");
}

TEST_CASE("a user's language wins over the browser's") {
  http::Request rq = asking_for("en");
  rq.headers.add("Cookie", "tenon_look=~de~~");
  CHECK(html::locale_of(rq) == "de");
  http::Request strange = asking_for("de");
  strange.headers.add("Cookie", "tenon_look=~xx~~");
  CHECK(html::locale_of(strange) == "de");
}

TEST_CASE("numbers and days in German") {
  CHECK(html::number(1234567, "de") == "1.234.567");
  CHECK(html::number(-1234, "de") == "-1.234");
  CHECK(html::bytes(3'400'000, "de") == "3,4 MB");
  CHECK(html::percent(40) == "40%");
  CHECK(html::percent(40, "de") == "40\u00a0%");
  CHECK(html::day(*core::parse_rfc3339("2026-03-05T23:59:59Z"), "de") == "5. März 2026");
}

TEST_CASE("every text file in the binary can be read and no key is another module's") {
  for (const core::Resource* file : core::resources_below("src/")) {
    const std::string path{file->path};
    if (path.find("/text/") == std::string::npos || !path.ends_with(".json")) continue;
    html::Texts texts;
    CHECK_NOTHROW_MESSAGE(texts.add("en", path, file->bytes), path);
    const std::string module = path.substr(4, path.find('/', 4) - 4);
    const auto document = core::Json::parse(file->bytes);
    REQUIRE_MESSAGE(document, path);
    for (const auto& [key, value] : document->members())
      CHECK_MESSAGE(key.starts_with(module + "."), path << ": " << key);
  }
}

TEST_CASE("numbers, sizes, spans and moments read as people write them") {
  CHECK(html::number(0) == "0");
  CHECK(html::number(999) == "999");
  CHECK(html::number(1000) == "1,000");
  CHECK(html::number(-1234567) == "-1,234,567");
  CHECK(html::bytes(999) == "999 B");
  CHECK(html::bytes(1000) == "1.0 kB");
  CHECK(html::bytes(999'949) == "999.9 kB");
  CHECK(html::bytes(999'999) == "1.0 MB");
  CHECK(html::duration(65) == "1:05");
  CHECK(html::duration(3723) == "1:02:03");
  CHECK(html::wait(1) == "one second");
  CHECK(html::wait(90) == "90 seconds");
  CHECK(html::wait(91) == "2 minutes");
  CHECK(html::wait(5400) == "90 minutes");
  CHECK(html::wait(5401) == "2 hours");
  CHECK(html::wait(3600, "de") == "60 Minuten");
  const core::Time time = *core::parse_rfc3339("2026-01-02T03:04:05Z");
  CHECK(html::moment(time) == "2 Jan 2026, 03:04 UTC");
}

TEST_CASE("one and many have sentences of their own") {
  CHECK(html::pluralize("en", "jobs.page.credits", 1) == "1 credit");
  CHECK(html::pluralize("en", "jobs.page.credits", 0) == "0 credits");
  CHECK(html::pluralize("en", "jobs.page.credits", 12345) == "12,345 credits");
}

TEST_CASE("bars fit their box, the highest fills it, nothing is a line") {
  const html::Data chart = html::bars({0, 5, 10}, "three days");
  const auto& members = chart.members();
  CHECK(std::get<std::string>(members.at("box")) == "0 0 27 40");
  const auto& rows = std::get<html::Rows>(members.at("bars"));
  REQUIRE(rows.size() == 3);
  const auto of = [&](std::size_t n, const char* name) { return std::get<std::string>(rows[n].members().at(name)); };
  CHECK(of(0, "height") == "2");
  CHECK(of(0, "kind") == "none");
  CHECK(of(1, "height") == "20");
  CHECK(of(1, "y") == "20");
  CHECK(of(2, "height") == "40");
  CHECK(of(2, "kind") == "today");
}
