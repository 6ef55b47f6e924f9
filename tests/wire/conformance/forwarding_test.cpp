// A router between two networks: where packets go, and where they end. RFC 1812 §5.2, §5.3.

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::Not;

class ForwardingOnTheWire : public RouterTest {};

TEST_F(ForwardingOnTheWire, APacketGoesOnWithOneHopLess) {  // RFC 1812 §5.2.1, §5.3.1
  proves("FWD-BASIC");
  const Frame packet = transit({.ttl = 64, .tos = 0x2c, .id = 4711}) / icmp_echo(7, 1) / "ping";
  lan.sends(packet);
  EXPECT_THAT(wan.received(), IsOneHopOn(packet));
  EXPECT_THAT(wan.received(),
              OnePacket(ethernet(wan.mac(), default_mac(address("10.0.2.7")), 0x800)));
  EXPECT_TRUE(lan.silent());
}

TEST_F(ForwardingOnTheWire, AndSoItDoesTheOtherWay) {
  proves("FWD-BASIC");
  const Frame packet = transit_back({.ttl = 9, .id = 4712}) / udp(5, 6) / "pong";
  wan.sends(packet);
  EXPECT_THAT(lan.received(), IsOneHopOn(packet));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.9")), 0x800)));
  EXPECT_TRUE(wan.silent());
}

TEST_F(ForwardingOnTheWire, ARouteLeadsToItsGatewayAndArpAsksForNobodyElse) {  // RFC 1812 §5.2.4
  proves("FWD-STATIC");
  machine().run("ip route add 10.3.0.0/16 via 10.0.2.8");
  const Frame packet = ipv4("10.0.1.9", "10.3.4.5") / udp(1, 2) / "far";
  lan.sends(packet);
  EXPECT_THAT(wan.received(), Not(IsEmpty()));
  EXPECT_THAT(wan.received(), Each(arp_request("10.0.2.1", "10.0.2.8")));
  wan.forget();
  wan.has_neighbor("10.0.2.8");
  wan.sends(arp_reply("10.0.2.8", "10.0.2.1"));
  EXPECT_THAT(wan.received(), IsOneHopOn(packet));
  EXPECT_THAT(wan.received(), OnePacket(ethernet({}, default_mac(address("10.0.2.8")))));
}

TEST_F(ForwardingOnTheWire, SourcesBeyondANeighbourPass) {  // RFC 1812 §5.3.8
  proves("FWD-SOURCE-FOREIGN");
  const Frame packet = ipv4("172.16.5.5", "10.0.2.7") / udp(1, 2) / "from afar";
  lan.sends(packet);
  EXPECT_THAT(wan.received(), IsOneHopOn(packet));
}

TEST_F(ForwardingOnTheWire, WithoutARouteTheSourceIsTold) {  // RFC 1812 §5.2.7.1, §4.3.3.1
  proves("FWD-NO-ROUTE");
  const Frame packet = ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2) / "nowhere";
  lan.sends(packet);
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_unreachable(net) / packet));
  EXPECT_TRUE(wan.silent());
}

TEST_F(ForwardingOnTheWire, TtlOneIsAnsweredNotForwarded) {  // RFC 1812 §5.3.1, §4.3.3.4
  proves("FWD-TTL-EXPIRED");
  const Frame packet = transit({.ttl = 1, .id = 99}) / udp(1, 2) / "tired";
  lan.sends(packet);
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_time_exceeded() / packet));
  EXPECT_TRUE(wan.silent());
}

TEST_F(ForwardingOnTheWire, TtlZeroDoesNotWrapRound) {  // RFC 1812 §4.2.2.9
  proves("FWD-TTL-ZERO");
  lan.sends(transit({.ttl = 0}) / udp(1, 2) / "dead");
  EXPECT_TRUE(wan.silent());
  const Frame alive = transit({.ttl = 2}) / udp(1, 2) / "alive";
  lan.sends(alive);
  EXPECT_THAT(wan.received(), IsOneHopOn(alive));
}

TEST_F(ForwardingOnTheWire, EveryOtherTtlIsReducedByOne) {  // RFC 1812 §5.3.1
  proves("FWD-TTL-VALUES");
  make_acquainted(lan, wan);
  std::vector<Frame> packets;
  for (unsigned ttl = 2; ttl <= 255; ++ttl)
    packets.push_back(transit({.ttl = static_cast<std::uint8_t>(ttl)}) / udp(1, 2) / "x");
  lan.sends(packets);
  EXPECT_THAT(wan.received(), AreOneHopOn(packets));
}

TEST_F(ForwardingOnTheWire, AnErrorComesFromAnAddressOfTheInterfaceItLeavesBy) {  // §4.3.2.4
  proves("FWD-ERROR-SOURCE");
  wan.sends(ipv4("10.0.2.7", "10.99.0.1") / udp(1, 2));
  EXPECT_THAT(wan.received(), OnePacket(ipv4("10.0.2.1", "10.0.2.7") / icmp_unreachable(net)));
  wan.forget();
  lan.sends(ipv4("10.0.2.7", "10.99.0.1") / udp(1, 2));
  EXPECT_THAT(wan.received(), OnePacket(ipv4("10.0.2.1", "10.0.2.7") / icmp_unreachable(net)))
      << "also when the packet came by another";
}

TEST_F(ForwardingOnTheWire, AnErrorThatCannotBeReturnedIsLeftOut) {  // RFC 1812 §4.3.2.7
  proves("FWD-UNREACH-CHAIN");
  lan.sends(ipv4("172.16.5.5", "10.99.0.1") / udp(1, 2));
  lan.sends(ipv4("172.16.5.5", "10.0.2.7", {.ttl = 1}) / udp(1, 2));
  EXPECT_TRUE(lan.silent());
  EXPECT_TRUE(wan.silent());
  lan.sends(ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2));
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(net)));
}

TEST_F(ForwardingOnTheWire, AnyOwnAddressIsReachedOnTheLastHop) {  // RFC 1812 §5.2.3, §5.3.1
  proves("FWD-SELF-TTL1");
  for (const char* own : {"10.0.1.1", "10.0.2.1"}) {
    lan.forget();
    wan.forget();
    lan.sends(ipv4("10.0.1.9", own, {.ttl = 1}) / icmp_echo(7, 1) / "near");
    EXPECT_THAT(lan.received(), OnePacket(ipv4(own, "10.0.1.9") / icmp_echo_reply(7, 1) / "near"));
    EXPECT_TRUE(wan.silent());
    lan.forget();
    wan.sends(ipv4("10.0.2.7", own, {.ttl = 1}) / icmp_echo(7, 2) / "far");
    EXPECT_THAT(wan.received(), OnePacket(ipv4(own, "10.0.2.7") / icmp_echo_reply(7, 2) / "far"));
    EXPECT_TRUE(lan.silent());
  }
}

TEST_F(ForwardingOnTheWire, OurOwnAnswersFollowTheRoutes) {  // RFC 1812 §5.2.4
  proves("FWD-REPLY-VIA-ROUTE");
  wan.has_neighbor("10.0.2.8");
  machine().run("ip route add 10.3.0.0/16 via 10.0.2.8");
  wan.sends(ipv4("10.3.4.5", "10.0.2.1") / icmp_echo(7, 1) / "hello");
  EXPECT_THAT(wan.received(), OnePacket(ethernet({}, default_mac(address("10.0.2.8"))) /
                                        ipv4("10.0.2.1", "10.3.4.5") / icmp_echo_reply(7, 1)));
}

TEST_F(ForwardingOnTheWire, BadHeadersAreDroppedInSilence) {  // RFC 1812 §5.2.2
  proves("FWD-BAD-HEADER");
  const Frame bad[] = {
      transit({.checksum = 0x1234}),  transit({.version_ihl = 0x65}),
      transit({.version_ihl = 0x05}), transit({.version_ihl = 0x44}),
      transit({.version_ihl = 0x40}), transit({.version_ihl = 0x4f}),
      transit({.total_length = 0}),   transit({.total_length = 19}),
      transit({.total_length = 200}), transit({.total_length = 0xffff}),
  };
  for (const Frame& each : bad) lan.sends(each / udp(1, 2) / "x");
  EXPECT_TRUE(wan.silent());
  EXPECT_TRUE(lan.silent());
  const Frame good = transit() / udp(1, 2) / "x";
  lan.sends(good);
  EXPECT_THAT(wan.received(), IsOneHopOn(good));
}

TEST_F(ForwardingOnTheWire, ALoopEndsByItsTtl) {  // RFC 1812 §5.3.1
  proves("FWD-LOOP-ENDS");
  wan.has_neighbor("10.0.2.8");
  machine().run("ip route add 10.88.0.0/16 via 10.0.2.8");
  const auto packet = [](std::uint8_t ttl) {
    return ipv4("10.0.1.9", "10.88.0.1", {.ttl = ttl}) / udp(1, 2) / "round";
  };
  lan.sends(packet(8));
  for (std::uint8_t ttl = 8; ttl > 1; --ttl) {
    ASSERT_THAT(wan.received(), IsOneHopOn(packet(ttl)));
    ASSERT_TRUE(lan.silent());
    wan.forget();
    wan.sends(ethernet(default_mac(address("10.0.2.8")), wan.mac()) /
              packet(static_cast<std::uint8_t>(ttl - 1)));
  }
  EXPECT_TRUE(wan.silent());
  EXPECT_THAT(lan.received(), OnePacket(ipv4({}, "10.0.1.9") / icmp_time_exceeded() / packet(1)));
}

}  // namespace
}  // namespace smolstack::test
