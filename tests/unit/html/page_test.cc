// Whole pages: the layout's data, notices after a redirect, error pages; and rules that hold for every view.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "core/resources.h"
#include "html/display_preferences.h"
#include "html/files.h"
#include "html/html.h"
#include "html/site_config.h"
#include "html/template.h"

namespace {

http::Request visitor(std::string path = "/x") {
  http::Request rq;
  rq.path = std::move(path);
  rq.csp_nonce = "bm9uY2U=";
  rq.csrf_token = "token-1";
  rq.request_id = "req-1";
  return rq;
}

http::Request ada(std::string path = "/app") {
  http::Request rq = visitor(std::move(path));
  rq.caller.kind = http::Caller::Kind::user;
  rq.caller.email = "ada@example.com";
  return rq;
}

std::string body(const http::Response& response) { return std::get<std::string>(response.body); }
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
http::Response error(const http::Request& rq, int status, const char* name = "http.not_found") {
  return html::error_page(rq, core::Problem(status, name));
}

std::vector<const core::Resource*> page_views() {
  std::vector<const core::Resource*> views;
  for (const core::Resource* file : core::resources_below("src/"))
    if (file->path.find("/views/") != std::string_view::npos && file->path.ends_with(".html")) views.push_back(file);
  return views;
}

// True for <a title={{x}}>: escaping does not help there.
bool has_unquoted_value(std::string_view text) {
  bool in_tag = false;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "{{" && !text.substr(at).starts_with("{{>")) {
      if (in_tag && !quoted && at > 0 && text[at - 1] == '=') return true;
      at = std::min(text.find("}}", at), text.size() - 1) + 1;
    } else if (text.substr(at, 3) == "{{>") {
      at = std::min(text.find("}}", text.find_first_of("\"}", at)), text.size() - 1) + 1;
    } else if (!in_tag && text[at] == '<') {
      in_tag = true;
    } else if (in_tag && text[at] == '"') {
      quoted = !quoted;
    } else if (in_tag && !quoted && text[at] == '>') {
      in_tag = false;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("an unquoted attribute is found") {
  CHECK(has_unquoted_value("<p><a title={{x}}>"));
  CHECK_FALSE(has_unquoted_value("a={{x}} <a href=\"/?a={{x}}\"{{#y}} hidden{{/y}}>={{x}}"));
}

TEST_CASE("every script of a page carries the request's nonce") {
  const auto data = html::Data{}.set("upload", true);
  const std::string page = body(html::page(ada(), "html/error", data));
  int scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) {
    ++scripts;
    CHECK(has(page.substr(at, page.find('>', at) - at), "nonce=\"bm9uY2U=\""));
  }
  CHECK(scripts == 4);
}

TEST_CASE("live.js is loaded in the app only, upload.js only where asked") {
  const std::string page = body(html::page(visitor(), "html/error", {}));
  CHECK_FALSE(has(page, "live."));
  CHECK_FALSE(has(page, "upload."));
}

TEST_CASE("a visitor is offered to sign in, a signed-in person to sign out with the page's token") {
  const std::string out = body(html::page(visitor(), "html/error", {}));
  CHECK(has(out, "href=\"/login\""));
  CHECK_FALSE(has(out, "action=\"/logout\""));
  const std::string in = body(html::page(ada(), "html/error", {}));
  CHECK(has(in, "action=\"/logout\"><input type=\"hidden\" name=\"_csrf\" value=\"token-1\">"));
  CHECK(has(in, "ada@example.com"));
  CHECK_FALSE(has(in, "href=\"/login\""));
}

TEST_CASE("no cache shared by several people may keep a page") {
  CHECK(html::page(visitor(), "html/error", {}).headers.get("cache-control") == "private, no-cache");
  CHECK(html::page(ada(), "html/error", {}).headers.get("cache-control") == "no-store");
}

TEST_CASE("the menu marks the longest link that begins the path") {
  html::Config config;
  config.navigation = {{"/app", "html.nav.dashboard", "folder"}, {"/app/projects", "html.nav.projects", "coins"}};
  html::configure(config);
  const std::string page = body(html::page(ada("/app/projects/1"), "html/error", {}));
  html::configure({});
  CHECK(has(page, "<a href=\"/app/projects\" aria-current=\"page\"><svg"));
  CHECK(has(page, "<a href=\"/app\"><svg"));
  CHECK(has(page, "<use href=\"#i-coins\"/></svg>Projects</a>"));
}

TEST_CASE("a page carries the icons it shows and no others") {
  const std::string page = body(html::page(visitor(), "html/error", {}));
  CHECK(has(page, "<symbol id=\"i-refresh-cw\""));
  CHECK_FALSE(has(page, "<symbol id=\"i-film\""));
  CHECK_FALSE(has(page, "<!--icons-->"));
}

TEST_CASE("every icon that a view names is in the set") {
  const std::string symbols = html::source_file("src/html/data/icons.svg").value_or("");
  REQUIRE(symbols.size() > 1000);
  for (const core::Resource* view : page_views()) {
    const std::string_view text = view->bytes;
    for (const std::string_view mark : {std::string_view{"ui/icon name="}, std::string_view{" icon="}})
      for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
        const std::size_t from = at + mark.size();
        const std::string name{text.substr(from, text.find_first_of(" }", from) - from)};
        if (name.starts_with('"') || name.starts_with('[')) continue;  // given by the caller
        CHECK_MESSAGE(has(symbols, "id=\"i-" + name + "\""), std::string{view->path} << ": " << name);
      }
  }
}

TEST_CASE("a page looks as its person has set it, and only well-formed settings count") {
  http::Request rq = visitor();
  rq.headers.add("Cookie", "tenon_look=dark~en~Europe/Berlin~");
  const std::string page = body(html::page(rq, "html/error", {}));
  CHECK(has(page, "<html lang=\"en\" dir=\"ltr\" data-theme=\"dark\" data-zone=\"Europe/Berlin\">"));
  http::Request bad = visitor();
  bad.headers.add("Cookie", "tenon_look=<b>~xx~Europe/Ber lin~");
  CHECK(html::display_preferences(bad) == html::DisplayPreferences{});
  CHECK(has(body(html::page(bad, "html/error", {})), "<html lang=\"en\" dir=\"ltr\">"));
  CHECK(html::display_preferences_cookie(rq, {"dark\r\nX: y", "en", ""}) ==
        "tenon_look=~en~~; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly");
  CHECK(html::forget_display_preferences(rq) == "tenon_look=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly");
  rq.https = true;
  CHECK(html::display_preferences_cookie(rq, {"light", "en", "Asia/Tokyo"}).ends_with("; Secure"));
}

TEST_CASE("the look that a browser keeps is its session's alone") {
  http::Request hers = ada();
  hers.caller.by_cookie = true;
  hers.caller.session = core::SessionId::random();
  hers.headers.add("Accept", "text/html");
  CHECK(html::lacks_display_preferences(hers));
  const std::string cookie = html::display_preferences_cookie(hers, {"dark", "de", ""});
  hers.set_cookies = {cookie};  // what the answer sets counts for its own page
  CHECK(html::display_preferences(hers) == html::DisplayPreferences{"dark", "de", ""});
  CHECK_FALSE(html::lacks_display_preferences(hers));
  CHECK(html::locale_of(hers) == "de");
  CHECK(html::asked_locale(hers) == "en");

  const auto sent = [&](http::Request rq) {
    rq.set_cookies.clear();
    rq.headers.add("Cookie", cookie.substr(0, cookie.find(';')));
    return rq;
  };
  CHECK(html::display_preferences(sent(hers)) == html::DisplayPreferences{"dark", "de", ""});
  CHECK_FALSE(html::lacks_display_preferences(sent(hers)));
  http::Request other = hers;
  other.caller.session = core::SessionId::random();
  CHECK(html::display_preferences(sent(other)) == html::DisplayPreferences{});
  CHECK(html::lacks_display_preferences(sent(other)));
  CHECK(html::display_preferences(sent(visitor())) == html::DisplayPreferences{"dark", "de", ""});
  CHECK_FALSE(html::lacks_display_preferences(visitor()));
  other.caller.by_cookie = false;
  CHECK_FALSE(html::lacks_display_preferences(other));
}

TEST_CASE("a title is a text key or plain text, escaped") {
  CHECK(has(body(html::page(visitor(), "html/error", html::Data{}.set("title", "html.more"))),
            "<title>Show more · Tenon</title>"));
  CHECK(has(body(html::page(visitor(), "html/error", html::Data{}.set("title", "</title><script>"))),
            "<title>&lt;/title&gt;&lt;script&gt; · Tenon</title>"));
}

TEST_CASE("a title begins with the page's state, and with an error before that") {
  const auto title = [](const http::Request& rq, html::Data data, int status) {
    const std::string page = body(html::page(rq, "html/mark", std::move(data), status));
    const std::size_t from = page.find("<title>") + 7;
    return page.substr(from, page.find("</title>") - from);
  };
  const auto album = [] { return html::Data{}.set("title", "Rügen"); };
  CHECK(title(visitor(), album(), 200) == "Rügen · Tenon");
  CHECK(title(visitor(), album().set("title_state", "Rendering 40 %"), 200) == "Rendering 40 % · Rügen · Tenon");
  CHECK(title(visitor(), album().set("title_state", "html.close"), 200) == "Close · Rügen · Tenon");
  CHECK(title(visitor(), album(), 422) == "Error: Rügen · Tenon");
  CHECK(title(visitor(), html::Data{}, 422) == "Tenon");
  http::Request german = visitor();
  german.headers.add("Accept-Language", "de");
  CHECK(title(german, album().set("title_state", "3"), 401) == "Fehler: 3 · Rügen · Tenon");
  CHECK(has(body(error(visitor(), 404)), "<title>Error 404 · Page not found · Tenon</title>"));
}

TEST_CASE("a notice in the address shows only sentences that a module has written") {
  const auto shown = [](const char* notice) {
    http::Request rq = visitor();
    rq.queries = {{"notice", notice}};
    return has(body(html::page(rq, "html/error", {})), "class=\"toast\"");
  };
  CHECK_FALSE(shown("html.unheard"));
  CHECK_FALSE(shown("Call 555-1234"));
  CHECK_FALSE(shown("<script>"));
  CHECK_FALSE(shown("html"));
  CHECK(shown("html.saved"));
}

TEST_CASE("the browser's frame has the colours of the ground, from the one file of colours") {
  const std::string tokens = html::source_file("public/tokens.css").value_or("");
  const std::string page = body(html::page(visitor(), "html/error", {}));
  std::vector<std::string> colours;
  const std::string_view mark = "<meta name=\"theme-color\" media=\"(prefers-color-scheme: ";
  for (std::size_t at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1)) {
    const std::size_t from = page.find("content=\"", at) + 9;
    colours.push_back(page.substr(from, page.find('"', from) - from));
  }
  REQUIRE(colours.size() == 2);
  CHECK(has(tokens, "--ground: light-dark(" + colours[0] + ", " + colours[1] + ");"));
}

TEST_CASE("an error page has the problem's status, and its sentence below 500 only") {
  const core::Problem taken(422, "identity.mfa_factor_name_conflict", {{"name", "<b>"}});
  const http::Response refused = html::error_page(visitor(), taken);
  CHECK(refused.status == 422);
  CHECK(has(body(refused), "You already have an app with this name."));
  const http::Response fault = error(visitor(), 500, "http.storage_unavailable");
  CHECK(fault.status == 500);
  CHECK_FALSE(has(body(fault), "cannot be read"));
  CHECK(has(body(fault), "<code>req-1</code>"));
  CHECK(error(visitor(), 418).status == 418);
}

TEST_CASE("a problem's parameters are escaped on its page") {
  const core::Problem unknown(400, "oauth.validation_failed.custom_provider", {{"provider", "<yours>"}});
  CHECK(has(body(html::error_page(visitor(), unknown)), "&lt;yours&gt;"));
}

TEST_CASE("an outage has the sentence that a module wrote for people, and no other") {
  const std::string full = html::text("en", "storage.problem.no_space");
  for (const int status : {503, 507}) {
    const std::string page = body(error(visitor(), status, "storage.no_space"));
    CHECK(has(page, full));
    CHECK(has(page, "Back in a moment"));
    CHECK_FALSE(has(page, "not responding"));
  }
  http::Request german = visitor();
  german.headers.add("Accept-Language", "de");
  CHECK_FALSE(has(body(error(german, 507, "storage.no_space")), full));
  CHECK(has(body(error(german, 507, "storage.no_space")), html::text("de", "storage.problem.no_space")));
  const std::string other = body(error(visitor(), 503, "http.unavailable"));
  CHECK_FALSE(has(other, html::text("en", "http.problem.unavailable")));
  CHECK(has(other, "Part of the service is not responding"));
  CHECK_FALSE(has(body(error(visitor(), 500, "storage.no_space")), full));
}

TEST_CASE("what a form sent is not sent again by a link: the error page leads back to the form") {
  http::Request rq = visitor("/app/projects");
  CHECK(has(body(error(rq, 503)), "href=\"\""));
  rq.method = http::Method::post;
  rq.headers.add("Host", "tenon.example");
  const auto with = [&](const char* referer) {
    http::Request sent = rq;
    if (referer != nullptr) sent.headers.add("Referer", referer);
    return body(error(sent, 503));
  };
  const std::string page = with("http://tenon.example/app/projects/new?a=1");
  CHECK(has(page, "<a class=\"button primary\" href=\"/app/projects/new?a=1\">Back to the form</a>"));
  CHECK_FALSE(has(page, "href=\"\""));
  for (const char* foreign :
       {"http://tenon.example.evil/app", "https://tenon.example/app", "http://tenon.example//evil",
        "http://tenon.example/\\evil", "http://tenon.example", "/app", static_cast<const char*>(nullptr)}) {
    CHECK_FALSE(has(with(foreign), "Back to the form"));
    CHECK_FALSE(has(with(foreign), "href=\"\""));
  }
  CHECK_FALSE(has(body(error(rq, 403)), "href=\"\""));
}

TEST_CASE("an error page keeps the Retry-After header and shows it") {
  core::Problem problem(429, "identity.over_request_rate_limit");
  problem.headers.emplace_back("Retry-After", "30");
  const http::Response response = html::error_page(visitor(), problem);
  CHECK(response.headers.get("Retry-After") == "30");
  CHECK(has(body(response), "Try again in 30 seconds."));
  problem.headers.back().second = "1";
  CHECK(has(body(html::error_page(visitor(), problem)), "Try again in one second."));
  http::Request german = visitor();
  german.headers.add("Accept-Language", "de");
  CHECK(has(body(html::error_page(german, problem)), "Versuchen Sie es in einer Sekunde noch einmal."));
}

TEST_CASE("a page that was asked for what it does not have is offered without it") {
  http::Request rq = visitor();
  rq.path = "/app/projects";
  CHECK_FALSE(has(body(error(rq, 400)), "href=\"?\""));
  rq.queries = {{"after", "x"}};
  CHECK(has(body(error(rq, 400)), "href=\"?\">Start over</a>"));
  CHECK_FALSE(has(body(error(rq, 404)), "href=\"?\""));
  rq.method = http::Method::post;
  CHECK_FALSE(has(body(error(rq, 400)), "href=\"?\""));
}

TEST_CASE("every view of every module loads") {
  for (const core::Resource* file : page_views()) {
    std::string name{file->path.substr(4)};
    name.erase(name.find("/views/"), 6);
    if (name.starts_with("html/ui/") || name == "html/layout.html") continue;
    CHECK_NOTHROW_MESSAGE(html::source_of(name, html::Layout::none), name);
  }
}

TEST_CASE("no page holds an inline style, an inline handler or an inline script") {
  for (const core::Resource* file : page_views()) {
    if (file->path.starts_with("src/mail/") || file->path.starts_with("src/sim/")) continue;
    std::string text{file->bytes};
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    CHECK_MESSAGE(!has(text, " style="), file->path);
    CHECK_MESSAGE(!has(text, "<style"), file->path);
    for (const char* handler : {" onclick", " onload", " onsubmit", " onerror", " onchange", " oninput", " hx-on"})
      CHECK_MESSAGE(!has(text, handler), file->path << handler);
    for (std::size_t at = text.find("<script"); at != std::string::npos; at = text.find("<script", at + 1))
      CHECK_MESSAGE(has(text.substr(at), "></script>"), file->path);
    CHECK_MESSAGE(!has_unquoted_value(text), file->path);
  }
}

TEST_CASE("every POST form of every view carries the token first") {
  for (const core::Resource* file : page_views()) {
    if (file->path.starts_with("src/sim/")) continue;  // simulators know no sessions: Access::anyone
    const std::string text{file->bytes};
    const char* const form = "method=\"post\"";
    for (std::size_t at = text.find(form); at != std::string::npos; at = text.find(form, at + 1)) {
      const std::size_t inside = text.find('>', at) + 1;
      const std::size_t first = text.find_first_not_of(" \n\r\t", inside);
      CHECK_MESSAGE(text.compare(first, 13, "{{> ui/csrf}}") == 0, file->path << " at " << at);
    }
  }
}
