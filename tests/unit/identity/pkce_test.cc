#include "identity/pkce.h"

#include <doctest/doctest.h>

#include "core/problem.h"

using identity::answers;
using identity::Challenge;
using identity::challenge_of;

TEST_CASE("a verifier answers its challenge (RFC 7636 B) and no other") {
  const Challenge challenge = challenge_of("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256");
  CHECK(answers(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  CHECK_FALSE(answers(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
  CHECK_FALSE(answers(challenge, ""));
  CHECK_FALSE(answers({}, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  CHECK(challenge_of("", "").value.empty());
  for (const auto& [value, method] : {std::pair{"short", "s256"},
                                      {"", "s256"},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", ""},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S512"},
                                      {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256"}})
    CHECK_THROWS_AS(challenge_of(value, method), core::Problem);
}
