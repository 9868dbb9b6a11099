// IP addresses and networks.
#include "core/ip_address.h"

#include <doctest/doctest.h>

using core::IpAddress;
using core::IpNetwork;

namespace {

bool contains(std::string_view network, std::string_view address) {
  return IpNetwork::parse(network)->contains(*IpAddress::parse(address));
}

}  // namespace

TEST_CASE("an address is printed in its canonical form, IPv4 also when it was mapped into IPv6") {
  CHECK(IpAddress::parse("192.0.2.1")->str() == "192.0.2.1");
  CHECK(IpAddress::parse("::ffff:192.0.2.1")->str() == "192.0.2.1");
  CHECK(IpAddress::parse("2001:DB8:0:0::1")->str() == "2001:db8::1");
  CHECK(IpAddress::parse("::ffff:192.0.2.1")->is_v4());
  CHECK_FALSE(IpAddress::parse("2001:db8::1")->is_v4());
}

TEST_CASE("what is no address is refused: names, ports, zones, other notations of IPv4") {
  for (const char* text :
       {"", "localhost", "192.0.2.1:80", "[::1]", "fe80::1%eth0", "1.2.3", "0x7f.0.0.1", "1.2.3.256"}) {
    CAPTURE(text);
    CHECK_FALSE(IpAddress::parse(text));
  }
}

TEST_CASE("a network contains the addresses that share its prefix") {
  CHECK(contains("10.0.0.0/8", "10.255.0.1"));
  CHECK(contains("10.1.2.3/8", "10.255.0.1"));
  CHECK(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
  CHECK_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  CHECK(contains("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(contains("192.0.2.1", "192.0.2.2"));
  CHECK(contains("fd00::/8", "fdff::1"));
  CHECK(contains("0.0.0.0/0", "203.0.113.9"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("::/0", "203.0.113.9"));
}

TEST_CASE("a prefix longer than its address is refused") {
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/x", "proxy.example/8"}) {
    CAPTURE(text);
    CHECK_FALSE(IpNetwork::parse(text));
  }
}
