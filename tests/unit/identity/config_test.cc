#include "identity/config.h"

#include <doctest/doctest.h>

TEST_CASE("the issuer is the API's URL") {
  identity::Config config;
  config.api_url = "http://localhost:3000";
  CHECK(config.issuer() == "http://localhost:3000/auth/v1");
}
