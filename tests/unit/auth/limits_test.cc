#include "auth/limits/limits.h"

#include <doctest/doctest.h>

TEST_CASE("a provider's line is one client, whichever of its IPv6 addresses it takes") {
  CHECK(auth::client_network("2001:db8:1:2::1") == auth::client_network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(auth::client_network("2001:db8:1:2::1") != auth::client_network("2001:db8:1:3::1"));
  CHECK(auth::client_network("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(auth::client_network("192.0.2.7") == "192.0.2.7");
  CHECK(auth::client_network("192.0.2.7") != auth::client_network("192.0.2.8"));
  CHECK(auth::client_network("unknown") == "unknown");
}
