#include <doctest/doctest.h>

#include "core/crypto.h"
#include "storage/signed_url_token.h"

using storage::Scope;
using storage::TokenError;

namespace {

const core::Secret kJwtSecret("a secret of the tests only, long enough");
const core::Secret kKey = storage::derive_signing_key(kJwtSecret);

std::string sample(Scope scope = Scope::download) {
  storage::SignedUrlClaims claims;
  claims.scope = scope;
  claims.path = "b/a/x.png";
  claims.issued = 1000;
  claims.expires = 2000;
  if (scope == Scope::upload) claims.owner = "someone";
  claims.upsert = true;
  return storage::sign_token(kKey, claims);
}

std::string hand_made(std::string_view head, std::string_view body, const core::Secret& key) {
  const std::string part = core::base64url(head) + "." + core::base64url(body);
  return part + "." + core::base64url(core::hmac_sha256(key.reveal(), part));
}

std::optional<TokenError> fault(std::string_view token, Scope scope = Scope::download,
                                std::string_view url = "b/a/x.png", std::int64_t now = 1500) {
  const auto judged = storage::verify_token(kKey, token, scope, url, now);
  const auto* found = std::get_if<TokenError>(&judged);
  return found ? std::optional{*found} : std::nullopt;
}

}  // namespace

TEST_CASE("a token is valid for its own path and purpose until it expires") {
  CHECK(!fault(sample()));
  CHECK(!fault(sample(), Scope::download, "b/a/x.png", 1999));
  CHECK(fault(sample(), Scope::download, "b/a/x.png", 2000) == TokenError::expired);
  CHECK(fault(sample(), Scope::download, "b/a/y.png") == TokenError::wrong_path);
  CHECK(fault(sample(), Scope::download, "c/a/x.png") == TokenError::wrong_path);
  CHECK(fault(sample(), Scope::upload) == TokenError::wrong_scope);
  CHECK(fault(sample(Scope::upload), Scope::download) == TokenError::wrong_scope);
}

TEST_CASE("an upload token carries owner and upsert, a download token neither") {
  const auto up = storage::verify_token(kKey, sample(Scope::upload), Scope::upload, "b/a/x.png", 1500);
  REQUIRE(std::holds_alternative<storage::SignedUrlClaims>(up));
  CHECK(std::get<storage::SignedUrlClaims>(up).owner == "someone");
  CHECK(std::get<storage::SignedUrlClaims>(up).upsert);
  const auto down = storage::verify_token(kKey, sample(), Scope::download, "b/a/x.png", 1500);
  CHECK(!std::get<storage::SignedUrlClaims>(down).upsert);
}

TEST_CASE("every changed character of a token is refused") {
  const std::string good = sample();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    CHECK_MESSAGE(fault(bad).has_value(), "changed at " << i);
  }
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_MESSAGE(fault(good.substr(0, n)).has_value(), "cut at " << n);
}

TEST_CASE("the header never chooses the algorithm") {
  const std::string claims = R"({"url":"b/a/x.png","scope":"download","iat":1000,"exp":2000})";
  CHECK(!fault(hand_made(R"({"alg":"HS256","typ":"JWT"})", claims, kKey)));
  CHECK(fault(hand_made(R"({"alg":"none","typ":"JWT"})", claims, kKey)) == TokenError::bad_signature);
  CHECK(fault(hand_made(R"({"alg":"HS512","typ":"JWT"})", claims, kKey)) == TokenError::bad_signature);
  CHECK(fault(hand_made(R"({"alg":"HS256","crit":["x"]})", claims, kKey)) == TokenError::bad_signature);
  CHECK(fault(core::base64url(R"({"alg":"none"})") + "." + core::base64url(claims) + ".").has_value());
}

TEST_CASE("a session token of the same server is no signed-URL token") {
  const std::string claims = R"({"url":"b/a/x.png","scope":"download","iat":1000,"exp":2000,"role":"service_role"})";
  CHECK(fault(hand_made(R"({"alg":"HS256","typ":"JWT"})", claims, kJwtSecret)) == TokenError::bad_signature);
}

TEST_CASE("an expiry that is no whole number is refused") {
  for (const char* claims :
       {R"({"url":"b/a/x.png","scope":"download"})", R"({"url":"b/a/x.png","scope":"download","exp":"9999"})",
        R"({"url":"b/a/x.png","scope":"download","exp":1e99})", R"([1])", "x"})
    CHECK_MESSAGE(fault(hand_made(R"({"alg":"HS256","typ":"JWT"})", claims, kKey)) == TokenError::malformed, claims);
  CHECK(fault(std::string(9000, 'a')) == TokenError::malformed);
}
