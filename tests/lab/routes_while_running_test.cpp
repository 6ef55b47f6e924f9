// Routes that change while packets flow.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

class RoutesWhileRunning : public testing::Test {
 protected:
  RoutesWhileRunning() {
    lan.has_neighbor("10.0.1.9");
    for (const char* gateway : {"10.0.2.21", "10.0.2.22"}) wan.has_neighbor(gateway);
  }
  /// Which gateway the next packet to 10.3.0.1 is given to; none when it is refused.
  std::optional<MacAddress> gateway() {
    wan.forget();
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2));
    if (wan.silent()) return std::nullopt;
    return *layer<EthernetLayer>(decode(wan.received().back().bytes))->destination;
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
  const MacAddress one = default_mac(address("10.0.2.21"));
  const MacAddress two = default_mac(address("10.0.2.22"));
};

TEST_F(RoutesWhileRunning, EachPacketFollowsTheTableOfItsMoment) {
  EXPECT_EQ(gateway(), std::nullopt);
  router.route("10.3.0.0/16", "10.0.2.21");
  EXPECT_EQ(gateway(), one);
  router.route("10.3.0.0/16", "10.0.2.22");
  EXPECT_EQ(gateway(), two) << "replaced";
  router.unroute("10.3.0.0/16");
  EXPECT_EQ(gateway(), std::nullopt);
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(net)));
}

TEST_F(RoutesWhileRunning, AMoreSpecificRouteWinsFromTheNextPacketOn) {
  router.route("default", "10.0.2.21");
  EXPECT_EQ(gateway(), one);
  router.route("10.3.0.0/24", "10.0.2.22");
  EXPECT_EQ(gateway(), two);
  router.unroute("10.3.0.0/24");
  EXPECT_EQ(gateway(), one);
}

TEST_F(RoutesWhileRunning, TheNextBestTakesOver) {
  router.route("10.3.0.0/16", "10.0.2.21");
  Ipv4Route spare;
  spare.prefix = parse_ipv4_prefix("10.3.0.0/16").value();
  spare.gateway = address("10.0.2.22");
  spare.metric = 100;
  ASSERT_TRUE(router.stack().tables().add_route(spare, RouteInsert::add));
  EXPECT_EQ(gateway(), one);
  router.unroute("10.3.0.0/16");
  EXPECT_EQ(gateway(), two);
}

TEST_F(RoutesWhileRunning, PacketsThatWaitAreStillSentToTheirOldGateway) {
  router.route("10.3.0.0/16", "10.0.2.99");
  lan.sends(ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2));
  router.route("10.3.0.0/16", "10.0.2.21");
  wan.forget();
  wan.sends(arp_reply("10.0.2.99", "10.0.2.1"));
  EXPECT_THAT(wan.received(), OnePacket(ethernet({}, default_mac(address("10.0.2.99")))));
}

TEST_F(RoutesWhileRunning, AThousandChangesLoseNoPacket) {
  wan.has_neighbor("10.0.2.7");
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
  wan.forget();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    Ipv4Route route;
    route.prefix = Ipv4Prefix::of(Ipv4Address(0x0b000000u + i * 256), 24);
    route.gateway = address("10.0.2.21");
    ASSERT_TRUE(router.stack().tables().add_route(route, RouteInsert::add));
    if (i % 10 == 0) lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
  }
  EXPECT_THAT(wan.received(), SizeIs(100));
}

TEST_F(RoutesWhileRunning, TheMtuMayChange) {
  router.route("10.3.0.0/16", "10.0.2.21");
  ASSERT_EQ(gateway(), one);
  wan.set_mtu(576);
  wan.forget();
  lan.sends(ipv4("10.0.1.9", "10.3.0.1") / bytes(1000));
  EXPECT_THAT(wan.received(), SizeIs(2));
}

}  // namespace
}  // namespace smolstack::test
