// Super-frames and unfinished checksums on their way through a stack. That each segment is right
// which a super-frame stands for, the lab's judge sees.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"
#include "smolstack/wire/virtio_net.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::SizeIs;

constexpr std::uint16_t mss = 1460;

/// client 10.0.1.9 - lan [router] wan - server 10.0.2.7
class SuperFrames : public testing::Test {
 protected:
  SuperFrames() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
    lan.interface().offloads = wan.interface().offloads = all_offloads;
  }
  static Frame tcp_of(std::size_t payload, const Ipv4Fields& fields = {},
                      std::uint8_t flags = tcp_flag::ack) {
    return ipv4("10.0.1.9", "10.0.2.7", fields) /
           tcp(4000, 80, {.flags = flags, .sequence = 1000}) / bytes(payload);
  }
  static Frame udp_of(std::size_t payload, const Ipv4Fields& fields = {}) {
    return ipv4("10.0.1.9", "10.0.2.7", fields) / udp(4000, 53) / bytes(payload);
  }
  /// The payloads of all frames, one after the other.
  static Octets payload_of(const std::vector<Captured>& frames) {
    Octets all;
    for (const Captured& each : frames) {
      const Octets data = data_of(each);
      all.insert(all.end(), data.begin(), data.end());
    }
    return all;
  }
  std::uint64_t segments_created() { return router.stack().counters().segments_created; }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

// --- Through -----------------------------------------------------------------------------------

TEST_F(SuperFrames, GoThroughWholeWithOneHopLess) {  // RFC 1812 §5.3.1
  lan.sends_undone(tcp_of(20000, {.ttl = 9, .dont_fragment = true}), mss);
  EXPECT_THAT(wan.received(),
              OnePacket(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 8}) / tcp(4000, 80) / bytes(20000)));
  EXPECT_EQ(wan.received().at(0).offload.kind, OffloadKind::tcp4);
  EXPECT_EQ(wan.received().at(0).offload.gso_size, mss);
  EXPECT_EQ(wan.received().at(0).offload.transport, 34);
  EXPECT_EQ(router.stack().counters().forwarded, 1u);
  EXPECT_EQ(segments_created(), 0u);
}

TEST_F(SuperFrames, OfUdpLikewise) {
  lan.sends_undone(udp_of(20000), 1400);
  EXPECT_THAT(wan.received(), OnePacket(udp_of(20000, {.ttl = 63})));
  EXPECT_EQ(wan.received().at(0).offload.kind, OffloadKind::udp4);
}

TEST_F(SuperFrames, CountAsOnePacket) {
  lan.sends(udp_of(1));  // makes the neighbours known
  const InterfaceCounters in = lan.interface().counters;
  const InterfaceCounters out = wan.interface().counters;
  lan.sends_undone(tcp_of(20000), mss);
  EXPECT_EQ(lan.interface().counters.rx_packets, in.rx_packets + 1);
  EXPECT_EQ(lan.interface().counters.rx_bytes, in.rx_bytes + 20054);
  EXPECT_EQ(wan.interface().counters.tx_packets, out.tx_packets + 1);
  EXPECT_EQ(wan.interface().counters.tx_bytes, out.tx_bytes + 20054);
}

TEST_F(SuperFrames, AnUnfinishedChecksumStaysSo) {
  lan.sends_undone(tcp_of(100));
  EXPECT_THAT(wan.received(), SizeIs(1));
  EXPECT_EQ(wan.received().at(0).offload.kind, OffloadKind::checksum);
}

TEST_F(SuperFrames, TheLongestThatThereIsGoesThrough) {
  lan.sends_undone(tcp_of(65535 - 40), mss);
  EXPECT_THAT(wan.received(), SizeIs(1));
  EXPECT_EQ(payload_of(wan.received()), bytes(65535 - 40));
}

TEST_F(SuperFrames, WaitForTheNeighbourWhole) {
  wan.loses_neighbor("10.0.2.7");
  lan.sends_undone(tcp_of(20000), mss);
  EXPECT_THAT(wan.received(), OnePacket(arp_request("10.0.2.1", "10.0.2.7")));
  wan.forget();
  wan.has_neighbor("10.0.2.7");
  lab.run_for(1s);
  EXPECT_THAT(wan.received(), OnePacket(tcp_of(20000, {.ttl = 63})));
}

TEST_F(SuperFrames, CrossTwoRouters) {
  Node& next = lab.router({"10.0.3.1/24", "10.0.4.1/24"});
  Node& first = lab.router({"10.0.5.1/24", "10.0.3.2/24"});
  first.route("10.0.4.0/24", "10.0.3.1");
  for (Node* each : {&next, &first})
    for (int i : {0, 1})
      each->port(static_cast<std::size_t>(i)).interface().offloads = all_offloads;
  Lab::link(first.port(1), next.port(0));
  first.port(0).has_neighbor("10.0.5.9");
  next.port(1).has_neighbor("10.0.4.7");
  first.port(0).sends_undone(
      ipv4("10.0.5.9", "10.0.4.7", {.ttl = 64}) / tcp(1, 2, {.flags = tcp_flag::ack}) / bytes(9000),
      mss);
  EXPECT_THAT(next.port(1).received(),
              OnePacket(ipv4("10.0.5.9", "10.0.4.7", {.ttl = 62}) / tcp(1, 2) / bytes(9000)));
  EXPECT_EQ(next.port(1).received().at(0).offload.gso_size, mss);
}

// --- Where the device does not do it -------------------------------------------------------------

TEST_F(SuperFrames, AreCutForADeviceThatCannot) {
  wan.interface().offloads = {};
  lan.sends_undone(tcp_of(4000, {.id = 7, .dont_fragment = true}, tcp_flag::ack | tcp_flag::fin),
                   mss);
  ASSERT_THAT(wan.received(), SizeIs(3));
  EXPECT_THAT(wan.received()[0],
              IsFrame(ipv4({.id = 7}) / tcp(4000, 80, {.flags = tcp_flag::ack, .sequence = 1000}) /
                      bytes(mss)));
  EXPECT_THAT(wan.received()[1],
              IsFrame(ipv4({.id = 8}) / tcp(4000, 80, {.flags = tcp_flag::ack, .sequence = 2460})));
  EXPECT_THAT(wan.received()[2],
              IsFrame(ipv4({.id = 9}) / tcp(4000, 80, {.flags = tcp_flag::ack | tcp_flag::fin})));
  EXPECT_EQ(payload_of(wan.received()), bytes(4000));
  EXPECT_EQ(segments_created(), 3u);
}

TEST_F(SuperFrames, OfUdpAreCutToo) {
  wan.interface().offloads = {.checksum = true, .tso4 = true};
  lan.sends_undone(udp_of(4000), 1000);
  EXPECT_THAT(wan.received(), SizeIs(4));
  EXPECT_THAT(wan.received(), Each(IsFrame(udp(4000, 53, {.length = 1008}))));
  EXPECT_EQ(payload_of(wan.received()), bytes(4000));
}

TEST_F(SuperFrames, AnUnfinishedChecksumIsFinished) {
  wan.interface().offloads = {};
  lan.sends_undone(tcp_of(100));
  EXPECT_THAT(wan.received(), OnePacket(tcp_of(100, {.ttl = 63})));
  EXPECT_EQ(wan.received().at(0).offload, Offload());
  EXPECT_EQ(segments_created(), 0u);
}

TEST_F(SuperFrames, WhatFollowsIsNotOvertaken) {
  wan.interface().offloads = {};
  lan.sends_undone(tcp_of(4000), mss);
  lan.sends(udp_of(1));
  ASSERT_THAT(wan.received(), SizeIs(4));
  EXPECT_THAT(wan.received().back(), IsFrame(udp(4000, 53)));
}

TEST_F(SuperFrames, MoreSegmentsThanABatchHolds) {
  wan.interface().offloads = {};
  lan.sends_undone(tcp_of(60000), 100);
  EXPECT_THAT(wan.received(), SizeIs(600));
  EXPECT_EQ(payload_of(wan.received()), bytes(60000));
}

TEST_F(SuperFrames, WithoutBuffersNoSegmentIsSent) {
  StackOptions options;
  options.pool = {.small = 4, .large = 2};
  Node& poor = lab.router({"10.0.3.1/24", "10.0.4.1/24"}, options);
  poor.port(0).has_neighbor("10.0.3.9");
  poor.port(1).has_neighbor("10.0.4.7");
  const Frame datagram =
      ipv4("10.0.3.9", "10.0.4.7") / tcp(1, 2, {.flags = tcp_flag::ack}) / bytes(8000);
  poor.port(0).sends(ipv4("10.0.3.9", "10.0.4.7") / udp(1, 2));  // makes the neighbour known
  poor.port(1).forget();
  const std::uint64_t before = poor.drops(0, DropReason::no_buffer);
  poor.port(0).sends_undone(datagram, mss);
  EXPECT_TRUE(poor.port(1).silent());
  EXPECT_EQ(poor.drops(0, DropReason::no_buffer), before + 1);
  EXPECT_EQ(poor.stack().pool().small_in_use().level(), 0u);
  EXPECT_EQ(poor.stack().pool().large_in_use().level(), 0u);
}

// --- MTU ---------------------------------------------------------------------------------------

TEST_F(SuperFrames, TheSegmentsCountForTheMtu) {  // RFC 1191 §4
  wan.set_mtu(1400);
  lan.sends_undone(tcp_of(20000, {.dont_fragment = true}), 1360);
  EXPECT_THAT(wan.received(), SizeIs(1));
  EXPECT_TRUE(lan.silent());
}

TEST_F(SuperFrames, TooLongSegmentsThatMayNotBeCutAreAnsweredOnce) {  // RFC 1191 §4
  wan.set_mtu(1400);
  lan.sends_undone(tcp_of(20000, {.id = 7, .dont_fragment = true}, tcp_flag::ack | tcp_flag::psh),
                   1361);
  EXPECT_TRUE(wan.silent());
  EXPECT_THAT(lan.received(),
              OnePacket(icmp_fragmentation_needed(1400) /
                        ipv4("10.0.1.9", "10.0.2.7", {.id = 7, .total_length = 1401}) /
                        tcp(4000, 80, {.flags = tcp_flag::ack, .sequence = 1000})));
  EXPECT_EQ(router.drops(0, DropReason::mtu_exceeded), 1u);
}

TEST_F(SuperFrames, TooLongSegmentsAreFragmentedEach) {  // RFC 791 §3.2
  wan.set_mtu(1000);
  lan.sends_undone(tcp_of(4000, {.id = 7}), mss);
  // Three segments of 1,500 and less, two fragments each.
  ASSERT_THAT(wan.received(), SizeIs(6));
  for (std::uint16_t i = 0; i < 3; ++i) {
    std::vector<Frame> fragments;
    for (const std::size_t each : {0u, 1u})
      fragments.push_back(decode(wan.received()[2u * i + each].bytes));
    EXPECT_EQ(layer<Ipv4Layer>(fragments[1])->fields.id, 7 + i);
    EXPECT_TRUE(join(fragments).has_value());
  }
  EXPECT_EQ(router.stack().counters().fragments_created, 6u);
  EXPECT_EQ(segments_created(), 3u);
}

TEST_F(SuperFrames, AFragmentedDatagramHasItsChecksum) {  // the judge of fragments cannot see it
  lan.set_mtu(4000);
  wan.set_mtu(1000);
  lan.sends_undone(udp_of(3000));
  std::vector<Frame> fragments;
  for (const Captured& each : wan.received()) fragments.push_back(decode(each.bytes));
  const Octets wanted = encode(udp_of(3000));
  EXPECT_EQ(join(fragments), Octets(wanted.begin() + 20, wanted.end()));
}

TEST_F(SuperFrames, SegmentsLongerThanOurOwnLinkAreNotTakenIn) {  // RFC 894
  lan.sends_undone(tcp_of(20000), mss + 1);
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(router.drops(0, DropReason::frame_too_long), 1u);
}

// --- Errors ------------------------------------------------------------------------------------

TEST_F(SuperFrames, AnErrorQuotesTheFirstSegment) {  // RFC 1812 §4.3.2.3
  lan.sends_undone(tcp_of(20000, {.ttl = 1, .id = 7}), mss);
  EXPECT_THAT(lan.received(),
              OnePacket(icmp_time_exceeded() /
                        ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1, .id = 7, .total_length = 1500}) /
                        tcp(4000, 80, {.sequence = 1000})));
  EXPECT_EQ(router.stack().counters().icmp_errors_sent, 1u);
}

TEST_F(SuperFrames, AnErrorQuotesTheFinishedChecksum) {
  const Frame datagram = udp_of(100, {.ttl = 1});
  lan.sends_undone(datagram);
  ASSERT_THAT(lan.received(), SizeIs(1));
  const Octets quoted(lan.received()[0].bytes.begin() + 14 + 20 + 8, lan.received()[0].bytes.end());
  EXPECT_EQ(quoted, encode(datagram));
}

TEST_F(SuperFrames, ARedirectQuotesTheFirstSegment) {
  router.route("10.9.0.0/16", "10.0.1.8");
  lan.has_neighbor("10.0.1.8");
  lan.sends_undone(ipv4("10.0.1.9", "10.9.0.1") / udp(1, 2) / bytes(4000), 1000);
  EXPECT_EQ(count_of(lan.received(), icmp_redirect("10.0.1.8") /
                                         ipv4("10.0.1.9", "10.9.0.1", {.total_length = 1028})),
            1u);
}

TEST_F(SuperFrames, WithoutABufferForTheQuoteThereIsNoError) {
  StackOptions options;
  options.pool = {.small = 0, .large = 1};
  Lab other;
  Node& poor = other.router({}, options);
  Port& port = poor.add_port("10.0.3.1/24");
  port.sends_undone(ethernet("02:00:00:00:00:09", port.mac()) /
                        ipv4("10.0.3.9", "10.0.4.7", {.ttl = 1}) / udp(1, 2) / bytes(4000),
                    1000);
  EXPECT_EQ(poor.drops(0, DropReason::no_route), 1u);
  EXPECT_EQ(poor.drops(0, DropReason::no_buffer) > 0, true);
}

// --- To us -------------------------------------------------------------------------------------

TEST_F(SuperFrames, ToAClosedPortOfOursIsOneError) {  // RFC 1122 §4.1.3.1
  lan.sends_undone(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2) / bytes(4000), 1000);
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(port) /
                                        ipv4("10.0.1.9", "10.0.1.1", {.total_length = 1028}) /
                                        udp(1, 2, {.length = 1008})));
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
}

TEST_F(SuperFrames, AResetAnswersForAllSegments) {  // RFC 9293 §3.5.2
  lan.sends_undone(
      ipv4("10.0.1.9", "10.0.1.1") / tcp(1, 2, {.flags = 0, .sequence = 1000}) / bytes(4000), mss);
  EXPECT_THAT(lan.received(), OnePacket(tcp(2, 1, {.acknowledgment = 5000})));
}

TEST_F(SuperFrames, AnUnfinishedChecksumIsNoWrongOne) {  // RFC 1122 §4.1.3.4
  lan.sends_undone(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2) / bytes(100));
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(port)));
  EXPECT_EQ(router.drops(0, DropReason::transport_checksum), 0u);
}

// --- Beside a kernel ---------------------------------------------------------------------------

TEST_F(SuperFrames, OfProgramsLeaveWhole) {
  StackOptions options;
  options.host_sockets = true;
  Node& host = lab.host({"10.0.5.1/24"}, options);
  Port& eth0 = host.port(0);
  eth0.has_neighbor("10.0.5.9");
  const Frame frame = ethernet(eth0.mac(), default_mac(address("10.0.5.9"))) /
                      ipv4("10.0.5.1", "10.0.5.9") / tcp(1, 2, {.flags = tcp_flag::ack}) /
                      bytes(9000);
  const auto programs_send = [&](std::uint16_t gso_size) {
    Batch batch;
    Packet packet = host.stack().pool().allocate(9100);
    put(undone(frame, gso_size), packet);
    batch.push(std::move(packet));
    host.stack().receive_from_host(eth0.index(), batch, lab.now());
    lab.settle();
  };
  eth0.interface().offloads = all_offloads;
  programs_send(mss);
  EXPECT_THAT(eth0.received(), OnePacket(frame));
  eth0.forget();
  eth0.interface().offloads = {};
  programs_send(mss);
  EXPECT_THAT(eth0.received(), SizeIs(7));
  eth0.forget();
  programs_send(mss + 1);
  EXPECT_TRUE(eth0.silent());
  EXPECT_EQ(host.drops(0, DropReason::frame_too_long), 1u);
}

TEST_F(SuperFrames, OfTheWireAreLeftToTheKernel) {
  StackOptions options;
  options.host_sockets = true;
  Node& host = lab.host({"10.0.5.1/24"}, options);
  host.port(0).has_neighbor("10.0.5.9");
  host.port(0).sends_undone(
      ipv4("10.0.5.9", "10.0.5.1") / tcp(1, 2, {.flags = tcp_flag::ack}) / bytes(9000), mss);
  EXPECT_EQ(host.stack().counters().delivered, 1u);
  EXPECT_TRUE(host.port(0).silent());
}

}  // namespace
}  // namespace smolstack::test
