// The public pages and the dashboard, called through the routes as the server calls them.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "core/loop.h"
#include "html/html.h"
#include "site/site.h"

namespace {

using core::Task;

struct Site {
  core::Loop loop;
  http::Router router;
  std::int64_t balance = 20;
  std::vector<site::RunningJob> running;
  std::vector<site::RecentProject> recent;
  bool any_ready = false;
  std::vector<std::int64_t> spent = std::vector<std::int64_t>(30, 0);
  std::string tier;

  explicit Site(site::Catalogue catalogue = {}) {
    site::Showcase showcase;
    showcase.examples = {{20, 60, 12}};
    showcase.worth = [](std::int64_t credits) {
      return core::Params{{"seconds", credits * 5}, {"minutes", credits * 5 / 60}};
    };
    site::mount(router, std::move(catalogue), std::move(showcase));
    site::DashboardSource source;
    source.balance = [this](const http::Request&) -> Task<std::int64_t> { co_return balance; };
    source.running = [this](const http::Request&) -> Task<std::vector<site::RunningJob>> { co_return running; };
    source.recent = [this](const http::Request&) -> Task<std::vector<site::RecentProject>> { co_return recent; };
    source.any_ready = [this](const http::Request&) -> Task<bool> { co_return any_ready; };
    source.spent = [this](const http::Request&) -> Task<std::vector<std::int64_t>> { co_return spent; };
    source.tier = [this](const http::Request&) -> Task<std::string> { co_return tier; };
    source.now = [] { return *core::parse_rfc3339("2026-03-01T23:59:59Z"); };
    site::mount(router, source);
  }

  Task<http::Response> call(http::Request& rq) {
    const auto match = router.find(http::Method::get, rq.path);
    REQUIRE(match.route != nullptr);
    co_return co_await match.route->handler(rq);
  }

  std::string get(const std::string& path, bool signed_in = false, const char* language = "en") {
    http::Request rq;
    rq.path = path;
    rq.headers.add("Accept-Language", language);
    if (signed_in) rq.caller.kind = http::Caller::Kind::user;
    const http::Response response = loop.run_until(call(rq));
    CHECK(response.status == 200);
    return std::get<std::string>(response.body);
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
int count(const std::string& text, std::string_view part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// The cookies in the source: how often one is written (each names SameSite), and the names in the folders that do so.
struct Cookies {
  int written = 0;
  std::set<std::string> names;
};
Cookies cookies_in_source() {
  const char* root = std::getenv("TENON_SOURCE_DIR");
  const std::regex name{"\"(tenon[-_][a-z]+)\""};
  Cookies out;
  std::map<std::filesystem::path, std::string> source_of;  // by folder
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(std::string(root == nullptr ? "." : root) + "/src")) {
    const bool is_source = file.path().extension() == ".cc" || file.path().extension() == ".h";
    if (!is_source || file.path().string().find("/src/sim/") != std::string::npos) continue;
    std::ostringstream read;
    read << std::ifstream(file.path(), std::ios::binary).rdbuf();
    source_of[file.path().parent_path()] += read.str();
  }
  for (const auto& [folder, text] : source_of) {
    const int written = count(text, "SameSite=");
    if (written == 0) continue;
    out.written += written;
    for (std::sregex_iterator at{text.begin(), text.end(), name}, end; at != end; ++at) out.names.insert((*at)[1]);
  }
  return out;
}

}  // namespace

TEST_CASE("the privacy page names every cookie that the source writes, in each language, and no other") {
  Site site;
  const Cookies cookies = cookies_in_source();
  CHECK(cookies.names.size() >= 5);
  for (const char* language : {"en", "de"}) {
    const std::string page = site.get("/privacy", false, language);
    for (const std::string& name : cookies.names) CHECK_MESSAGE(count(page, "<code>" + name + "</code>") == 1, name);
    CHECK(has(page, "<code>sb-…-auth-token</code>"));  // its name follows the address of the API
    CHECK(count(page, "<li><code>") == cookies.written);
    CHECK(count(page, "<li><code>") == static_cast<int>(cookies.names.size()) + 1);
    CHECK_FALSE(has(page, "site.privacy."));
  }
}

TEST_CASE("every page has one h1, a title that names the product, and no text without a sentence") {
  Site site;
  for (const char* path : {"/", "/pricing", "/terms", "/privacy", "/app"}) {
    const std::string page = site.get(path, std::string_view{path} == "/app");
    CHECK_MESSAGE(count(page, "<h1") == 1, path);
    CHECK_MESSAGE(has(page, " · Tenon</title>"), path);
    CHECK_MESSAGE(!has(page, "site."), path << " shows a key");
    CHECK_MESSAGE(!has(page, "html."), path << " shows a key");
    CHECK_MESSAGE(!has(page, "{{"), path);
    CHECK_MESSAGE(!has(page, "[["), path);
  }
}

TEST_CASE("a plan without a price is not on sale yet, one with a price says it") {
  Site bare;
  CHECK(count(bare.get("/pricing"), "Not on sale yet.") == 6);
  site::Catalogue catalogue;
  catalogue.tiers[1].price = [](std::string_view) { return "$29"; };
  catalogue.packs[0].price = [](std::string_view) { return "$9"; };
  Site priced{catalogue};
  const std::string page = priced.get("/pricing");
  CHECK(count(page, "Not on sale yet.") == 4);
  CHECK(has(page, "$29 <small>per month</small>"));
  CHECK(has(page, "$9 <small>once</small>"));
}

TEST_CASE("pricing shows the credits of every tier and pack, and the pipeline's figures and examples") {
  Site site;
  const std::string page = site.get("/pricing");
  for (const char* credits : {">60 <", ">200 <", ">500 <", ">25 <", ">80 <", ">250 <"})
    CHECK_MESSAGE(has(page, credits), credits);
  CHECK(has(page, "<td>20 photographs</td><td class=\"num\">1:00</td><td class=\"num\">12</td>"));
  CHECK(has(page, "One credit renders 5 seconds"));
  CHECK(has(page, "About 41 minutes of video"));
}

TEST_CASE("the landing page offers the app to the signed-in and an account to others") {
  Site site;
  CHECK(has(site.get("/", true), "href=\"/app\">Open the app"));
  CHECK_FALSE(has(site.get("/"), "Open the app"));
  CHECK(has(site.get("/"), "href=\"/signup\""));
}

TEST_CASE("an empty dashboard teaches, a full one lists") {
  Site site;
  CHECK(has(site.get("/app", true), "Make your first video"));
  const core::Time time = *core::parse_rfc3339("2026-01-02T03:04:05Z");
  site.recent.push_back({core::ProjectId::random(), "<b>Mine</b>", "ready", time});
  const std::string page = site.get("/app", true);
  CHECK_FALSE(has(page, "Make your first video"));
  CHECK(has(page, "&lt;b&gt;Mine&lt;/b&gt;"));
  CHECK(has(page, "<span class=\"badge ready\">Ready</span>"));
  CHECK(has(page, "<time datetime=\"2026-01-02T03:04:05"));
}

TEST_CASE("the first steps do not come back for somebody whose ready project is older than the newest eight") {
  Site site;
  const core::Time time = *core::parse_rfc3339("2026-01-02T03:04:05Z");
  for (int i = 0; i < 8; ++i) site.recent.push_back({core::ProjectId::random(), "Draft", "draft", time});
  const std::string newcomer = site.get("/app", true);
  site.any_ready = true;
  const std::string old_hand = site.get("/app", true);
  CHECK(has(newcomer, html::text("en", "site.dashboard.start")));
  CHECK_FALSE(has(old_hand, html::text("en", "site.dashboard.start")));
}

TEST_CASE("the chart of the month's use is a table too: a row for each day, today last") {
  Site site;
  site.spent.front() = 3;
  site.spent.back() = 1234;
  const std::string page = site.get("/app", true);
  CHECK(count(page, "<tr><th scope=\"row\">") == 30);
  CHECK(has(page, "<tbody><tr><th scope=\"row\">31 Jan 2026</th><td>3</td></tr>"));
  CHECK(has(page, "<tr><th scope=\"row\">28 Feb 2026</th><td>0</td></tr>"));
  CHECK(has(page, "<tr><th scope=\"row\">1 Mar 2026</th><td>1,234</td></tr></tbody>"));
}

TEST_CASE("the dashboard follows running jobs only while there are some") {
  Site site;
  CHECK_FALSE(has(site.get("/app", true), "<progress"));
  site.running.push_back({core::JobId::random(), core::ProjectId::random(), "A project", "PROCESSING", 42});
  const std::string page = site.get("/app", true);
  CHECK(has(page, "data-live=\"jobs balance\""));
  CHECK(has(page, "<progress max=\"100\" value=\"42\" aria-label=\"Progress of A project\" data-live-bar>"));
  CHECK(has(page, "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
}

TEST_CASE("a balance below zero is shown as owed") {
  Site site;
  site.balance = -3;
  CHECK(has(site.get("/app", true), "Your balance is negative"));
}

TEST_CASE("the month's use is a figure with a chart that says what it shows") {
  Site site;
  site.spent.back() = 7;
  site.spent.front() = 1300;
  const std::string page = site.get("/app", true);
  CHECK(has(page, ">1,307<"));
  CHECK(has(page, "aria-label=\"1,307 credits used in the last 30 days, one bar per day\""));
  CHECK(count(page, "<rect class=\"none\"") == 28);
  CHECK(count(page, "<rect class=\"today\"") == 1);
}

TEST_CASE("getting started goes away with the first result") {
  Site site;
  CHECK(has(site.get("/app", true), "Getting started"));
  site.recent.push_back({core::ProjectId::random(), "Mine", "ready", core::Time{}});
  CHECK_FALSE(has(site.get("/app", true), "Getting started"));
}

TEST_CASE("robots may read the public pages only") {
  Site site;
  const std::string robots = site.get("/robots.txt");
  CHECK(has(robots, "Disallow: /app\n"));
  CHECK(has(robots, "Disallow: /api/\n"));
}
