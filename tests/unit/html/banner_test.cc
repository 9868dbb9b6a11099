// Account warnings above the body of a page.
#include <doctest/doctest.h>

#include <string>

#include "html/banner.h"
#include "html/html.h"

namespace {

std::string page_of(const char* language, const html::Banner& banner) {
  http::Request rq;
  rq.path = "/app/projects";
  rq.headers.add("Accept-Language", language);
  rq.caller.kind = http::Caller::Kind::user;
  html::set_banners(rq, {banner});
  return std::get<std::string>(html::page(rq, "html/error", html::Data{}.set("title", "x")).body);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const html::Banner kPastDue{"bad", "billing.banner.past_due", core::parse_rfc3339("2026-12-03T09:00:00Z"),
                            "/app/credits", "billing.banner.update_card"};

}  // namespace

TEST_CASE("a banner holds its day as a time within the sentence, written as the reader's language does") {
  const std::string english = page_of("en", kPastDue);
  CHECK(has(english,
            "<div class=\"notice bad banner\"><p>Payment failed. Your projects keep running until "
            "<time datetime=\"2026-12-03\" data-local>3 Dec 2026</time>.</p>"
            "<a class=\"button small\" href=\"/app/credits\">Update card</a></div>"));
  CHECK(has(page_of("de", kPastDue),
            "laufen noch bis <time datetime=\"2026-12-03\" data-local>3. Dez. 2026</time>.</p>"));
}

TEST_CASE("a banner without a day is its sentence, and its words are escaped") {
  const std::string page = page_of("en", {"warn", "<b>no key</b>", std::nullopt, "javascript:alert(1)", "x"});
  CHECK(has(page, "<div class=\"notice warn banner\"><p>&lt;b&gt;no key&lt;/b&gt;</p>"));
  CHECK_FALSE(has(page, "javascript:"));
}
