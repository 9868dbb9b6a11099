// Who receives welcome credits when an address is proved, and what is left of an unverified sign-up.
#include "identity/claim_address.h"

#include "identity/accounts.h"
#include "oauth/linking.h"
#include "support/auth_house.h"

using namespace auth_test;
using http::Method;

namespace {

std::string credits(const std::string& address) {
  return cell(
      "select coalesce(sum(l.amount), 0) from public.credit_ledger l join auth.users u on u.id = l.user_id "
      "where u.email = '" +
      address + "'");
}

void invite(House& house, const std::string& address) {
  const Answer invited = house.call(Method::post, "/auth/v1/invite", house.wire_headers(house.service, ""),
                                    R"({"email":")" + address + "\"}");
  REQUIRE(invited.status == 200);
}

struct Arrival {
  identity::Identity* identity;
  oauth::ProviderProfile profile;
};
core::Task<core::UserId> arrive(pg::Tx& tx, Arrival& arrival) {
  return oauth::find_or_create_user(*arrival.identity, tx, arrival.profile, {});
}

void sign_in_by_provider(House& house, const std::string& address) {
  const Arrival arrival{&house.identity(),
                        {.provider = "acme", .subject = address, .email = address, .email_verified = true}};
  house.loop.run_until(house.db().in(pg::as_service("a test"), arrive, arrival));
}

}  // namespace

TEST_CASE("an invited user receives no welcome credits, whichever way they prove their address") {
  House house([](Config& config) { config.identity.welcome_credits = 5; });
  invite(house, "ida@example.com");
  house.post("/verify", R"({"type":"invite","token_hash":")" + house.mail("ida@example.com", "invite").token + "\"}");
  CHECK(credits("ida@example.com") == "0");

  invite(house, "ivo@example.com");
  house.post("/recover", R"({"email":"ivo@example.com"})");
  const std::string token = house.mail("ivo@example.com", "recovery").token;
  house.loop.run_until(identity::reset_password(house.identity(), token, "correct horse battery", {}));
  CHECK(credits("ivo@example.com") == "0");

  invite(house, "ilse@example.com");
  sign_in_by_provider(house, "ilse@example.com");
  CHECK(credits("ilse@example.com") == "0");
  CHECK(cell("select email_confirmed_at is not null from auth.users where email = 'ilse@example.com'") == "t");
}

TEST_CASE("a user who signed up themselves receives them by recovery and by a provider too, once") {
  House house([](Config& config) { config.identity.welcome_credits = 5; });
  house.post("/signup", R"({"email":"rosa@example.com","password":"correct horse battery"})");
  house.post("/recover", R"({"email":"rosa@example.com"})");
  const std::string token = house.mail("rosa@example.com", "recovery").token;
  house.loop.run_until(identity::reset_password(house.identity(), token, "another horse battery", {}));
  CHECK(credits("rosa@example.com") == "5");
  sign_in_by_provider(house, "rosa@example.com");
  CHECK(credits("rosa@example.com") == "5");

  house.post("/signup", R"({"email":"rolf@example.com","password":"correct horse battery"})");
  sign_in_by_provider(house, "rolf@example.com");
  CHECK(credits("rolf@example.com") == "5");
  CHECK(cell("select encrypted_password is null from auth.users where email = 'rolf@example.com'") == "t");
}
