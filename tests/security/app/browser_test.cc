// docs/spec/security.md 4 over every page of the whole product, with a real process.
#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "app/web.h"
#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "integration/app/support/process.h"
#include "pg/session.h"

using live::Answer;
using process::json_headers;
using process::Web;

namespace {

const char* const kHtml = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

std::string owner_text(const std::string& sql) {
  pg::Session session{core::Secret(std::getenv("TENON_TEST_SUPER_URL"))};
  const auto result = session.query(sql);
  return result.rows.empty() ? "" : result.rows[0][0].value_or("");
}

std::string photograph() {
  std::ifstream in(std::string(std::getenv("TENON_SOURCE_DIR")) + "/src/pipeline/data/sample/black-canyon.jpg",
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string member(const Answer& answer, std::string_view name) {
  const auto json = core::Json::parse(answer.body);
  return json ? (*json)[name].string_or("") : "";
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + before.size());
  return std::string(rest.substr(0, rest.find(after)));
}

// Stores an answer's cookies as a browser does.
void keep_cookies(const Answer& answer, std::map<std::string, std::string>& jar) {
  for (std::string_view line : core::split(answer.head, '\n')) {
    if (!core::lower(line.substr(0, 12)).starts_with("set-cookie: ")) continue;
    const std::string_view pair = line.substr(12, line.find(';') - 12);
    const std::string name(pair.substr(0, pair.find('=')));
    if (line.contains("Max-Age=0")) jar.erase(name);
    else jar[name] = pair.substr(name.size() + 1);
  }
}

// The policy of docs/spec/security.md 4.1, word for word.
std::string policy_with(const std::string& nonce) {
  return "default-src 'none'; script-src 'nonce-" + nonce +
         "' 'strict-dynamic'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; "
         "manifest-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
         "form-action 'self' https://checkout.stripe.com https://billing.stripe.com; "
         "trusted-types tenon-live; require-trusted-types-for 'script'";
}

// A browser of one person: cookies kept, forms with their token.
struct Browser {
  const Web& web;
  std::string origin = "http://localhost:" + std::to_string(web.port());
  std::string host = "Host: localhost:" + std::to_string(web.port()) + "\r\n";
  std::map<std::string, std::string> cookies;

  Answer get(const std::string& path, const std::string& more = "") {
    return send("GET " + path + " HTTP/1.1\r\n" + host + kHtml + more + cookie() + "\r\n");
  }
  Answer post(const std::string& path, const std::string& body, const std::string& more, bool with_origin = true) {
    return send("POST " + path + " HTTP/1.1\r\n" + host + kHtml + (with_origin ? "Origin: " + origin + "\r\n" : "") +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n" + more + cookie() + "\r\n" + body);
  }
  std::string cookie() const {
    std::string out;
    for (const auto& [name, value] : cookies) out += (out.empty() ? "Cookie: " : "; ") + name + "=" + value;
    return out.empty() ? out : out + "\r\n";
  }
  Answer send(const std::string& bytes) {
    live::Socket socket(web.port());
    socket.send(bytes);
    const Answer answer = socket.answer();
    keep_cookies(answer, cookies);
    return answer;
  }
  std::string token_of(const Answer& page) const { return between(page.body, "name=\"_csrf\" value=\"", "\""); }
  Answer sign_in(const std::string& email) {
    const Answer form = get("/login");
    return post("/login",
                "email=" + core::percent_encode(email) +
                    "&password=a+password+of+the+tests&_csrf=" + core::percent_encode(token_of(form)),
                "");
  }
};

}  // namespace

// docs/spec/security.md 4.1
TEST_CASE("every page carries exactly the policy, with a nonce that its scripts and nobody else have") {
  Web web;
  web.sign_in("pages@example.com");
  Browser browser{web};
  REQUIRE(browser.sign_in("pages@example.com").status == 303);
  std::string last;
  int pages = 0;
  for (const char* path : {"/", "/pricing", "/terms", "/privacy", "/login", "/signup", "/reset", "/verify?token_hash=x",
                           "/app", "/app/projects", "/app/projects/new", "/app/settings", "/app/settings/notifications",
                           "/no-such-page", "/app/projects/0190c8a4-7b1e-7cc0-8000-000000000001"}) {
    CAPTURE(path);
    const Answer page = browser.get(path);
    if (page.status == 303) continue;  // a signed-in person needs no sign-in
    ++pages;
    CHECK(page.header("content-type") == "text/html; charset=utf-8");
    const std::string nonce = between(page.header("content-security-policy"), "'nonce-", "'");
    CHECK(nonce.size() == 24);
    CHECK(nonce != last);
    last = nonce;
    CHECK(page.header("content-security-policy") == policy_with(nonce));
    for (std::size_t at = page.body.find("<script"); at != std::string::npos; at = page.body.find("<script", at + 1))
      CHECK(page.body.substr(at, page.body.find('>', at) - at).find("nonce=\"" + nonce + "\"") != std::string::npos);
    CHECK(page.header("referrer-policy") == "strict-origin-when-cross-origin");
    if (std::string_view(path).starts_with("/app")) CHECK(page.header("cache-control") == "no-store");
  }
  CHECK(pages >= 10);
}

// docs/spec/security.md 4.3
TEST_CASE("the session's cookie is kept from scripts and other sites, and is worth nothing after sign-out") {
  Web web;
  web.sign_in("cookie@example.com");
  Browser browser{web};
  const Answer in = browser.sign_in("cookie@example.com");
  REQUIRE(in.status == 303);
  int cookies = 0;
  for (std::string_view line : core::split(in.head, '\n')) {
    if (!core::lower(line).starts_with("set-cookie: ")) continue;
    ++cookies;
    CAPTURE(std::string(line));
    CHECK(line.contains("HttpOnly"));
    CHECK(line.contains("SameSite=Lax"));
    CHECK(line.contains("Path=/"));
    CHECK_FALSE(line.contains("Domain"));
  }
  CHECK(cookies > 0);
  CHECK(in.header("cache-control") == "private, no-cache, no-store, must-revalidate, max-age=0");
  const Answer home = browser.get("/app");
  REQUIRE(home.status == 200);
  const auto stolen = browser.cookies;
  const Answer out = browser.post("/logout", "_csrf=" + core::percent_encode(browser.token_of(home)), "");
  CHECK(out.status == 303);
  Browser thief{web};
  thief.cookies = stolen;
  CHECK(thief.get("/app").status == 303);
}

// docs/spec/security.md 4.4
TEST_CASE("no page's form works from another site, without its token, or by another method in disguise") {
  Web web;
  web.sign_in("forms@example.com");
  Browser browser{web};
  REQUIRE(browser.sign_in("forms@example.com").status == 303);
  const std::string token = "_csrf=" + core::percent_encode(browser.token_of(browser.get("/app/projects/new")));
  const std::string title = "&title=" + std::string("Forms");
  const auto count = [] { return owner_text("select count(*) from public.projects where title = 'Forms'"); };
  CHECK(browser.post("/app/projects", token + title, "", false).status == 403);
  CHECK(browser.post("/app/projects", "title=Forms", "").status == 403);
  CHECK(browser.post("/app/projects", "_csrf=x&title=Forms", "").status == 403);
  CHECK(browser.post("/app/projects", token + title, "Origin: https://evil.example\r\n", false).status == 403);
  CHECK(browser.post("/app/projects", token + title, "Origin: null\r\n", false).status == 403);
  CHECK(browser.post("/app/projects", token + title, "Sec-Fetch-Site: cross-site\r\n").status == 403);
  CHECK(browser.post("/app/projects", token + title, "Sec-Fetch-Site: same-site\r\n").status == 403);
  CHECK(browser.post("/app/projects", token + title, "Referer: https://evil.example/x\r\n", false).status == 403);
  CHECK(count() == "0");
  CHECK(browser.post("/app/projects", token + title, "").status == 303);
  CHECK(count() == "1");
  const std::string id = owner_text("select id from public.projects where title = 'Forms'");
  browser.get("/app/projects/" + id + "?_method=DELETE&" + token);
  browser.get("/app/projects/" + id, "X-HTTP-Method-Override: DELETE\r\n");
  browser.post("/app/projects/" + id + "/title", token + "&_method=DELETE&title=Forms",
               "X-HTTP-Method-Override: DELETE\r\n");
  CHECK(browser.get("/app/projects/" + id + "/delete").status == 405);
  CHECK(browser.get("/logout").status == 405);
  CHECK(count() == "1");
  CHECK(browser.get("/app").status == 200);
}

namespace {

// The rows of every table but the counters of rate limits, which each request may move.
std::string all_counts() {
  return owner_text(R"(
    select string_agg(c.oid::regclass || ' ' || (xpath('/row/n/text()', query_to_xml(
             format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text, E'\n' order by c.oid)
      from pg_class c join pg_namespace s on s.oid = c.relnamespace
     where c.relkind = 'r' and s.nspname in ('public', 'auth', 'storage', 'tenon') and c.relname <> 'rate_buckets')");
}

std::string filled(std::string pattern, const std::string& project, const std::string& job) {
  const auto put = [&](std::string_view name, const std::string& value) {
    if (const std::size_t at = pattern.find(name); at != std::string::npos) pattern.replace(at, name.size(), value);
  };
  put("{id}", pattern.contains("/jobs/") ? job : project);
  put("{table}", "projects");
  put("{function}", "available_credits");
  put("{bucket}", "project-assets");
  put("{key...}", "a/b.jpg");
  put("{path...}", "app.css");
  put("{rest...}", "nothing");
  put("{provider}", "google");
  put("{status}", "404");
  return pattern;
}

}  // namespace

// docs/spec/security.md 4.4
TEST_CASE("GET and HEAD change nothing, whatever the route") {
  Web web;
  const std::string token = web.sign_in("reader@example.com");
  Browser browser{web};
  REQUIRE(browser.sign_in("reader@example.com").status == 303);
  const std::string project =
      member(web.call("POST", "/api/projects", json_headers(token), R"({"title":"Read"})"), "id");
  REQUIRE(project != "");
  const std::string job = "0190c8a4-7b1e-7cc0-8000-000000000001";
  const std::string key = process::service_headers();
  const std::string as_person = key.substr(0, key.find('\n') + 1) + "Authorization: Bearer " + token + "\r\n";
  core::Env env(
      {{"DATABASE_URL", std::getenv("TENON_TEST_URL")}, {"JWT_SECRET", "a secret of forty characters for it"}});
  const std::string before = all_counts();
  std::map<int, int> statuses;
  for (const http::Router::Route& route : app::route_table(app::Settings::from(env))) {
    if (route.method != http::Method::get || route.pattern.ends_with("/events")) continue;  // streams have no end
    if (route.pattern == "/auth/v1/reauthenticate") continue;  // the API's own: it sends a code, and HEAD is refused
    const std::string path = filled(route.pattern, project, job);
    CAPTURE(path);
    for (const char* method : {"GET", "HEAD"}) {
      ++statuses[browser
                     .send(std::string(method) + " " + path + " HTTP/1.1\r\n" + browser.host + kHtml +
                           "Connection: close\r\n" + browser.cookie() + "\r\n")
                     .status];
      ++statuses[web.call(method, path, as_person).status];
    }
  }
  CHECK(statuses[200] > 60);
  CHECK(all_counts() == before);
}

// docs/spec/security.md 4.6
TEST_CASE("after sign-in nobody is led off the site") {
  Web web;
  web.sign_in("next@example.com");
  for (const char* next :
       {"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example",
        "javascript:alert(1)", "/app/../../evil", "http:evil.example", "@evil.example", "/\tx"}) {
    CAPTURE(next);
    Browser browser{web};
    const Answer form = browser.get("/login?next=" + core::percent_encode(next));
    const Answer in =
        browser.post("/login",
                     "email=next%40example.com&password=a+password+of+the+tests&next=" + core::percent_encode(next) +
                         "&_csrf=" + core::percent_encode(browser.token_of(form)),
                     "");
    CHECK(in.status == 303);
    CHECK(in.header("location").starts_with("/"));
    CHECK_FALSE(in.header("location").starts_with("//"));
    CHECK_FALSE(in.header("location").contains("\\"));
  }
  Browser browser{web};
  CHECK(browser.get("/app/projects?q=1").header("location") == "/login?next=/app/projects%3Fq%3D1");
}

// docs/spec/security.md 4.7
TEST_CASE("neither Host nor a forwarded header ever becomes part of a link") {
  Web web({{"APP_BASE_URL", "https://app.example"}});
  const std::string token = web.sign_in("host@example.com");
  const std::string forged =
      "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Original-Host: evil.example\r\n"
      "Forwarded: host=evil.example;proto=https\r\nX-Forwarded-Server: evil.example\r\n";
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& headers,
                       const std::string& body) {
    live::Socket socket(web.port());
    socket.send(method + " " + path + " HTTP/1.1\r\nHost: evil.example\r\n" + forged + headers +
                (method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return socket.answer();
  };
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  for (int i = 0; i < 3; ++i) web.call("POST", "/api/projects", json_headers(token), R"({"title":"t"})");
  web.call("POST", "/storage/v1/object/project-assets/h", process::service_headers() + "Content-Type: image/png\r\n",
           "b");
  const std::string json = "Content-Type: application/json\r\n";
  const Answer answers[] = {
      ask("GET", "/", kHtml, ""),
      ask("GET", "/login", kHtml, ""),
      ask("GET", "/signup", kHtml, ""),
      ask("GET", "/app", kHtml, ""),
      ask("GET", "/app/projects", kHtml + bearer, ""),
      ask("GET", "/no-such-page", kHtml, ""),
      ask("GET", "/robots.txt", "", ""),
      ask("GET", "/api/projects?limit=1", bearer, ""),
      ask("GET", "/auth/v1/settings", process::service_headers(), ""),
      ask("GET", "/auth/v1/verify?token=x&type=signup&redirect_to=https://evil.test", "", ""),
      ask("POST", "/storage/v1/object/sign/project-assets/h", process::service_headers() + json, R"({"expiresIn":60})"),
      ask("POST", "/auth/v1/recover", process::service_headers() + json, R"({"email":"host@example.com"})"),
      ask("POST", "/auth/v1/signup", process::service_headers() + json,
          R"({"email":"new-host@example.com","password":"a password of the tests"})"),
  };
  for (const Answer& answer : answers) {
    CAPTURE(answer.head);
    CHECK(answer.status != 0);
    CHECK(answer.status < 500);
    CHECK_FALSE((answer.head + answer.body).contains("evil.example"));
    CHECK_FALSE(answer.header("location").contains("evil"));
    CHECK(answer.header("strict-transport-security") == "max-age=31536000");
  }
  CHECK(answers[7].header("link").contains("rel=\"next\""));
  CHECK(owner_text("select count(*) from tenon.outbox where payload::text like '%evil%'") == "0");
  CHECK(owner_text("select count(*) from public.email_log where to_jsonb(email_log)::text like '%evil%'") == "0");
  CHECK(owner_text("select count(*) > 0 from public.email_log") == "t");
}

// docs/spec/security.md 4.8
TEST_CASE("titles and file names are text wherever they come back") {
  Web web;
  const std::string token = web.sign_in("escape@example.com");
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  const std::string evil = R"(\"><script>alert(1)</script><img src=x onerror=alert(2)>{{{x}}}'`)";
  const Answer made = web.call("POST", "/api/projects", json_headers(token), R"({"title":")" + evil + "\"}");
  REQUIRE(made.status == 201);
  const std::string id = member(made, "id");
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; "
      "filename=\"%22><script>alert(3)</script>\\..\\x%0d%0aSet-Cookie: "
      "y=1.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" +
      photograph() +
      "\r\n--b\r\nContent-Disposition: form-data; "
      "name=\"caption\"\r\n\r\n\"><script>alert(4)</script>\r\n--b--\r\n";
  const Answer input = web.call("POST", "/api/projects/" + id + "/inputs",
                                bearer + "Content-Type: multipart/form-data; boundary=b\r\n", form);
  CHECK(input.status == 201);
  for (const std::string& path : {"/app/projects/" + id, std::string("/app/projects"), std::string("/app"),
                                  "/app/projects?q=" + core::percent_encode("\"><script>alert(5)</script>"),
                                  std::string("/login?next=") + core::percent_encode("/\"><script>alert(6)</script>"),
                                  std::string("/login?email=") + core::percent_encode("\"><script>alert(7)</script>"),
                                  "/app/" + core::percent_encode("\"><script>alert(8)</script>")}) {
    CAPTURE(path);
    const Answer page = web.call("GET", path, bearer + kHtml);
    CHECK(page.status != 500);
    CHECK_FALSE(page.body.contains("<script>"));
    CHECK_FALSE(page.body.contains("<img src=x"));
    CHECK_FALSE(page.head.contains("y=1"));
  }
  CHECK(web.call("GET", "/app/projects/" + id, bearer + kHtml).body.contains("&lt;script&gt;alert(1)"));
  const Answer json = web.call("GET", "/api/projects/" + id, bearer);
  CHECK(json.header("content-type") == "application/json; charset=utf-8");
  CHECK(json.header("x-content-type-options") == "nosniff");
}

// docs/spec/security.md 9.5
TEST_CASE("no debug route, dotfile, map or listing is served") {
  Web web;
  for (const char* path :
       {"/.env", "/.git/HEAD", "/static/", "/static", "/static/../.env", "/static/x/.env", "/server-status",
        "/debug/pprof", "/static/app.js.map", "/.well-known/security.txt~", "/metrics/", "/db/migrations", "/admin",
        "/phpinfo.php", "/realtime/v1/websocket", "/functions/v1/x"}) {
    CAPTURE(path);
    const int status = web.call("GET", path).status;
    CHECK((status == 404 || status == 400));
  }
}
