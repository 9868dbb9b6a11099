// Views: escaping, sections, partials with parameters, texts inside views, URLs. The views are written into a folder of
// this test's own, read as `tenon dev` reads a checkout.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/ids.h"
#include "core/resources.h"
#include "html/html.h"
#include "html/site_config.h"

namespace {

namespace fs = std::filesystem;

// A checkout that holds only what the test writes.
class Checkout {
 public:
  Checkout() : root_(fs::temp_directory_path() / ("tenon-html-" + core::Uuid::random().str())) {
    write("src/shop/text/en.json",
          R"({"shop.hello": "Hello {name} & co", "shop.plain": "Plain", "shop.state.on": "On"})");
    html::configure({root_.string(), {}});
  }
  ~Checkout() {
    html::configure({});
    fs::remove_all(root_);
  }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::string render(const std::string& view, const html::Data& data, const std::string& file = "v.html") {
    write("src/shop/views/" + file, view);
    return html::render("shop/" + file, "en", data);
  }

 private:
  fs::path root_;
};

const char* const kHostile = R"(<script>alert("1")</script> & 'x')";
const char* const kTamed = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;";

}  // namespace

TEST_CASE("a value is escaped in text and in attributes") {
  Checkout shop;
  const auto data = html::Data{}.set("title", kHostile);
  CHECK(shop.render("<p title=\"{{title}}\">{{title}}</p>", data) ==
        std::string{"<p title=\""} + kTamed + "\">" + kTamed + "</p>");
}

TEST_CASE("a value that looks like a template is not run") {
  Checkout shop;
  const auto data = html::Data{}.set("title", "{{secret}} {{#t}}shop.plain{{/t}} [[x]]").set("secret", "S");
  CHECK(shop.render("{{title}}", data) == "{{secret}} {{#t}}shop.plain{{/t}} [[x]]");
}

TEST_CASE("a view with unescaped output is refused") {
  Checkout shop;
  const auto data = html::Data{}.set("a", "x");
  CHECK_THROWS_AS(shop.render("{{{a}}}", data), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{&a}}", data), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{=<% %>=}}", data), std::logic_error);
}

TEST_CASE("a text mail is not escaped") {
  Checkout shop;
  CHECK(shop.render("{{a}} {{#t}}shop.hello{{/t}}", html::Data{}.set("a", "<b>").set("name", "A&B"), "m.txt") ==
        "<b> Hello A&B & co");
}

TEST_CASE("an absent member, an empty text and empty rows show the inverted section") {
  Checkout shop;
  const std::string view = "{{#a}}yes{{/a}}{{^a}}no{{/a}}";
  CHECK(shop.render(view, html::Data{}) == "no");
  CHECK(shop.render(view, html::Data{}.set("a", "")) == "no");
  CHECK(shop.render(view, html::Data{}.set("a", html::Rows{})) == "no");
  CHECK(shop.render(view, html::Data{}.set("a", false)) == "no");
  CHECK(shop.render(view, html::Data{}.set("a", "x")) == "yes");
}

TEST_CASE("rows repeat and see the outer members") {
  Checkout shop;
  html::Rows rows{html::Data{}.set("n", "1"), html::Data{}.set("n", "2")};
  CHECK(shop.render("{{#rows}}{{n}}{{unit}} {{/rows}}", html::Data{}.set("rows", rows).set("unit", "cm")) ==
        "1cm 2cm ");
}

TEST_CASE("a sentence is filled, escaped, with the members where its tag stands") {
  Checkout shop;
  CHECK(shop.render("{{#t}}shop.hello{{/t}}", html::Data{}.set("name", "<i>")) == "Hello &lt;i&gt; &amp; co");
  CHECK(shop.render("{{#t}}shop.hello{{/t}}", html::Data{}) == "Hello {name} &amp; co");
  CHECK(shop.render("{{#t}}shop.state.{{s}}{{/t}}", html::Data{}.set("s", "on")) == "On");
}

TEST_CASE("an unknown text shows its key") {
  Checkout shop;
  CHECK(shop.render("{{#t}}shop.missing{{/t}}", html::Data{}) == "shop.missing");
  CHECK(shop.render("{{#t}}shop.<b>{{s}}{{/t}}", html::Data{}.set("s", "<i>")).find("<i>") == std::string::npos);
}

TEST_CASE("a partial takes words, texts, members and sections as parameters") {
  Checkout shop;
  shop.write("src/shop/views/part.html",
             "<b class=\"[[kind]]\">[[#note]]([[note]])[[/note]][[^note]]none[[/note]]</b>\n");
  CHECK(shop.render("{{> shop/part kind=big}}", html::Data{}) == "<b class=\"big\">none</b>");
  CHECK(shop.render("{{> shop/part kind=\"a b\" note=\"{{n}}!\"}}", html::Data{}.set("n", "<")) ==
        "<b class=\"a b\">(&lt;!)</b>");
}

TEST_CASE("a field shows its error and names it only when there is one") {
  Checkout shop;
  for (const char* part : {"field.html", "csrf.html"})
    shop.write(std::string{"src/html/views/ui/"} + part,
               std::string{core::find_resource(std::string{"src/html/views/ui/"} + part)->bytes});
  const std::string view = "{{> ui/field name=email label=shop.plain value=\"{{email}}\" error=\"{{email_error}}\"}}";
  const std::string quiet = shop.render(view, html::Data{}.set("email", "a\"b"));
  CHECK(quiet.find("aria-invalid") == std::string::npos);
  CHECK(quiet.find("value=\"a&quot;b\"") != std::string::npos);
  const std::string wrong = shop.render(view, html::Data{}.set("email_error", "Not <b>"));
  CHECK(wrong.find("aria-invalid=\"true\"") != std::string::npos);
  CHECK(wrong.find("aria-describedby=\"e-email\"") != std::string::npos);
  CHECK(wrong.find("id=\"e-email\">Not &lt;b&gt;<") != std::string::npos);
}

TEST_CASE("a view that does not exist, a partial without end and endless nesting are refused") {
  Checkout shop;
  CHECK_THROWS_AS(html::render("shop/none.html", "en", {}), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{> shop/none}}", {}), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{> shop/v", {}), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{> shop/v}}", {}), std::logic_error);
  CHECK_THROWS_AS(shop.render("{{#a}}never closed", {}), std::logic_error);
}

TEST_CASE("a member that fills a whole URL leads only to a safe scheme") {
  Checkout shop;
  CHECK_THROWS_AS(shop.render("<a href=\"{{#a}}{{/a}}\">x</a>", {}), std::logic_error);
  const html::Rows rows{html::Data{}.set("go", "javascript:x").set("more", "javascript:text")};
  CHECK(shop.render("{{#rows}}<img src=\"{{go}}\">{{more}}{{/rows}}", html::Data{}.set("rows", rows)) ==
        "<img src=\"#\">javascript:text");
  const auto href = [&](const char* url) { return shop.render("<a href=\"{{go}}\">", html::Data{}.set("go", url)); };
  CHECK(href("/app/x?a=1&b=2") == "<a href=\"/app/x?a=1&amp;b=2\">");
  CHECK(href("https://example.com/") == "<a href=\"https://example.com/\">");
  for (const char* bad : {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:x",
                          "data:text/html,x", "//evil.example", "/\\evil.example", "vbscript:x"})
    CHECK_MESSAGE(href(bad) == "<a href=\"#\">", bad);
}

TEST_CASE("in development a changed view and a changed text are seen at once") {
  Checkout shop;
  CHECK(shop.render("one {{#t}}shop.plain{{/t}}", {}) == "one Plain");
  shop.write("src/shop/text/en.json", R"({"shop.plain": "Changed and longer"})");
  CHECK(shop.render("two {{#t}}shop.plain{{/t}}", {}) == "two Changed and longer");
}
