// Super-frames cut up in software, and put together again to see whether all is there.

#include "smolstack/packet/gso.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

constexpr std::uint8_t tcp = ip_protocol::tcp;
constexpr std::uint8_t udp = ip_protocol::udp;

/// What a super-frame is made of.
struct Made {
  std::uint8_t protocol = tcp;
  std::size_t payload = 4000;
  std::uint16_t gso_size = 1448;
  std::size_t link_header = 0;
  std::size_t ipv4_options = 0;
  std::size_t tcp_options = 12;
  std::uint8_t flags = tcp_flag::ack;
  std::uint32_t sequence = 1000;
  std::uint16_t identification = 7;
  std::uint16_t urgent_pointer = 0;
};

std::byte payload_byte(std::size_t at) {
  return static_cast<std::byte>(at * 7 + at / 251);
}

class Gso : public testing::Test {
 protected:
  /// As the kernel hands it over: one IPv4 datagram, the checksum field with the pseudo header's
  /// sum in it.
  Packet make(const Made& made) {
    const std::size_t ipv4 = sizeof(wire::Ipv4Header) + made.ipv4_options;
    const std::size_t transport =
        made.protocol == tcp ? sizeof(wire::TcpHeader) + made.tcp_options : sizeof(wire::UdpHeader);
    const std::size_t headers = made.link_header + ipv4 + transport;
    Packet packet = pool.allocate(headers + made.payload);
    const Bytes bytes = packet.append(headers + made.payload);
    std::ranges::fill(bytes.first(headers), std::byte{1});  // options: no operation
    for (std::size_t i = 0; i < made.payload; ++i) bytes[headers + i] = payload_byte(i);
    put_ipv4(bytes.subspan(made.link_header), made, ipv4);
    put_transport(bytes.subspan(made.link_header), made, ipv4);
    packet->offload = {made.protocol == tcp ? OffloadKind::tcp4 : OffloadKind::udp4,
                       (made.flags & tcp_flag::cwr) != 0,
                       static_cast<std::uint8_t>(made.protocol == tcp ? 16 : 6),
                       made.gso_size,
                       static_cast<std::uint16_t>(packet->begin + made.link_header),
                       static_cast<std::uint16_t>(packet->begin + made.link_header + ipv4)};
    return packet;
  }

  static void put_ipv4(Bytes bytes, const Made& made, std::size_t header) {
    auto& ip = header_at<wire::Ipv4Header>(bytes) = {};
    ip.version_ihl = static_cast<std::uint8_t>(0x40 | header / 4);
    ip.total_length = static_cast<std::uint16_t>(bytes.size());
    ip.identification = made.identification;
    ip.flags_offset = wire::Ipv4Header::dont_fragment_flag;
    ip.protocol = made.protocol;
    ip.source = Ipv4Address(10, 0, 0, 1);
    ip.destination = Ipv4Address(10, 0, 0, 2);
    finish_ipv4_header(bytes.first(header));
  }

  static void put_transport(Bytes bytes, const Made& made, std::size_t header) {
    const auto& ip = header_at<wire::Ipv4Header>(bytes);
    const Bytes segment = bytes.subspan(header);
    auto sum = pseudo_header_sum(ip.source, ip.destination, made.protocol, segment.size());
    const auto pseudo = static_cast<std::uint16_t>(~sum.finish());
    if (made.protocol == udp) {
      header_at<wire::UdpHeader>(segment) = {std::uint16_t{5000}, std::uint16_t{6000},
                                             static_cast<std::uint16_t>(segment.size()), pseudo};
      return;
    }
    auto& header_of_tcp = header_at<wire::TcpHeader>(segment) = {};
    header_of_tcp.source_port = std::uint16_t{5000};
    header_of_tcp.destination_port = std::uint16_t{6000};
    header_of_tcp.sequence = made.sequence;
    header_of_tcp.offset_reserved = static_cast<std::uint8_t>((20 + made.tcp_options) / 4 << 4);
    header_of_tcp.flags = made.flags;
    header_of_tcp.urgent_pointer = made.urgent_pointer;
    header_of_tcp.checksum = pseudo;
  }

  std::vector<Packet> cut(const Packet& super_frame) {
    PacketQueue queue;
    EXPECT_TRUE(segment(pool, super_frame, queue));
    std::vector<Packet> segments;
    while (Packet each = queue.pop()) segments.push_back(std::move(each));
    return segments;
  }

  /// Every rule that a segment must keep, whoever reads it; returns its payload.
  static ConstBytes judge(const Packet& segment, const Made& made) {
    EXPECT_TRUE(segment.is_plain());
    const Bytes datagram = segment.bytes().subspan(made.link_header);
    const auto ip = parse_ipv4(datagram);
    EXPECT_TRUE(ip.has_value());
    EXPECT_EQ((*ip)->total_length, datagram.size());
    const Bytes inner = datagram.subspan((*ip)->header_length());
    if (made.protocol == tcp) {
      const auto parsed = parse_tcp(inner, (*ip)->source, (*ip)->destination);
      EXPECT_TRUE(parsed.has_value());
      return inner.subspan((*parsed)->header_length());
    }
    const auto parsed = parse_udp(inner, (*ip)->source, (*ip)->destination);
    EXPECT_TRUE(parsed.has_value());
    EXPECT_NE((*parsed)->checksum, 0);
    EXPECT_EQ((*parsed)->length, inner.size());
    return inner.subspan(sizeof(wire::UdpHeader));
  }

  static wire::Ipv4Header& ip_of(const Packet& packet, const Made& made) {
    return header_at<wire::Ipv4Header>(packet.bytes().subspan(made.link_header));
  }
  static wire::TcpHeader& tcp_of(const Packet& packet, const Made& made) {
    const std::size_t at = made.link_header + ip_of(packet, made).header_length();
    return header_at<wire::TcpHeader>(packet.bytes().subspan(at));
  }

  /// Cuts it up, judges each segment, and puts the payload together again.
  void expect_whole(const Made& made) {
    const Packet super_frame = make(made);
    const std::vector<Packet> segments = cut(super_frame);
    EXPECT_EQ(segments.size(), (made.payload + made.gso_size - 1) / made.gso_size);
    std::size_t at = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const ConstBytes payload = judge(segments[i], made);
      EXPECT_LE(segments[i].size(), wire_size(super_frame));
      EXPECT_EQ(ip_of(segments[i], made).identification,
                static_cast<std::uint16_t>(made.identification + i));
      if (made.protocol == tcp) {
        EXPECT_EQ(tcp_of(segments[i], made).sequence,
                  static_cast<std::uint32_t>(made.sequence + at));
      }
      for (const std::byte each : payload) ASSERT_EQ(each, payload_byte(at++));
    }
    EXPECT_EQ(at, made.payload);
  }

  PacketPool pool{{.small = 2200, .large = 4}};
};

TEST_F(Gso, SegmentsOfTcpAreTheSuperFrame) {
  expect_whole({});
}

TEST_F(Gso, DatagramsOfUdpAreTheSuperFrame) {
  expect_whole({.protocol = udp, .gso_size = 1000});
}

TEST_F(Gso, WhateverTheSizes) {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    Made made;
    made.protocol = i % 2 == 0 ? tcp : udp;
    made.gso_size = static_cast<std::uint16_t>(32 + random.below(1500));
    made.payload = made.gso_size + 1 + random.below(60000);
    made.link_header = random.below(2) * sizeof(wire::EthernetHeader);
    made.ipv4_options = 4 * random.below(11);
    made.tcp_options = 4 * random.below(11);
    made.sequence = static_cast<std::uint32_t>(random.next());
    made.identification = static_cast<std::uint16_t>(random.next());
    expect_whole(made);
    if (HasFailure()) FAIL() << "payload " << made.payload << ", gso_size " << made.gso_size;
  }
}

TEST_F(Gso, NumbersGoOnPastTheirEnd) {
  expect_whole({.sequence = 0xfffffff0u, .identification = 0xffff});
}

TEST_F(Gso, FinAndPushAreTheLastOnes) {
  const Made made{.flags = tcp_flag::ack | tcp_flag::psh | tcp_flag::fin};
  const auto segments = cut(make(made));
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(tcp_of(segments[0], made).flags, tcp_flag::ack);
  EXPECT_EQ(tcp_of(segments[1], made).flags, tcp_flag::ack);
  EXPECT_EQ(tcp_of(segments[2], made).flags, made.flags);
}

TEST_F(Gso, CongestionWindowReducedIsTheFirstOnes) {  // RFC 3168 §6.1.2
  const Made made{.flags = tcp_flag::ack | tcp_flag::cwr};
  const auto segments = cut(make(made));
  EXPECT_EQ(tcp_of(segments[0], made).flags, made.flags);
  EXPECT_EQ(tcp_of(segments[1], made).flags, tcp_flag::ack);
  EXPECT_EQ(tcp_of(segments[2], made).flags, tcp_flag::ack);
}

TEST_F(Gso, UrgentDataStaysWhereItIs) {  // RFC 9293 §3.8.5
  const Made made{.flags = tcp_flag::ack | tcp_flag::urg, .urgent_pointer = 1500};
  const auto segments = cut(make(made));
  EXPECT_EQ(tcp_of(segments[0], made).urgent_pointer, 1500);
  EXPECT_EQ(tcp_of(segments[1], made).urgent_pointer, 52);
  EXPECT_TRUE(tcp_of(segments[1], made).has(tcp_flag::urg));
  EXPECT_EQ(tcp_of(segments[2], made).urgent_pointer, 0);
  EXPECT_FALSE(tcp_of(segments[2], made).has(tcp_flag::urg));
}

TEST_F(Gso, HeadersPulledAndPushedComeAlong) {
  const Made made{.link_header = sizeof(wire::EthernetHeader)};
  Packet frame = make(made);
  frame.pull(sizeof(wire::EthernetHeader));
  EXPECT_EQ(wire_size(frame), 20u + 32u + 1448u);
  for (const Packet& each : cut(frame)) judge(each, {.link_header = 0});
  frame.push(sizeof(wire::EthernetHeader));
  EXPECT_EQ(wire_size(frame), 14u + 20u + 32u + 1448u);
  for (const Packet& each : cut(frame)) judge(each, made);
}

TEST_F(Gso, SegmentsHaveComeTheSameWay) {
  Packet frame = make({});
  frame->arrived_on = IfIndex(3);
  frame->link_broadcast = true;
  frame->from_host = true;
  for (const Packet& each : cut(frame)) {
    EXPECT_EQ(each->arrived_on, IfIndex(3));
    EXPECT_TRUE(each->link_broadcast && each->from_host);
  }
}

TEST_F(Gso, AllSegmentsOrNone) {
  PacketPool small({.small = 2, .large = 1});
  const Packet frame = make({});
  PacketQueue queue;
  queue.push(pool.allocate(1));
  EXPECT_FALSE(segment(small, frame, queue));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(small.small_in_use().level(), 0u);
}

TEST_F(Gso, SegmentsAreAppended) {
  PacketQueue queue;
  queue.push(pool.allocate(1));
  EXPECT_TRUE(segment(pool, make({}), queue));
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue.pop().size(), 0u);
}

TEST_F(Gso, TheFirstSegmentByItself) {
  for (const Made& made : {Made{}, Made{.protocol = udp, .gso_size = 1000}}) {
    const Packet frame = make(made);
    const Packet first = first_segment(pool, frame);
    EXPECT_TRUE(std::ranges::equal(first.bytes(), cut(frame).front().bytes()));
  }
}

TEST_F(Gso, APlainPacketIsItsOwnFirstSegment) {
  Packet packet = make({});
  finish_checksum(packet);
  const Packet first = first_segment(pool, packet);
  EXPECT_TRUE(std::ranges::equal(first.bytes(), packet.bytes()));
  EXPECT_EQ(wire_size(packet), packet.size());
}

TEST_F(Gso, WithoutABufferThereIsNoFirstSegment) {
  PacketPool none({.small = 0, .large = 0});
  Packet packet = make({});
  EXPECT_FALSE(first_segment(none, packet));
  finish_checksum(packet);
  EXPECT_FALSE(first_segment(none, packet));
}

TEST_F(Gso, AFinishedSuperFrameIsOneLongSegment) {
  for (const Made& made : {Made{}, Made{.protocol = udp, .gso_size = 1000}}) {
    Packet frame = make(made);
    finish_checksum(frame);
    EXPECT_EQ(judge(frame, made).size(), made.payload);
  }
}

TEST_F(Gso, AChecksumOfZeroIsSentAsAllOnes) {  // RFC 768
  const Made made{.protocol = udp, .payload = 2, .gso_size = 1000};
  Packet frame = make(made);
  // What makes the sum zero: the complement of all that is summed with a payload of zero.
  const Bytes payload = frame.bytes().subspan(28);
  header_at<Big16>(payload) = std::uint16_t{0};
  header_at<Big16>(payload) = internet_checksum(frame.bytes().subspan(20));
  finish_checksum(frame);
  EXPECT_EQ(header_at<wire::UdpHeader>(frame.bytes().subspan(20)).checksum, 0xffff);
}

TEST_F(Gso, ACloneIsTheSameSuperFrameWhereverItLies) {
  const Made made{.link_header = sizeof(wire::EthernetHeader)};
  Packet frame = make(made);
  frame.pull(sizeof(wire::EthernetHeader));
  const Packet twin = pool.clone(frame);
  EXPECT_EQ(twin->offload.gso_size, made.gso_size);
  EXPECT_EQ(wire_size(twin), wire_size(frame));
  for (const Packet& each : cut(twin)) judge(each, {});
}

}  // namespace
}  // namespace smolstack
