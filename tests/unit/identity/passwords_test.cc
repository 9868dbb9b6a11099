#include <doctest/doctest.h>

#include "identity/passwords.h"
#include "identity/users.h"

namespace {

std::string verdict(std::string_view password) {
  try {
    identity::require_acceptable_password(password);
    return "good";
  } catch (const identity::WeakPassword& weak) {
    return weak.reasons.front();
  } catch (const core::Problem& problem) {
    return problem.code;
  }
}

std::string email_verdict(std::string_view email) {
  try {
    return identity::canonical_email(email);
  } catch (const core::Problem& problem) {
    return problem.code;
  }
}

}  // namespace

TEST_CASE("a password has 8 to 72 bytes and is none of the commonest") {
  CHECK(verdict("correct horse battery staple") == "good");
  CHECK(verdict("tr0ub4dor") == "good");
  CHECK(verdict("seven77") == "length");
  CHECK(verdict("") == "length");
  CHECK(verdict(std::string(72, 'x')) == "good");
  CHECK(verdict(std::string(73, 'x')) == "validation_failed");
  CHECK(verdict("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f") == "good");  // four letters, eight bytes
  CHECK(verdict(std::string_view("nul\0in the middle", 17)) == "validation_failed");
  CHECK(verdict("not utf-8 \xff\xfe") == "validation_failed");
  for (const char* common : {"password", "PassWord1", "12345678", "qwertyuiop", "iloveyou", "letmein123", "1q2w3e4r"})
    CHECK(verdict(common) == "pwned");
}

TEST_CASE("the list of common passwords has three thousand and holds no short one") {
  CHECK(identity::common_count() >= 3000);
  CHECK_FALSE(identity::is_common("monkey"));
}

TEST_CASE("an address is lower-cased, and what cannot be one is refused") {
  CHECK(email_verdict("  Ada.Lovelace+x@Example.COM ") == "ada.lovelace+x@example.com");
  CHECK(email_verdict("ada@localhost") == "ada@localhost");
  for (const char* bad : {"", "ada", "@example.com", "ada@", "a@b@c", "ada@exa mple.com", "ada@-x.com", "ada@x..com",
                          ".ada@x.com", "ada.@x.com", "a..b@x.com", "ada@x.com\r\nBcc: eve@x.com", "<ada@x.com>",
                          "ada@[127.0.0.1]", "ada@x_y.com", "\"ada\"@x.com", "ada@x.com.", "ada,eve@x.com"}) {
    CAPTURE(bad);
    CHECK(email_verdict(bad) == "validation_failed");
  }
  CHECK(email_verdict(std::string(65, 'a') + "@x.com") == "validation_failed");
  CHECK(email_verdict("a@" + std::string(63, 'b') + "." + std::string(63, 'b') + "." + std::string(63, 'b') + "." +
                      std::string(63, 'b') + ".com") == "validation_failed");
}
