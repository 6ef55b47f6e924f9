// What programs send by the sockets of a kernel beside the stack.

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

StackOptions beside_a_kernel() {
  StackOptions options;
  options.host_sockets = true;
  return options;
}

class ReceiveFromHost : public testing::Test {
 protected:
  ReceiveFromHost() {
    lan.has_neighbor("10.0.1.9");
    lan.has_neighbor("10.0.1.8");
    host.route("10.3.0.0/16", "10.0.1.9");
  }

  /// The kernel sends these bytes on the mirror of the port.
  void kernel_sends_bytes(const Octets& frame) {
    Batch batch;
    Packet packet = stack.pool().allocate(frame.size());
    std::ranges::copy(frame, packet.append(frame.size()).begin());
    batch.push(std::move(packet));
    stack.receive_from_host(lan.index(), batch, lab.now());
    EXPECT_TRUE(batch.empty());
  }
  /// The datagram to the station of `neighbor`.
  void kernel_sends(const Frame& datagram, const char* neighbor = "10.0.1.9") {
    kernel_sends_bytes(encode(framed(datagram, default_mac(address(neighbor)))));
    lab.settle();
  }
  Frame framed(const Frame& datagram, Mac to) { return ethernet(lan.mac(), to) / datagram; }
  /// What lies ready for the device, as it is and unjudged.
  std::vector<Octets> drained() {
    std::vector<Octets> frames;
    Batch batch;
    while (stack.drain(lan.index(), batch)) {
      for (const Packet& packet : batch.packets()) {
        EXPECT_TRUE(packet->from_host);
        frames.emplace_back(packet.bytes().begin(), packet.bytes().end());
      }
      batch.clear();
    }
    return frames;
  }
  void knows_neighbor(const char* neighbor) {
    lan.sends(arp_request(neighbor, "10.0.1.1"));
    lan.forget();
  }
  std::uint64_t mismatches() { return stack.counters().host_route_mismatches; }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24", "10.0.2.1/24"}, beside_a_kernel());
  Port& lan = host.port(0);
  Port& wan = host.port(1);
  Stack& stack = host.stack();
};

TEST_F(ReceiveFromHost, ADatagramGoesOutUnchanged) {
  const Frame datagram = ipv4("10.0.1.1", "10.0.1.9", {.ttl = 3, .id = 77}) / udp(1, 2) / "data";
  kernel_sends(datagram);
  EXPECT_THAT(lan.received(), OnePacket(framed(datagram, default_mac(address("10.0.1.9")))));
  EXPECT_EQ(stack.counters().from_host, 1u);
  EXPECT_EQ(mismatches(), 0u);
}

TEST_F(ReceiveFromHost, OurCacheResolvesAndReChecks) {
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2));
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::reachable);
  lab.run_for(50s);
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2));
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::delay);
}

TEST_F(ReceiveFromHost, AGatewayIsOurNeighbour) {
  kernel_sends(ipv4("10.0.1.1", "10.3.0.1") / udp(1, 2));
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.3.0.1")), 1u);
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::reachable);
  EXPECT_EQ(mismatches(), 0u);
}

TEST_F(ReceiveFromHost, PacketsAreMarkedForTheMirror) {
  knows_neighbor("10.0.1.9");
  kernel_sends_bytes(
      encode(framed(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2), default_mac(address("10.0.1.9")))));
  EXPECT_EQ(drained().size(), 1u);
}

TEST_F(ReceiveFromHost, AnotherGatewayThanOursIsTheKernelsChoice) {
  knows_neighbor("10.0.1.9");
  const Frame datagram = ipv4("10.0.1.1", "10.3.0.1") / udp(1, 2);
  kernel_sends(datagram, "10.0.1.8");
  EXPECT_THAT(lan.received(), OnePacket(framed(datagram, default_mac(address("10.0.1.8")))));
  EXPECT_EQ(mismatches(), 1u);
}

TEST_F(ReceiveFromHost, SoIsAnotherInterface) {  // a socket bound to a device
  const Frame datagram = ipv4("10.0.1.1", "10.0.2.7") / udp(1, 2);
  kernel_sends(datagram);
  EXPECT_THAT(lan.received(), OnePacket(framed(datagram, default_mac(address("10.0.1.9")))));
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(mismatches(), 1u);
}

TEST_F(ReceiveFromHost, SoIsADestinationWithoutARouteOfOurs) {
  host.route("10.66.0.0/16", RouteKind::blackhole);
  for (const char* destination : {"10.99.0.1", "10.66.0.1"})
    kernel_sends(ipv4("10.0.1.1", destination) / udp(1, 2));
  EXPECT_EQ(lan.received().size(), 2u);
  EXPECT_EQ(mismatches(), 2u);
}

TEST_F(ReceiveFromHost, GroupsAndBroadcastsGoOutAsTheyAre) {
  const Frame hello = ethernet(lan.mac(), multicast_mac(address("224.0.0.5"))) /
                      ipv4("10.0.1.1", "224.0.0.5", {.ttl = 1}) / udp(1, 2);
  const Frame broadcast =
      ethernet(lan.mac(), broadcast_mac) / ipv4("10.0.1.1", "10.0.1.255") / udp(1, 2);
  kernel_sends_bytes(encode(hello));
  kernel_sends_bytes(encode(broadcast));
  lab.settle();
  ASSERT_EQ(lan.received().size(), 2u);
  EXPECT_THAT(lan.received()[0], IsFrame(hello));
  EXPECT_THAT(lan.received()[1], IsFrame(broadcast));
  EXPECT_EQ(mismatches(), 0u);
}

TEST_F(ReceiveFromHost, WhatRawProgramsMakeGoesOutAsItIs) {
  const Mac to = default_mac(address("10.0.1.9"));
  const auto made = std::to_array<Frame>(
      {ethernet(lan.mac(), broadcast_mac) / arp_request("10.0.1.1", "10.0.1.77"),
       ethernet(lan.mac(), to, 0x88b5) / bytes(50), ethernet(lan.mac(), to, 0x88b5),
       framed(ipv4("10.0.1.1", "10.0.1.9", {.checksum = 0x1234}) / udp(1, 2), to),
       framed(ipv4("10.0.1.1", "10.0.1.9", {.total_length = 2000}) / udp(1, 2), to),
       framed(bytes(7), to),
       ethernet("02:00:00:00:00:66", to) / ipv4("10.0.1.66", "10.0.1.9") / udp(1, 2)});
  for (const Frame& each : made) {
    kernel_sends_bytes(encode(each));
    EXPECT_THAT(drained(), testing::ElementsAre(encode(each))) << each;
  }
  EXPECT_EQ(mismatches(), 0u);
}

TEST_F(ReceiveFromHost, ImpossibleLengthsAreDropped) {
  kernel_sends_bytes(bytes(13));
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2) / bytes(1473));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::runt_frame), 1u);
  EXPECT_EQ(host.drops(0, DropReason::frame_too_long), 1u);
}

TEST_F(ReceiveFromHost, TheLongestFrameGoesOut) {
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2) / bytes(1472));
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9")));
}

TEST_F(ReceiveFromHost, ANeighbourIsAskedForAgainASecondAfterTheFrameCame) {
  const Octets frame =
      encode(framed(ipv4("10.0.1.1", "10.0.1.77") / udp(1, 2), default_mac(address("10.0.1.77"))));
  Batch batch;
  Packet packet = stack.pool().allocate(frame.size());
  std::ranges::copy(frame, packet.append(frame.size()).begin());
  batch.push(std::move(packet));
  stack.receive_from_host(lan.index(), batch, lab.now() + 10s);
  EXPECT_EQ(stack.next_deadline(), lab.now() + 11s);
}

TEST_F(ReceiveFromHost, AReplyToWhatProgramsSayInAnothersNameIsOurs) {
  knows_neighbor("10.0.1.9");
  kernel_sends_bytes(encode(framed(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1), lan.mac())));
  Batch batch;
  ASSERT_TRUE(stack.drain(lan.index(), batch));
  EXPECT_FALSE(batch.packets()[0]->from_host) << "the mirror has to show it";
}

TEST_F(ReceiveFromHost, ALinkThatIsDownDrops) {
  lan.goes_down();
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2));
  EXPECT_EQ(host.drops(0, DropReason::interface_down), 1u);
}

TEST_F(ReceiveFromHost, ADeviceThatIsGoneDrops) {
  stack.set_running(lan.interface(), false, lab.now());
  kernel_sends(ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2));
  EXPECT_EQ(host.drops(0, DropReason::device_down), 1u);
}

TEST_F(ReceiveFromHost, ANeighbourThatDoesNotAnswerIsTheKernelsToTell) {
  stack.listen_icmp(true);
  kernel_sends(ipv4("10.0.1.1", "10.0.1.77") / udp(1, 2), "10.0.1.77");
  lab.run_for(4s);
  EXPECT_EQ(host.drops(0, DropReason::neighbor_unresolved), 1u);
  EXPECT_EQ(stack.counters().icmp_errors_sent, 0u);
  EXPECT_TRUE(host.heard().empty());
}

TEST_F(ReceiveFromHost, ADatagramToOurselvesComesBackAtOnce) {
  stack.listen_icmp(true);
  kernel_sends(ipv4("10.0.1.1", "10.0.2.1") / icmp_echo(7, 1));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.heard().size(), 1u);
}

TEST_F(ReceiveFromHost, AReplyOfOursIsNotMarked) {
  Batch batch;
  const Octets echo = encode(ethernet(default_mac(address("10.0.1.9")), lan.mac()) /
                             ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1));
  knows_neighbor("10.0.1.9");
  Packet packet = stack.pool().allocate(echo.size());
  std::ranges::copy(echo, packet.append(echo.size()).begin());
  batch.push(std::move(packet));
  stack.receive(lan.index(), batch, lab.now());
  ASSERT_TRUE(stack.drain(lan.index(), batch));
  EXPECT_FALSE(batch.packets()[0]->from_host);
}

}  // namespace
}  // namespace smolstack::test
