#include "identity/rate_limits.h"

#include <doctest/doctest.h>

TEST_CASE("a provider's line is one client, whichever of its IPv6 addresses it takes") {
  CHECK(identity::client_network("2001:db8:1:2::1") == identity::client_network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(identity::client_network("2001:db8:1:2::1") != identity::client_network("2001:db8:1:3::1"));
  CHECK(identity::client_network("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(identity::client_network("192.0.2.7") == "192.0.2.7");
  CHECK(identity::client_network("192.0.2.7") != identity::client_network("192.0.2.8"));
  CHECK(identity::client_network("unknown") == "unknown");
}
