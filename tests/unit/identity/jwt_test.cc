#include <doctest/doctest.h>

#include <string>

#include "core/crypto.h"
#include "identity/api_keys.h"
#include "identity/jwt.h"

namespace {

using identity::jwt::Fault;

constexpr std::string_view kSecret = "a secret of at least thirty-two bytes";
const core::Time kNow = *core::parse_rfc3339("2026-06-01T12:00:00Z");
const std::int64_t kSeconds = core::unix_seconds(kNow);

std::string claims(std::string_view more, std::int64_t exp = kSeconds + 60) {
  return R"({"role":"authenticated","sub":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","exp":)" + std::to_string(exp) +
         std::string(more) + "}";
}

std::string with_header(std::string_view header, std::string_view payload, std::string_view secret = kSecret) {
  const std::string part = core::base64url(header) + "." + core::base64url(payload);
  return part + "." + core::base64url(core::hmac_sha256(secret, part));
}

Fault fault_of(std::string_view token) {
  const auto verified = identity::jwt::verify(token, kSecret, kNow);
  REQUIRE_FALSE(verified.has_value());
  return verified.error();
}

}  // namespace

TEST_CASE("the example of RFC 7515 A.1 verifies, and not with one bit changed") {
  const std::string key =
      *core::unbase64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto payload = identity::jwt::verify_signature(token, key);
  REQUIRE(payload.has_value());
  CHECK(core::Json::parse(*payload)->operator[]("iss").string_or("") == "joe");
  std::string other = token;
  other[50] ^= 1;
  CHECK_FALSE(identity::jwt::verify_signature(other, key).has_value());
  CHECK_FALSE(identity::jwt::verify_signature(token, key.substr(1)).has_value());
}

TEST_CASE("what sign makes, verify reads") {
  const std::string token = identity::jwt::sign(
      claims(R"(,"email":"ada@example.com","session_id":"11111111-1111-4111-8111-111111111111")"), kSecret);
  const auto verified = identity::jwt::verify(token, kSecret, kNow);
  REQUIRE(verified.has_value());
  CHECK(verified->role == "authenticated");
  CHECK(verified->email == "ada@example.com");
  CHECK(verified->user->str() == "6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
  CHECK(verified->session->str() == "11111111-1111-4111-8111-111111111111");
}

TEST_CASE("a token ends with the second that exp names") {
  CHECK(identity::jwt::verify(identity::jwt::sign(claims("", kSeconds + 1), kSecret), kSecret, kNow).has_value());
  CHECK(fault_of(identity::jwt::sign(claims("", kSeconds), kSecret)) == Fault::expired);
  CHECK(identity::jwt::verify_expired(identity::jwt::sign(claims("", kSeconds - 99999), kSecret), kSecret, kNow)
            .has_value());
}

TEST_CASE("the header chooses neither key nor algorithm") {
  const std::string good = claims("");
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"HS512","typ":"JWT"})", R"({"alg":"hs256"})", R"({"alg":"RS256"})",
        R"({"typ":"JWT"})", R"({"alg":["HS256"]})", R"({"alg":"HS256","crit":["exp"]})", R"("HS256")", "{", ""}) {
    CAPTURE(header);
    CHECK_FALSE(identity::jwt::verify(with_header(header, good), kSecret, kNow).has_value());
  }
  CHECK(identity::jwt::verify(with_header(R"({"alg":"HS256","kid":"x","jwk":{"k":"AA"}})", good), kSecret, kNow)
            .has_value());
  const std::string none = core::base64url(R"({"alg":"none"})") + "." + core::base64url(good) + ".";
  CHECK(fault_of(none) == Fault::bad_algorithm);
  CHECK(fault_of(with_header(R"({"alg":"HS512"})", good)) == Fault::bad_algorithm);
  CHECK(fault_of(with_header(R"({"alg":"RS256"})", good)) == Fault::bad_signature);  // ours, but no such key
}

TEST_CASE("claims that are not as they must be are refused") {
  for (const char* payload :
       {R"({"role":"authenticated"})", R"({"role":"authenticated","exp":"9999999999"})",
        R"({"role":"authenticated","exp":null})", R"({"exp":9999999999})", R"({"role":"postgres","exp":9999999999})",
        R"({"role":["service_role"],"exp":9999999999})", R"({"role":"anon","exp":9999999999,"sub":7})",
        R"({"role":"anon","exp":9999999999,"session_id":"x"})", R"({"role":"anon","exp":1e400})",
        R"({"role":"anon","exp":-1})", R"({"role":"anon","exp":9999999999,"nbf":"now"})", R"(["anon"])", "anon", ""}) {
    CAPTURE(payload);
    CHECK_FALSE(identity::jwt::verify(identity::jwt::sign(payload, kSecret), kSecret, kNow).has_value());
  }
  CHECK(fault_of(identity::jwt::sign(claims(R"(,"nbf":)" + std::to_string(kSeconds + 5)), kSecret)) ==
        Fault::not_yet_valid);
}

TEST_CASE("a token of odd form is refused") {
  const std::string good = identity::jwt::sign(claims(""), kSecret);
  REQUIRE(identity::jwt::verify(good, kSecret, kNow).has_value());
  for (const std::string& bad : {std::string(), std::string("."), std::string(".."), good + ".", good + ".x",
                                 "." + good, good + "=", good + " ", " " + good, good.substr(0, good.size() - 1),
                                 good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1)}) {
    CAPTURE(bad);
    CHECK_FALSE(identity::jwt::verify(bad, kSecret, kNow).has_value());
  }
  CHECK_FALSE(identity::jwt::verify(identity::jwt::sign(claims(R"(,"x":")" + std::string(9000, 'x') + "\""), kSecret),
                                    kSecret, kNow));
  CHECK_FALSE(identity::jwt::verify(good, std::string_view(), kNow).has_value());
}

TEST_CASE("an API key is the same for the same secret, and bears its role and no user") {
  const std::string key = identity::make_api_key(kSecret, "service_role");
  CHECK(key == identity::make_api_key(kSecret, "service_role"));
  CHECK(key != identity::make_api_key("another secret, as long as the first", "service_role"));
  const auto verified = identity::jwt::verify(key, kSecret, kNow);
  REQUIRE(verified.has_value());
  CHECK(verified->role == "service_role");
  CHECK(verified->subject.empty());
}

TEST_CASE("on the data API clocks may differ by half a minute, and a token without a role is anon's") {
  const auto leniently = [](std::string_view payload) {
    identity::jwt::VerifiedTokenCache cache;
    return cache.verify(identity::jwt::sign(payload, kSecret), kSecret, kNow, identity::jwt::Clocks::lenient);
  };
  CHECK(leniently(claims("", kSeconds - 29)).has_value());
  CHECK(leniently(claims("", kSeconds - 30)).error() == Fault::expired);
  CHECK(leniently(claims(",\"nbf\":" + std::to_string(kSeconds + 30))).has_value());
  CHECK(leniently(claims(",\"nbf\":" + std::to_string(kSeconds + 31))).error() == Fault::not_yet_valid);
  CHECK(leniently(claims(",\"iat\":" + std::to_string(kSeconds + 30))).has_value());
  CHECK(leniently(claims(",\"iat\":" + std::to_string(kSeconds + 31))).error() == Fault::issued_in_future);
  const auto roleless = leniently(R"({"exp":)" + std::to_string(kSeconds + 60) + "}");
  REQUIRE(roleless.has_value());
  CHECK(roleless->role == "anon");
  for (const std::string role : {"\"\"", "null", "1", "\"postgres\""})
    CHECK(leniently(R"({"role":)" + role + R"(,"exp":)" + std::to_string(kSeconds + 60) + "}").error() ==
          Fault::bad_claims);
  CHECK(leniently(R"({"role":"anon"})").error() == Fault::bad_claims);
}

TEST_CASE("a token that was right once is judged by its time and claims again, and only its very bytes are known") {
  using identity::jwt::VerifiedTokenCache;
  const identity::jwt::KeySet keys(kSecret);
  VerifiedTokenCache cache;
  const std::string good = identity::jwt::sign(claims("", kSeconds + 60), keys);
  for (int i = 0; i < 2; ++i) {
    const auto verified = cache.verify(good, keys, kNow, identity::jwt::Clocks::strict);
    REQUIRE(verified);
    CHECK(verified->text == claims("", kSeconds + 60));
  }
  const auto late = cache.verify(good, keys, kNow + std::chrono::seconds(61), identity::jwt::Clocks::strict);
  CHECK((!late && late.error() == identity::jwt::Fault::expired));
  CHECK(cache.verify(good, keys, kNow + std::chrono::seconds(61), identity::jwt::Clocks::lenient));
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    std::string other = good;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(cache.verify(other, keys, kNow, identity::jwt::Clocks::strict));
  }
  const identity::jwt::KeySet others(std::string(kSecret) + "x");
  cache.clear();
  CHECK_FALSE(cache.verify(good, others, kNow, identity::jwt::Clocks::strict));
  const std::string bad = identity::jwt::sign(claims(R"(,"aud":"elsewhere")", kSeconds + 60), keys);
  for (int i = 0; i < 2; ++i) CHECK_FALSE(cache.verify(bad, keys, kNow, identity::jwt::Clocks::strict));
}
