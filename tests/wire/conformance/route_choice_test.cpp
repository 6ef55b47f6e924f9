// The choice among routes: RFC 1812 §5.2.4.3.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

class RouteChoiceOnTheWire : public RouterTest {
 protected:
  RouteChoiceOnTheWire() : RouterTest(wiring()) {
    for (const char* gateway : {"10.0.2.2", "10.0.2.3", "10.0.2.4"}) wan.has_neighbor(gateway);
    lan.has_neighbor("10.0.1.2");
  }
  static Wiring wiring() {
    Wiring wiring = router_wiring();
    wiring.routes = {"10.9.9.0/24 via 10.0.2.3", "default via 10.0.2.2", "10.9.0.0/16 via 10.0.1.2",
                     "10.9.9.9/32 via 10.0.2.4"};
    return wiring;
  }
  /// The packet leaves by `out` alone, to the station with the address `next_hop`.
  void expect_way(Address to, Wire& out, Address next_hop) {
    Wire& other = &out == &lan ? wan : lan;
    lan.forget();
    wan.forget();
    Wire& in = &out == &lan ? wan : lan;
    const Address from = &in == &lan ? "10.0.1.9" : "10.0.2.7";
    in.sends(ipv4(from, to) / udp(1, 2) / "x");
    EXPECT_THAT(out.received(), OnePacket(ethernet(out.mac(), default_mac(*next_hop)) /
                                          ipv4(from, to, {.ttl = 63}) / udp(1, 2) / "x"));
    EXPECT_TRUE(other.silent());
  }
};

TEST_F(RouteChoiceOnTheWire, TheLongestPrefixWins) {
  proves("ROUTE-LONGEST");
  expect_way("10.9.9.9", wan, "10.0.2.4");
  expect_way("10.9.9.8", wan, "10.0.2.3");
  expect_way("10.9.9.255", wan, "10.0.2.3");
  expect_way("10.9.8.255", lan, "10.0.1.2");
  expect_way("10.9.10.0", lan, "10.0.1.2");
  expect_way("10.8.255.255", wan, "10.0.2.2");
}

TEST_F(RouteChoiceOnTheWire, WithoutALongRouteTheNextLongestServes) {
  proves("ROUTE-LONGEST");
  machine().run("ip route del 10.9.9.9/32 via 10.0.2.4");
  expect_way("10.9.9.9", wan, "10.0.2.3");
  machine().run("ip route del 10.9.9.0/24 via 10.0.2.3");
  expect_way("10.9.9.9", lan, "10.0.1.2");
  machine().run("ip route del 10.9.0.0/16 via 10.0.1.2");
  expect_way("10.9.9.9", wan, "10.0.2.2");
}

TEST_F(RouteChoiceOnTheWire, TheDefaultRouteTakesTheRest) {
  proves("ROUTE-DEFAULT");
  for (const char* far : {"8.8.8.8", "10.10.0.0", "192.0.2.1", "1.0.0.0", "223.255.255.254"})
    expect_way(far, wan, "10.0.2.2");
}

TEST_F(RouteChoiceOnTheWire, WithoutADefaultRouteTheRestIsUnreachable) {
  proves("ROUTE-DEFAULT");
  machine().run("ip route del default via 10.0.2.2");
  lan.sends(ipv4("10.0.1.9", "8.8.8.8") / udp(1, 2) / "x");
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_unreachable(net)));
  EXPECT_TRUE(wan.silent());
}

TEST_F(RouteChoiceOnTheWire, AConnectedNetworkGoesBeforeTheDefaultRoute) {
  proves("ROUTE-CONNECTED");
  expect_way("10.0.1.8", lan, "10.0.1.8");
  expect_way("10.0.2.7", wan, "10.0.2.7");
}

TEST_F(RouteChoiceOnTheWire, TheAbsentNeighborOfAConnectedNetworkIsAskedForThere) {
  proves("ROUTE-CONNECTED");
  wan.sends(ipv4("10.0.2.7", "10.0.1.77") / udp(1, 2) / "x");
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.1", "10.0.1.77")));
  EXPECT_TRUE(wan.silent()) << "the default route is no second choice";
}

}  // namespace
}  // namespace smolstack::test
