// A provider's flow in the database: good once and for ten minutes; its code and the tokens it seals.
#include "oauth/flow_state.h"

#include "identity/accounts.h"
#include "support/auth_house.h"

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

FlowState begun(House& house) {
  FlowState flow;
  flow.id = core::Uuid::random();
  flow.provider = "acme";
  flow.redirect_to = "http://localhost:3000/welcome";
  flow.method = "s256";
  flow.challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  const core::Time now = house.clock.now();
  house.loop.run_until(house.db().in(kAs, put, flow, now));
  return flow;
}

std::optional<ReturnedFlow> taken(House& house, const FlowState& flow) {
  const core::Time now = house.clock.now();
  return house.loop.run_until(house.db().in(kAs, take, flow.id, now));
}

}  // namespace

TEST_CASE("a flow comes back once; a second return learns only where it wanted to go") {
  House house;
  const FlowState flow = begun(house);
  const auto first = taken(house, flow);
  REQUIRE(first);
  CHECK(first->good);
  CHECK(first->flow.challenge == flow.challenge);
  const auto second = taken(house, flow);
  REQUIRE(second);
  CHECK_FALSE(second->good);
  CHECK(second->flow.redirect_to == flow.redirect_to);
  CHECK_FALSE(taken(house, FlowState{.id = core::Uuid::random()}));
}

TEST_CASE("a flow that took more than ten minutes is over, and one of yesterday is forgotten") {
  House house;
  const FlowState late = begun(house);
  house.clock.advance(std::chrono::minutes(10));
  CHECK_FALSE(taken(house, late)->good);
  house.clock.advance(std::chrono::hours(25));
  begun(house);
  CHECK_FALSE(taken(house, late));
}

TEST_CASE("what is derived for a flow is its own, and none of it stands in the database") {
  House house;
  const FlowState one = begun(house), two = begun(house);
  CHECK(oauth::nonce_of(house.identity(), one) != oauth::nonce_of(house.identity(), two));
  CHECK(oauth::nonce_of(house.identity(), one) != oauth::verifier_of(house.identity(), one));
  const std::string row = cell("select to_jsonb(f)::text from auth.flow_state f where id = '" + one.id.str() + "'");
  CHECK(row.find(oauth::verifier_of(house.identity(), one)) == std::string::npos);
}

TEST_CASE("the provider's tokens are sealed for the code's holder and told once, with his session") {
  House house;
  const core::Json session = house.sign_in("otto@example.com");
  Issue what{begun(house), *core::UserId::parse(session["user"]["id"].string_or("")), {}, house.clock.now()};
  what.person.access_token = "the provider's access token";
  what.person.refresh_token = "the provider's refresh token";
  const std::string code = house.loop.run_until(house.db().in(kAs, issue, what));
  const std::string row =
      cell("select to_jsonb(f)::text from auth.flow_state f where id = '" + what.flow.id.str() + "'");
  CHECK(row.find(code) == std::string::npos);
  CHECK(row.find("the provider's") == std::string::npos);
  const std::string body =
      R"({"auth_code":")" + code + R"(","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})";
  const Answer answer = house.post("/token?grant_type=pkce", body);
  REQUIRE(answer.status == 200);
  CHECK(answer.json()["provider_token"].string_or("") == "the provider's access token");
  CHECK(answer.json()["provider_refresh_token"].string_or("") == "the provider's refresh token");
  CHECK(house.post("/token?grant_type=pkce", body).code() == "flow_state_not_found");
}

TEST_CASE("a code is good for five minutes") {
  House house;
  const core::Json session = house.sign_in("olga@example.com");
  const Issue what{begun(house), *core::UserId::parse(session["user"]["id"].string_or("")), {}, house.clock.now()};
  const std::string code = house.loop.run_until(house.db().in(kAs, issue, what));
  house.clock.advance(std::chrono::seconds(301));
  const Answer answer =
      house.post("/token?grant_type=pkce",
                 R"({"auth_code":")" + code + R"(","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})");
  CHECK(answer.status == 422);
  CHECK(answer.code() == "flow_state_expired");
}
