// Datagrams of our own: where they leave, from whom, and why they may not. RFC 1122 §3.3.1.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

class Originate : public testing::Test {
 protected:
  Originate() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
  }
  /// The reason for which it did not leave.
  std::optional<DropReason> refused(const char* destination, Ipv4Send how = {},
                                    std::size_t bytes = 8) {
    how.destination = address(destination);
    how.protocol = 253;
    const auto sent = host.stack().send(host.stack().make_payload(bytes), how, lab.now());
    if (sent) return std::nullopt;
    return sent.error();
  }
  static Ipv4Send from(const char* source) {
    Ipv4Send how;
    how.source = address(source);
    return how;
  }
  /// What lies ready at the port, unjudged.
  std::vector<Frame> drained(Port& port) {
    std::vector<Frame> frames;
    Batch batch;
    while (host.stack().drain(port.index(), batch)) {
      for (const Packet& packet : batch.packets()) frames.push_back(decode(packet.bytes()));
      batch.clear();
    }
    return frames;
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = host.port(0);
  Port& wan = host.port(1);
};

TEST_F(Originate, FromAnyAddressOfOursAndNoOther) {  // RFC 1122 §3.3.4.1
  EXPECT_EQ(refused("10.0.1.9", from("10.0.2.1")), std::nullopt);
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.2.1", "10.0.1.9")));
  EXPECT_EQ(refused("10.0.1.9", from("10.0.1.77")), DropReason::martian_source);
  EXPECT_EQ(refused("10.0.1.9", from("127.0.0.1")), DropReason::martian_source);
}

TEST_F(Originate, NeverToWhatIsOnNoWire) {  // RFC 1122 §3.2.1.3
  host.route("default", "10.0.1.9");
  for (const char* destination : {"0.1.2.3", "0.0.0.0", "240.0.0.1"})
    EXPECT_EQ(refused(destination), DropReason::no_route) << destination;
}

TEST_F(Originate, WithoutARouteOrAnAddressToSendFrom) {
  EXPECT_EQ(refused("10.99.0.1"), DropReason::no_route);
  lan.remove_address("10.0.1.1/24");
  wan.remove_address("10.0.2.1/24");
  EXPECT_EQ(refused("10.0.1.9", bound_to(lan)), DropReason::no_route);
}

TEST_F(Originate, BoundToAnInterfaceWhateverTheTableSays) {  // as SO_BINDTODEVICE
  EXPECT_EQ(refused("10.0.2.7", bound_to(lan)), std::nullopt);
  auto frames = drained(lan);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(*layer<ArpLayer>(frames[0])->target, address("10.0.2.7"));
  EXPECT_TRUE(drained(wan).empty());
  EXPECT_EQ(refused("10.0.2.7", bound_to(wan)), std::nullopt);
  EXPECT_EQ(drained(wan).size(), 1u);
  EXPECT_TRUE(drained(lan).empty());
}

TEST_F(Originate, BoundToTheLoopbackIsNotBound) {
  Ipv4Send how;
  how.interface = loopback_index;
  EXPECT_EQ(refused("10.0.1.9", how), std::nullopt);
  EXPECT_EQ(drained(lan).size(), 1u);
}

TEST_F(Originate, ByRoutesThatLeadNowhereEachSaysSo) {
  host.route("10.66.1.0/24", RouteKind::blackhole);
  host.route("10.66.2.0/24", RouteKind::unreachable);
  host.route("10.66.3.0/24", RouteKind::prohibit);
  EXPECT_EQ(refused("10.66.1.1"), DropReason::blackhole);
  EXPECT_EQ(refused("10.66.2.1"), DropReason::unreachable);
  EXPECT_EQ(refused("10.66.3.1"), DropReason::prohibit);
}

TEST_F(Originate, ByATunnelThereIsNoLinkHeaderAndNobodyIsAskedFor) {
  Interface& tunnel =
      host.stack().add_interface({.name = "tun0", .link = LinkType::point_to_point});
  EXPECT_TRUE(
      host.stack().add_address(tunnel, parse_ipv4_subnet("10.0.8.1/24").value(), lab.now()));
  EXPECT_EQ(refused("10.0.8.2"), std::nullopt);
  Batch batch;
  ASSERT_TRUE(host.stack().drain(tunnel.index, batch));
  ASSERT_EQ(batch.size(), 1u);
  const Frame datagram = decode_ipv4(batch.packets()[0].bytes());
  EXPECT_EQ(*layer<Ipv4Layer>(datagram)->destination, address("10.0.8.2"));
  EXPECT_EQ(tunnel.counters.tx_packets, 1u);
  EXPECT_EQ(tunnel.counters.tx_bytes, 28u);
}

TEST_F(Originate, MoreThanMayWaitForANeighbourIsCountedWhereItWouldLeave) {  // RFC 1122 §2.3.2.2
  for (int i = 0; i < 130; ++i) EXPECT_EQ(refused("10.0.2.99"), std::nullopt);
  EXPECT_EQ(host.drops(1, DropReason::neighbor_queue_full), 2u);
}

TEST_F(Originate, ANeighbourIsAskedForAgainASecondLater) {  // RFC 1122 §2.3.2.1
  Ipv4Send how;
  how.destination = address("10.0.2.99");
  EXPECT_TRUE(host.stack().send(host.stack().make_payload(8), how, lab.now() + 10s));
  EXPECT_EQ(host.stack().next_deadline(), lab.now() + 11s);
}

TEST_F(Originate, ToOurselvesIsCountedOnceOutAndOnceIn) {  // RFC 2863
  const auto& counters = host.stack().interfaces()[loopback_index].counters;
  const auto before = host.stack().counters().originated;
  EXPECT_TRUE(host.pings("10.0.2.1"));
  EXPECT_EQ(host.stack().counters().originated, before + 2) << "the request and the reply";
  EXPECT_EQ(counters.tx_packets, 2u);
  EXPECT_EQ(counters.tx_bytes, 2u * 28u);
  EXPECT_EQ(counters.rx_packets, 2u);
  EXPECT_EQ(counters.rx_bytes, 2u * 28u);
}

TEST_F(Originate, WhatADeviceLosesIsCounted) {
  host.stack().transmit_failed(lan.index(), DropReason::device_full, 3);
  host.stack().receive_failed(lan.index(), DropReason::no_buffer, 2);
  EXPECT_EQ(host.drops(0, DropReason::device_full), 3u);
  EXPECT_EQ(host.drops(0, DropReason::no_buffer), 2u);
  EXPECT_EQ(lan.interface().counters.tx_errors, 3u);
}

TEST_F(Originate, ByALinkThatDoesNotRun) {
  host.stack().set_running(lan.interface(), false, lab.now());
  EXPECT_EQ(refused("10.0.1.9"), DropReason::interface_down);
}

TEST_F(Originate, WithDfUpToTheMtuAndIdentificationZero) {  // RFC 6864 §4.1; RFC 1191 §3
  Ipv4Send how;
  how.dont_fragment = true;
  EXPECT_EQ(refused("10.0.1.9", how, 1480), std::nullopt);
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.id = 0, .dont_fragment = true})));
  EXPECT_EQ(refused("10.0.1.9", how, 1481), DropReason::mtu_exceeded);
  lan.forget();
  EXPECT_EQ(refused("10.0.1.9", {}, 1481), std::nullopt);
  lab.settle();
  EXPECT_EQ(lan.received().size(), 2u);
}

TEST_F(Originate, UpToTheLongestDatagram) {  // RFC 791 §3.1
  EXPECT_EQ(refused("10.0.1.1", {}, 65515), std::nullopt);
  EXPECT_EQ(refused("10.0.1.1", {}, 65516), DropReason::mtu_exceeded);
}

TEST_F(Originate, WithTheTtlAndTypeOfServiceAsked) {
  Ipv4Send how = with_ttl(7);
  how.tos = 0xb8;
  EXPECT_EQ(refused("10.0.1.9", how), std::nullopt);
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.ttl = 7, .tos = 0xb8})));
  host.stack().settings().default_ttl = 99;
  lan.forget();
  EXPECT_EQ(refused("10.0.1.9"), std::nullopt);
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.ttl = 99, .tos = 0})));
}

TEST_F(Originate, AnAnswerThatCannotLeaveIsCountedAtTheLoopback) {  // RFC 1812 §4.3.2.7
  const auto& drops = host.stack().interfaces()[loopback_index].drops;
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2));
  for (const auto& entry : drop_reason_entries) EXPECT_EQ(drops[entry.reason], 0u) << entry.word;
  lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4("172.16.0.9", "10.0.1.1") / udp(1, 2));
  EXPECT_EQ(drops[DropReason::no_route], 1u);
}

}  // namespace
}  // namespace smolstack::test
