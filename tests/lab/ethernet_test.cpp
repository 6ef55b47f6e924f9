// What a station takes off the wire, and what it leaves there.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

class Ethernet : public testing::Test {
 protected:
  Ethernet() { lan.has_neighbor("10.0.1.9"); }

  Frame ping() { return ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / "ping"; }
  Mac neighbor = default_mac(address("10.0.1.9"));

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
  Port& lan = host.port(0);
};

TEST_F(Ethernet, AFrameForAnotherStationIsIgnored) {  // RFC 1122 §3.3.6
  lan.sends(ethernet(neighbor, "02:00:00:00:00:99") / ping());
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::other_mac), 1u);
}

TEST_F(Ethernet, ARequestInAFrameForAnotherStationIsNotAnswered) {
  lan.sends(ethernet(neighbor, "02:00:00:00:00:99") / arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Ethernet, PaddingIsNoPartOfThePacket) {  // RFC 894
  for (const unsigned fill : {0x00u, 0xffu, 0x45u}) {
    lan.forget();
    lan.sends(sized(ping(), 60, fill));
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4({.total_length = 32}) / icmp_echo_reply(7, 1) / "ping"));
    EXPECT_EQ(lan.received().at(0).bytes.size(), 14u + 32u);
  }
}

TEST_F(Ethernet, APaddedEmptyDatagramHasNoData) {
  lan.sends(sized(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1), 60, 0xee));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.total_length = 28}) / icmp_echo_reply(7, 1) / ""));
}

TEST_F(Ethernet, AFrameToAGroupThatNobodyJoinedIsIgnored) {  // RFC 1112 §7.2
  const Mac group = multicast_mac(address("239.1.2.3"));
  lan.sends(ethernet("02:00:00:00:00:09", group) / arp_request("10.0.1.9", "10.0.1.1"));
  lan.sends(ethernet("02:00:00:00:00:09", group) / ipv4("10.0.1.9", "224.0.0.1") / icmp_echo(7, 1));
  lan.sends(ethernet("02:00:00:00:00:09", multicast_mac(address("224.0.1.5"))) /
            arp_request("10.0.1.9", "10.0.1.1"));  // beside the link's own groups
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(lan.interface().drops[DropReason::not_for_us], 3u);
}

TEST_F(Ethernet, UnknownTypesAreDroppedInSilence) {  // RFC 1122 §2.3.1
  for (const unsigned type : {0x0000u, 46u, 1500u, 0x8100u, 0x86ddu, 0x88ccu, 0xffffu})
    lan.sends(ethernet(neighbor, lan.mac(), static_cast<std::uint16_t>(type)) / bytes(46));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::unknown_ethertype), 7u);
}

TEST_F(Ethernet, Ipv6GroupsAreOfAnUnknownType) {  // RFC 2464 §7
  lan.sends(ethernet(neighbor, "33:33:00:00:00:02", 0x86dd) / bytes(46));
  EXPECT_EQ(host.drops(0, DropReason::unknown_ethertype), 1u);
}

TEST_F(Ethernet, RuntsOfEveryLengthAreDroppedInSilence) {
  const Octets whole = encode(ethernet(neighbor, lan.mac()) / ping());
  for (std::size_t length = 0; length < 34; ++length)
    lan.sends_bytes(ConstBytes(whole).first(length));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::runt_frame), 14u);
  EXPECT_EQ(host.drops(0, DropReason::truncated), 20u);
}

TEST_F(Ethernet, AFrameBeyondTheMtuIsDropped) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(1473));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::frame_too_long), 1u);
}

TEST_F(Ethernet, AFrameFromAGroupAddressIsNotBelieved) {  // RFC 1812 §3.3.2
  for (const char* source : {"01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"})
    lan.sends(ethernet(source, lan.mac()) / ping());
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::bad_source_mac), 2u);
}

TEST_F(Ethernet, OurOwnFrameThatComesBackIsIgnored) {
  lan.sends(ethernet(lan.mac(), lan.mac()) / ping());
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::own_frame), 1u);
}

TEST_F(Ethernet, AUnicastPacketInALinkBroadcastIsDropped) {  // RFC 1122 §3.3.6
  lan.sends(ethernet(neighbor, broadcast_mac) / ping());
  lan.sends(ethernet(neighbor, "01:00:5e:00:00:01") / ping());
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::link_broadcast), 2u);
}

TEST_F(Ethernet, FramesAndBytesAreCounted) {  // RFC 2863
  lan.sends(ping());
  const auto before = lan.interface().counters;
  lan.sends(ping());
  lan.sends(ethernet("02:00:00:00:00:09", broadcast_mac) / ipv4("10.0.1.9", "10.0.1.255") /
            icmp_echo(7, 1));
  const auto after = lan.interface().counters;
  EXPECT_EQ(after.rx_packets - before.rx_packets, 2u);
  EXPECT_EQ(after.rx_multicast - before.rx_multicast, 1u);
  EXPECT_EQ(after.rx_bytes - before.rx_bytes, encode(ping()).size() + 14 + 14 + 28);
  EXPECT_EQ(after.tx_packets - before.tx_packets, 1u);
  EXPECT_EQ(after.tx_bytes - before.tx_bytes, encode(ping()).size() + 14);
}

}  // namespace
}  // namespace smolstack::test
