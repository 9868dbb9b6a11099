// A provider's flow in the database: good once and for ten minutes; its code and the tokens it seals.
#include "oauth/flow_state.h"

#include "identity/accounts.h"
#include "support/auth_app.h"

using namespace auth_test;
using oauth::FlowState;
using oauth::ReturnedFlow;

namespace {

core::Task<std::optional<ReturnedFlow>> take(pg::Tx& tx, core::Uuid& id, core::Time& now) {
  return oauth::consume_flow(tx, id, now);
}
core::Task<> put(pg::Tx& tx, FlowState& flow, core::Time& now) { return oauth::store_flow(tx, flow, now); }

struct Issue {
  FlowState flow;
  core::UserId user;
  oauth::ProviderProfile person;
  core::Time now;
};
core::Task<std::string> issue(pg::Tx& tx, Issue& what) {
  return oauth::issue_code(tx, what.flow, what.user, what.person, what.now);
}

const auto kAs = pg::as_service("a test");

FlowState begun(AuthApp& app) {
  FlowState flow;
  flow.id = core::Uuid::random();
  flow.provider = "acme";
  flow.redirect_to = "http://localhost:3000/welcome";
  flow.method = "s256";
  flow.challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  const core::Time now = app.clock.now();
  app.loop.run_until(app.db().in(kAs, put, flow, now));
  return flow;
}

std::optional<ReturnedFlow> taken(AuthApp& app, const FlowState& flow) {
  const core::Time now = app.clock.now();
  return app.loop.run_until(app.db().in(kAs, take, flow.id, now));
}

}  // namespace

TEST_CASE("a flow comes back once; a second return learns only where it wanted to go") {
  AuthApp app;
  const FlowState flow = begun(app);
  const auto first = taken(app, flow);
  REQUIRE(first);
  CHECK(first->good);
  CHECK(first->flow.challenge == flow.challenge);
  const auto second = taken(app, flow);
  REQUIRE(second);
  CHECK_FALSE(second->good);
  CHECK(second->flow.redirect_to == flow.redirect_to);
  CHECK_FALSE(taken(app, FlowState{.id = core::Uuid::random()}));
}

TEST_CASE("a flow that took more than ten minutes is over, and one of yesterday is forgotten") {
  AuthApp app;
  const FlowState late = begun(app);
  app.clock.advance(std::chrono::minutes(10));
  CHECK_FALSE(taken(app, late)->good);
  app.clock.advance(std::chrono::hours(25));
  begun(app);
  CHECK_FALSE(taken(app, late));
}

TEST_CASE("what is derived for a flow is its own, and none of it stands in the database") {
  AuthApp app;
  const FlowState one = begun(app), two = begun(app);
  CHECK(oauth::nonce_of(app.identity(), one) != oauth::nonce_of(app.identity(), two));
  CHECK(oauth::nonce_of(app.identity(), one) != oauth::verifier_of(app.identity(), one));
  const std::string row = cell("select to_jsonb(f)::text from auth.flow_state f where id = '" + one.id.str() + "'");
  CHECK(row.find(oauth::verifier_of(app.identity(), one)) == std::string::npos);
}

TEST_CASE("the provider's tokens are sealed for the code's holder and told once, with his session") {
  AuthApp app;
  const core::Json session = app.sign_in("otto@example.com");
  Issue what{begun(app), *core::UserId::parse(session["user"]["id"].string_or("")), {}, app.clock.now()};
  what.person.access_token = "the provider's access token";
  what.person.refresh_token = "the provider's refresh token";
  const std::string code = app.loop.run_until(app.db().in(kAs, issue, what));
  const std::string row =
      cell("select to_jsonb(f)::text from auth.flow_state f where id = '" + what.flow.id.str() + "'");
  CHECK(row.find(code) == std::string::npos);
  CHECK(row.find("the provider's") == std::string::npos);
  const std::string body =
      R"({"auth_code":")" + code + R"(","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})";
  const Answer answer = app.post("/token?grant_type=pkce", body);
  REQUIRE(answer.status == 200);
  CHECK(answer.json()["provider_token"].string_or("") == "the provider's access token");
  CHECK(answer.json()["provider_refresh_token"].string_or("") == "the provider's refresh token");
  CHECK(app.post("/token?grant_type=pkce", body).code() == "flow_state_not_found");
}

TEST_CASE("a code is good for five minutes") {
  AuthApp app;
  const core::Json session = app.sign_in("olga@example.com");
  const Issue what{begun(app), *core::UserId::parse(session["user"]["id"].string_or("")), {}, app.clock.now()};
  const std::string code = app.loop.run_until(app.db().in(kAs, issue, what));
  app.clock.advance(std::chrono::seconds(301));
  const Answer answer =
      app.post("/token?grant_type=pkce",
               R"({"auth_code":")" + code + R"(","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})");
  CHECK(answer.status == 422);
  CHECK(answer.code() == "flow_state_expired");
}
