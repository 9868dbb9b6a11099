// KeySet of both kinds: which token counts, and which forged one does not.
#include <doctest/doctest.h>

#include <string>

#include "core/crypto.h"
#include "identity/jwt.h"
#include "identity/key_set.h"

namespace {

using identity::jwt::Fault;
using identity::jwt::KeySet;
using identity::jwt::PublicKey;

constexpr std::string_view kSecret = "a secret of at least thirty-two bytes";
const core::Time kNow = *core::parse_rfc3339("2026-06-01T12:00:00Z");
const std::int64_t kSeconds = core::unix_seconds(kNow);

std::string raw(std::string_view text) { return *core::unbase64url(text); }

std::string claims(std::string_view more = "", std::int64_t exp = kSeconds + 60) {
  return R"({"role":"authenticated","aud":"authenticated","sub":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","exp":)" +
         std::to_string(exp) + std::string(more) + "}";
}

std::string head_and_body(std::string_view header, std::string_view payload) {
  return core::base64url(header) + "." + core::base64url(payload);
}
std::string hs256(std::string_view header, std::string_view payload, std::string_view secret) {
  const std::string part = head_and_body(header, payload);
  return part + "." + core::base64url(core::hmac_sha256(secret, part));
}
std::string es256(std::string_view header, std::string_view payload, const core::EcKey& key) {
  const std::string part = head_and_body(header, payload);
  return part + "." + core::base64url(key.sign(part));
}

PublicKey public_of(std::string kid, const core::EcKey& key) { return {std::move(kid), "ES256", key.x(), key.y()}; }

}  // namespace

TEST_CASE("the examples of RFC 7515 A.2 (RS256) and A.3 (ES256) verify, and not with one bit changed") {
  KeySet keys(kSecret);
  keys.trust({"", "ES256", raw("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
              raw("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")});
  KeySet rsa(kSecret);
  rsa.trust(
      {"", "RS256",
       raw("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
           "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
           "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
           "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
       raw("AQAB")});
  const std::string payload =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const std::string ec = "eyJhbGciOiJFUzI1NiJ9." + payload +
                         ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  const std::string rs =
      "eyJhbGciOiJSUzI1NiJ9." + payload +
      ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
      "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
      "xi12j"
      "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
      "IoypGlUPQG"
      "e77Rw";
  for (const auto& [token, set] : {std::pair{ec, &keys}, std::pair{rs, &rsa}}) {
    const auto opened = identity::jwt::verify_signature(token, *set);
    REQUIRE(opened.has_value());
    CHECK(core::Json::parse(*opened)->operator[]("iss").string_or("") == "joe");
    std::string other = token;
    other[40] = other[40] == 'A' ? 'B' : 'A';
    CHECK_FALSE(identity::jwt::verify_signature(other, *set).has_value());
  }
  CHECK_FALSE(identity::jwt::verify_signature(ec, rsa).has_value());
  CHECK_FALSE(identity::jwt::verify_signature(rs, keys).has_value());
}

TEST_CASE("an own ES256 key signs what the set verifies, and survives its way through the table") {
  const core::EcKey key = core::EcKey::generate();
  KeySet keys(kSecret);
  keys.trust(public_of("k1", key));
  keys.sign_with("k1", key);
  const std::string token = identity::jwt::sign(claims(), keys);
  const auto header = core::Json::parse(raw(token.substr(0, token.find('.'))));
  CHECK((*header)["alg"].string_or("") == "ES256");
  CHECK((*header)["kid"].string_or("") == "k1");
  CHECK(identity::jwt::verify(token, keys, kNow).has_value());
  const auto back = core::EcKey::from_private(key.private_der());
  REQUIRE(back.has_value());
  CHECK(back->x() == key.x());
  CHECK(identity::jwt::verify(es256(R"({"alg":"ES256","kid":"k1"})", claims(), *back), keys, kNow).has_value());
  CHECK_FALSE(core::EcKey::from_private("rubbish").has_value());
}

TEST_CASE("no forged token counts") {
  const core::EcKey ours = core::EcKey::generate();
  const core::EcKey before = core::EcKey::generate();
  const core::EcKey theirs = core::EcKey::generate();
  KeySet keys(kSecret);
  keys.trust(public_of("now", ours));
  keys.trust(public_of("before", before));
  keys.sign_with("now", ours);
  const std::string jwk = identity::jwt::jwk_of(public_of("theirs", theirs));
  const std::string good = es256(R"({"alg":"ES256","kid":"now"})", claims(), ours);
  REQUIRE(identity::jwt::verify(good, keys, kNow).has_value());
  REQUIRE(identity::jwt::verify(es256(R"({"alg":"ES256","kid":"before"})", claims(), before), keys, kNow).has_value());
  REQUIRE(identity::jwt::verify(hs256(R"({"alg":"HS256"})", claims(), kSecret), keys, kNow).has_value());

  struct Forged {
    const char* what;
    std::string token;
    Fault fault;
  };
  const std::string unsigned_part = head_and_body(R"({"alg":"none"})", claims());
  const std::string der = ours.sign(head_and_body(R"({"alg":"ES256","kid":"now"})", claims()));
  const Forged table[] = {
      {"alg none, no signature", unsigned_part + ".", Fault::bad_algorithm},
      {"alg None", head_and_body(R"({"alg":"None"})", claims()) + ".", Fault::bad_algorithm},
      {"alg none, our own signature", unsigned_part + "." + core::base64url(ours.sign(unsigned_part)),
       Fault::bad_algorithm},
      {"no alg", hs256("{}", claims(), kSecret), Fault::bad_algorithm},
      {"another's key under our kid", es256(R"({"alg":"ES256","kid":"now"})", claims(), theirs), Fault::bad_signature},
      {"a kid we do not know", es256(R"({"alg":"ES256","kid":"theirs"})", claims(), theirs), Fault::bad_signature},
      {"the right key under the wrong kid", es256(R"({"alg":"ES256","kid":"before"})", claims(), ours),
       Fault::bad_signature},
      {"no kid", es256(R"({"alg":"ES256"})", claims(), ours), Fault::bad_signature},
      {"a kid that is a path", es256(R"({"alg":"ES256","kid":"../../dev/null"})", claims(), ours),
       Fault::bad_signature},
      {"a kid that is no text", es256(R"({"alg":"ES256","kid":1})", claims(), ours), Fault::malformed},
      {"an embedded jwk", es256(R"({"alg":"ES256","jwk":)" + jwk + "}", claims(), theirs), Fault::bad_signature},
      {"an embedded jwk under our kid", es256(R"({"alg":"ES256","kid":"now","jwk":)" + jwk + "}", claims(), theirs),
       Fault::bad_signature},
      {"a jku", es256(R"({"alg":"ES256","kid":"theirs","jku":"https://evil.example/jwks.json"})", claims(), theirs),
       Fault::bad_signature},
      {"an unknown crit", es256(R"({"alg":"ES256","kid":"now","crit":["exp"]})", claims(), ours), Fault::malformed},
      {"key confusion: our public x as a secret", hs256(R"({"alg":"HS256"})", claims(), ours.x()),
       Fault::bad_signature},
      {"key confusion: our JWK as a secret",
       hs256(R"({"alg":"HS256","kid":"now"})", claims(), identity::jwt::jwk_of(public_of("now", ours))),
       Fault::bad_signature},
      {"key confusion: the empty secret", hs256(R"({"alg":"HS256"})", claims(), ""), Fault::bad_signature},
      {"our secret under a public key's kid", hs256(R"({"alg":"HS256","kid":"now"})", claims(), kSecret),
       Fault::bad_signature},
      {"HS512 by name", hs256(R"({"alg":"HS512"})", claims(), kSecret), Fault::bad_algorithm},
      {"RS256 by name", es256(R"({"alg":"RS256","kid":"now"})", claims(), ours), Fault::bad_signature},
      {"a signature of zeros",
       head_and_body(R"({"alg":"ES256","kid":"now"})", claims()) + "." + core::base64url(std::string(64, '\0')),
       Fault::bad_signature},
      {"half a signature", good.substr(0, good.size() - 22), Fault::bad_signature},
      {"expired", es256(R"({"alg":"ES256","kid":"now"})", claims("", kSeconds), ours), Fault::expired},
      {"no exp", es256(R"({"alg":"ES256","kid":"now"})", R"({"role":"authenticated"})", ours), Fault::bad_claims},
      {"not valid yet",
       es256(R"({"alg":"ES256","kid":"now"})", claims(",\"nbf\":" + std::to_string(kSeconds + 30)), ours),
       Fault::not_yet_valid},
      {"another audience",
       es256(R"({"alg":"ES256","kid":"now"})",
             R"({"role":"authenticated","aud":"somebody-else","exp":)" + std::to_string(kSeconds + 60) + "}", ours),
       Fault::other_audience},
      {"another role",
       es256(R"({"alg":"ES256","kid":"now"})", R"({"role":"postgres","exp":)" + std::to_string(kSeconds + 60) + "}",
             ours),
       Fault::bad_claims},
  };
  for (const Forged& forged : table) {
    CAPTURE(forged.what);
    const auto verified = identity::jwt::verify(forged.token, keys, kNow);
    REQUIRE_FALSE(verified.has_value());
    CHECK(verified.error() == forged.fault);
  }
  CHECK(der.size() == 64);
}

TEST_CASE("a JWK set shows public halves only, and reads what it shows") {
  const core::EcKey key = core::EcKey::generate();
  KeySet keys(kSecret);
  CHECK(keys.jwks() == R"({"keys":[]})");
  keys.trust(public_of("k1", key));
  const core::Json set = *core::Json::parse(keys.jwks());
  const core::Json jwk = set["keys"][0];
  CHECK(jwk["kid"].string_or("") == "k1");
  CHECK(jwk["kty"].string_or("") == "EC");
  CHECK(jwk["alg"].string_or("") == "ES256");
  CHECK_FALSE(jwk.has("d"));
  CHECK(keys.jwks().find(kSecret) == std::string::npos);
  const auto back = identity::jwt::public_key(jwk);
  REQUIRE(back.has_value());
  CHECK(back->a == key.x());
  for (const char* bad :
       {R"({"kty":"oct","kid":"a","k":"AAAA"})", R"({"kty":"EC","crv":"P-384","kid":"a"})",
        R"({"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"})", R"({"kty":"RSA","kid":"a"})", R"([])"})
    CHECK_FALSE(identity::jwt::public_key(*core::Json::parse(bad)).has_value());
}
