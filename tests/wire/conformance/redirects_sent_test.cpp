// Packets that leave a router by the way they came, and what their sources are told: RFC 1812
// §5.2.7.2, §4.3.3.2.

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

/// The better gateway for 10.3.0.0/16 is 10.0.1.2, on the lan itself.
class RedirectsSentOnTheWire : public RouterTest {
 protected:
  RedirectsSentOnTheWire() {
    lan.has_neighbor("10.0.1.2");
    machine().run("ip route add 10.3.0.0/16 via 10.0.1.2");
  }
  Frame detour(Address from = "10.0.1.9") { return ipv4(from, "10.3.0.1") / udp(1, 2) / "x"; }
  /// It, on its way to the better gateway.
  Frame sent_on(Address from = "10.0.1.9") {
    return ethernet(lan.mac(), default_mac(address("10.0.1.2"))) / one_hop_on(detour(from));
  }
};

TEST_F(RedirectsSentOnTheWire, NameTheBetterGatewayAndThePacketStillGoesOn) {
  proves("FWD-REDIRECT");
  lan.sends(detour());
  EXPECT_EQ(count_of(lan.received(), sent_on()), 1u);
  EXPECT_EQ(count_of(lan.received(), ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                                         ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
                                         ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2)),
            1u);
  EXPECT_TRUE(wan.silent());
}

TEST_F(RedirectsSentOnTheWire, NameTheDestinationItselfWhenItIsANeighbour) {
  proves("FWD-REDIRECT");
  lan.sends(ipv4("10.0.1.9", "10.0.1.8") / udp(1, 2) / "x");
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.8") /
                                         ipv4("10.0.1.9", "10.0.1.8") / udp(1, 2)),
            1u);
}

TEST_F(RedirectsSentOnTheWire, DoNotKeepThePacketFromGoingOnOnce) {
  proves("FWD-HAIRPIN");
  lan.sends(detour());
  EXPECT_EQ(count_of(lan.received(), detour()), 1u);
  EXPECT_EQ(count_of(lan.received(), sent_on()), 1u);
  const Frame packet = ipv4("10.0.1.9", "10.0.1.8") / udp(3, 4) / "y";
  lan.sends(packet);
  EXPECT_EQ(count_of(lan.received(), packet), 1u);
  EXPECT_EQ(count_of(lan.received(),
                     ethernet(lan.mac(), default_mac(address("10.0.1.8"))) / one_hop_on(packet)),
            1u);
}

TEST_F(RedirectsSentOnTheWire, AreForNeighboursOnly) {  // RFC 1812 §5.2.7.2
  proves("FWD-REDIRECT-FOREIGN");
  machine().run("ip route add 172.16.0.0/16 via 10.0.1.9");
  lan.sends(detour("172.16.0.9"));
  EXPECT_THAT(lan.received(), OnePacket(sent_on("172.16.0.9")));
  lan.sends(detour());
  EXPECT_EQ(count_of(lan.received(), icmp(5, 1)), 1u) << "the neighbour is told";
}

TEST_F(RedirectsSentOnTheWire, AreNotForPacketsThatGoToAnotherNetwork) {
  proves("FWD-REDIRECT-FOREIGN");
  const Frame packet = transit() / udp(1, 2) / "x";
  lan.sends(packet);
  EXPECT_THAT(wan.received(), IsOneHopOn(packet));
  EXPECT_TRUE(lan.silent());
}

TEST_F(RedirectsSentOnTheWire, AreLimitedInRate) {  // RFC 1812 §4.3.2.8
  proves("FWD-REDIRECT-RATE");
  lan.sends(detour("10.0.1.8"));
  lan.forget();  // the gateway is known: nothing waits
  for (int i = 0; i < 200; ++i) lan.sends(detour());
  EXPECT_LE(count_of(lan.received(), icmp(5, 1)), 10u);
  EXPECT_GE(count_of(lan.received(), icmp(5, 1)), 1u);
  EXPECT_EQ(count_of(lan.received(), one_hop_on(detour())), 200u) << "the packets all go on";
}

}  // namespace
}  // namespace smolstack::test
