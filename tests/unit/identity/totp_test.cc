#include <doctest/doctest.h>

#include <string>

#include "identity/qr_code.h"
#include "identity/totp.h"

using namespace identity;

TEST_CASE("the codes of RFC 6238 appendix B, SHA-1") {
  const std::string secret = "12345678901234567890";
  const std::pair<std::int64_t, const char*> vectors[] = {{59, "94287082"},         {1111111109, "07081804"},
                                                          {1111111111, "14050471"}, {1234567890, "89005924"},
                                                          {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [time, code] : vectors) {
    CHECK(totp::code(secret, time / 30, 8) == code);
    CHECK(totp::code(secret, time / 30) == std::string(code).substr(2));
  }
}

TEST_CASE("a code counts in its own half minute, the one before and the one after") {
  const std::string secret = "12345678901234567890";
  const std::int64_t now = 1111111111;
  const std::int64_t step = now / 30;
  for (const std::int64_t near : {step - 1, step, step + 1})
    CHECK(totp::step_of(secret, totp::code(secret, near), now) == near);
  for (const std::int64_t far : {step - 2, step + 2})
    CHECK_FALSE(totp::step_of(secret, totp::code(secret, far), now).has_value());
  CHECK_FALSE(totp::step_of(secret, "", now).has_value());
  CHECK_FALSE(totp::step_of(secret, "0" + totp::code(secret, step), now).has_value());
}

TEST_CASE("base32 as RFC 4648 has it, read in any case and with or without padding") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, text] : vectors) {
    CHECK(totp::base32(plain) == text);
    CHECK(totp::unbase32(text) == plain);
  }
  CHECK(totp::unbase32("mzxw6===") == "foo");
  CHECK_FALSE(totp::unbase32("MZXW1").has_value());
}

TEST_CASE("the authenticator's address names issuer, account and secret, escaped") {
  CHECK(totp::uri("My Shop", "a b@example.com", "foobar") ==
        "otpauth://totp/My%20Shop:a%20b%40example.com?algorithm=SHA1&digits=6&issuer=My%20Shop&period=30&secret="
        "MZXW6YTBOI");
}

TEST_CASE("the QR code is one plain SVG") {
  const std::string svg = qr_code_svg("otpauth://totp/a:b?secret=MZXW6YTBOI");
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>"));
  CHECK(svg.find("script") == std::string::npos);
  CHECK(svg.size() > 1000);
  CHECK_THROWS(qr_code_svg(std::string(5000, 'x')));
}
