// The whole route table, as the product mounts it, against callers who may not pass.
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <set>

#include "access/guard.h"
#include "access/identity_credentials.h"
#include "app/web.h"
#include "identity/api_keys.h"

namespace {

app::Settings settings() {
  core::Env env({{"DATABASE_URL", std::getenv("TENON_TEST_URL")},
                 {"JWT_SECRET", "a secret of forty characters for the tests"},
                 {"INTERNAL_NOTIFY_SECRET", "another secret for the callback"}});
  return app::Settings::from(env);
}

struct Door {
  app::Settings config = settings();
  core::Loop loop;
  core::SystemClock clock;
  core::BlockingPool pool{1, 16};
  pg::Db db{loop, config.db};
  identity::Identity identity{loop, pool, db, clock, config.identity};
  access_control::IdentityCredentials credentials{identity};
  access_control::Guard guard{loop, clock, credentials, config.access};

  ~Door() { loop.run_until(db.close()); }

  // The status that refuses, or nothing when the guard lets the request in.
  std::optional<int> refusal(const http::Router::Route& route, const std::string& authorization,
                             const std::string& apikey = "") {
    http::Request rq;
    rq.method = route.method;
    rq.route = route.pattern;
    rq.path = route.pattern;
    rq.target = route.pattern;
    rq.client_ip = "127.0.0.1";
    rq.headers.set("Host", "localhost:3000");
    if (!authorization.empty()) rq.headers.set("Authorization", authorization);
    if (!apikey.empty()) rq.headers.set("apikey", apikey);
    const std::optional<http::Response> answer = loop.run_until(guard.admit(rq, route.access));
    return answer ? std::optional<int>(answer->status) : std::nullopt;
  }
};

bool open_by_intent(const std::string& pattern) {
  // Routes without identity: they are public or carry their own proof (a signature, a signed link, a one-use token).
  static const std::set<std::string> kOpen{"/healthz",
                                           "/readyz",
                                           "/static/{path...}",
                                           "/favicon.ico",
                                           "/robots.txt",
                                           "/api/resend/webhook",
                                           "/auth/v1/verify",
                                           "/auth/v1/authorize",
                                           "/auth/v1/callback",
                                           "/auth/v1/health",
                                           "/auth/v1/.well-known/jwks.json",
                                           "/auth/v1/.well-known/openid-configuration",
                                           "/rest/v1",  // OPTIONS alone: what may be asked, never a row
                                           "/rest/v1/",
                                           "/rest/v1/{table}",
                                           "/rest/v1/rpc/{function}",
                                           "/auth/v1/{rest...}"};
  return kOpen.contains(pattern) || pattern.starts_with("/dev/") || pattern.starts_with("/storage/v1/object/sign/") ||
         pattern.starts_with("/storage/v1/object/public/") || pattern.starts_with("/storage/v1/object/upload/sign/") ||
         pattern.starts_with("/storage/v1/object/info/public/");
}

}  // namespace

TEST_CASE("without a session no route of a person, an admin or the worker lets anybody in") {
  Door door;
  int guarded = 0;
  for (const http::Router::Route& route : app::route_table(door.config)) {
    CAPTURE(route.pattern);
    const auto status = door.refusal(route, "");
    switch (route.access) {
      case http::Access::user:
      case http::Access::admin:
      case http::Access::internal:
      case http::Access::api_key:
        ++guarded;
        REQUIRE(status);
        CHECK((*status == 401 || *status == 403 || *status == 404 ||
               (*status == 303 && route.pattern.starts_with("/app"))));
        break;
      case http::Access::visitor:
        // Reading is open; a form needs its token, whoever sends it.
        if (route.method != http::Method::get && route.method != http::Method::head) CHECK(status == 403);
        break;
      case http::Access::anyone:
        CHECK_MESSAGE(open_by_intent(route.pattern), "a route without a guard that nobody decided on");
        break;
      case http::Access::bearer: break;  // judged by row-level security as nobody
    }
  }
  CHECK(guarded > 30);
}

TEST_CASE("a forged, expired or foreign token opens none of the guarded routes") {
  Door door;
  const std::string anon = identity::make_api_key(door.config.identity.jwt_secret.reveal(), "anon");
  const std::string foreign = identity::make_api_key("the secret of another installation, long enough", "service_role");
  for (const http::Router::Route& route : app::route_table(door.config)) {
    if (route.access != http::Access::user && route.access != http::Access::admin &&
        route.access != http::Access::internal)
      continue;
    CAPTURE(route.pattern);
    for (const std::string& token :
         {anon, foreign, std::string("eyJhbGciOiJub25lIn0.eyJyb2xlIjoic2VydmljZV9yb2xlIiwiZXhwIjo5OTk5OTk5OTk5fQ."),
          std::string("x"), std::string(9000, 'a'), door.config.identity.jwt_secret.reveal()})
      CHECK(door.refusal(route, "Bearer " + token, token));
  }
}

TEST_CASE("everything below /app is behind the login, and below /api behind some guard") {
  Door door;
  for (const http::Router::Route& route : app::route_table(door.config)) {
    CAPTURE(route.pattern);
    if (route.pattern == "/app" || route.pattern.starts_with("/app/")) CHECK(route.access == http::Access::user);
    if (route.pattern.starts_with("/api/") && route.pattern != "/api/resend/webhook")
      CHECK((route.access == http::Access::user || route.access == http::Access::internal));
    if (route.pattern.starts_with("/admin")) CHECK(route.access == http::Access::admin);
  }
}
