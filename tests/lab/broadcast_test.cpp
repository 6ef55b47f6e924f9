// Broadcast and multicast, in and out: RFC 919, RFC 1122 §3.2.1.3, §3.2.2.6, RFC 1112.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

class Broadcast : public testing::Test {
 protected:
  Broadcast() { lan.has_neighbor("10.0.1.9"); }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
  Port& lan = host.port(0);
};

TEST_F(Broadcast, EchoIsIgnored) {  // RFC 1122 §3.2.2.6: the smurf amplifier
  for (const char* to : {"10.0.1.255", "255.255.255.255", "224.0.0.1"})
    lan.sends(ipv4("10.0.1.9", to) / icmp_echo(7, 1));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::echo_ignored), 3u);
}

TEST_F(Broadcast, EchoIsAnsweredFromOurOwnAddressWhenAllowed) {
  host.stack().settings().echo_ignore_broadcasts = false;
  for (const char* to : {"10.0.1.255", "255.255.255.255", "224.0.0.1"}) {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", to) / icmp_echo(7, 1));
    EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, 1)));
  }
}

TEST_F(Broadcast, TimestampRequestsAreIgnored) {  // RFC 1122 §3.2.2.8
  lan.sends(ipv4("10.0.1.9", "10.0.1.255") / icmp(13, 0) / filled(12, 0));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(lan.interface().drops[DropReason::echo_ignored], 1u);
}

TEST_F(Broadcast, FromWhoHasNoAddressIsForProgramsOnly) {  // RFC 1122 §3.2.1.3(a)
  lan.sends(ethernet("02:00:00:00:00:66", broadcast_mac) / ipv4("0.0.0.0", "255.255.255.255") /
            udp(68, 67));
  EXPECT_EQ(lan.interface().drops[DropReason::martian_source], 1u);
}

TEST_F(Broadcast, AGroupThatNobodyJoinedIsIgnored) {  // RFC 1112 §7.2
  lan.sends(ipv4("10.0.1.9", "239.1.2.3") / udp(5353, 5353));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::not_for_us), 1u);
}

TEST_F(Broadcast, OfOurOwnGoesToEverybody) {  // RFC 919
  ASSERT_TRUE(host.pings("10.0.1.255"));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), broadcast_mac) / ipv4("10.0.1.1", "10.0.1.255")));
}

TEST_F(Broadcast, LimitedIsBoundToAnInterface) {
  ASSERT_TRUE(host.pings("255.255.255.255", 1, {}, bound_to(lan)));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), broadcast_mac) / ipv4("10.0.1.1", "255.255.255.255")));
}

TEST_F(Broadcast, MulticastOfOurOwnGoesToTheGroupsMac) {  // RFC 1112 §6.4
  ASSERT_TRUE(host.pings("224.0.0.1", 1, {}, bound_to(lan)));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), "01:00:5e:00:00:01") / ipv4("10.0.1.1", "224.0.0.1")));
}

TEST_F(Broadcast, OfTheOtherNetworkReachesTheRouterItself) {  // RFC 1812 §5.3.5.2
  Node& router = lab.router({"10.0.3.1/24", "10.0.4.1/24"});
  router.port(0).has_neighbor("10.0.3.9");
  router.port(0).sends(ipv4("10.0.3.9", "10.0.4.255") / icmp_echo(7, 1));
  EXPECT_TRUE(router.port(1).silent()) << "RFC 2644 §2";
}

}  // namespace
}  // namespace smolstack::test
