// Welcome credits when an address is proved, and the remains of an unverified sign-up.
#include "identity/claim_address.h"

#include "identity/accounts.h"
#include "oauth/linking.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

std::string credits(const std::string& address) {
  return cell(
      "select coalesce(sum(l.amount), 0) from public.credit_ledger l join auth.users u on u.id = l.user_id "
      "where u.email = '" +
      address + "'");
}

void invite(AuthApp& app, const std::string& address) {
  const Answer invited =
      app.call(Method::post, "/auth/v1/invite", app.api_headers(app.service, ""), R"({"email":")" + address + "\"}");
  REQUIRE(invited.status == 200);
}

struct Arrival {
  identity::Identity* identity;
  oauth::ProviderProfile profile;
};
core::Task<core::UserId> arrive(pg::Tx& tx, Arrival& arrival) {
  return oauth::find_or_create_user(*arrival.identity, tx, arrival.profile, {});
}

void sign_in_by_provider(AuthApp& app, const std::string& address) {
  const Arrival arrival{&app.identity(),
                        {.provider = "acme", .subject = address, .email = address, .email_verified = true}};
  app.loop.run_until(app.db().in(pg::as_service("a test"), arrive, arrival));
}

}  // namespace

TEST_CASE("an invited user receives no welcome credits, whichever way they prove their address") {
  AuthApp app([](Config& config) { config.identity.welcome_credits = 5; });
  invite(app, "ida@example.com");
  app.post("/verify", R"({"type":"invite","token_hash":")" + app.mail("ida@example.com", "invite").token + "\"}");
  CHECK(credits("ida@example.com") == "0");

  invite(app, "ivo@example.com");
  app.post("/recover", R"({"email":"ivo@example.com"})");
  const std::string token = app.mail("ivo@example.com", "recovery").token;
  app.loop.run_until(identity::reset_password(app.identity(), token, "correct horse battery", {}));
  CHECK(credits("ivo@example.com") == "0");

  invite(app, "ilse@example.com");
  sign_in_by_provider(app, "ilse@example.com");
  CHECK(credits("ilse@example.com") == "0");
  CHECK(cell("select email_confirmed_at is not null from auth.users where email = 'ilse@example.com'") == "t");
}

TEST_CASE("a user who signed up themselves receives them by recovery and by a provider too, once") {
  AuthApp app([](Config& config) { config.identity.welcome_credits = 5; });
  app.post("/signup", R"({"email":"rosa@example.com","password":"correct horse battery"})");
  app.post("/recover", R"({"email":"rosa@example.com"})");
  const std::string token = app.mail("rosa@example.com", "recovery").token;
  app.loop.run_until(identity::reset_password(app.identity(), token, "another horse battery", {}));
  CHECK(credits("rosa@example.com") == "5");
  sign_in_by_provider(app, "rosa@example.com");
  CHECK(credits("rosa@example.com") == "5");

  app.post("/signup", R"({"email":"rolf@example.com","password":"correct horse battery"})");
  sign_in_by_provider(app, "rolf@example.com");
  CHECK(credits("rolf@example.com") == "5");
  CHECK(cell("select encrypted_password is null from auth.users where email = 'rolf@example.com'") == "t");
}
