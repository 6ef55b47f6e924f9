// Every parser, with input cut off at each length and with each field made impossible.

#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/arp.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

const Ipv4Address here(10, 0, 0, 1);
const Ipv4Address there(10, 0, 0, 2);

/// A copy on the heap, exactly as long: a sanitizer sees one byte read too far.
std::vector<std::byte> cut(ConstBytes bytes, std::size_t length) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)};
}

std::vector<std::byte> arp_request() {
  std::vector<std::byte> bytes(28);
  auto& arp = header_at<wire::ArpPacket>(Bytes(bytes));
  arp = {};
  arp.operation = arp_operation::request;
  arp.sender = there;
  arp.target = here;
  return bytes;
}

std::vector<std::byte> datagram(std::size_t header, std::size_t data) {
  std::vector<std::byte> bytes(header + data);
  auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
  ip = {};
  ip.version_ihl = static_cast<std::uint8_t>(0x40 + header / 4);
  ip.total_length = static_cast<std::uint16_t>(header + data);
  ip.source = there;
  ip.destination = here;
  finish_ipv4_header(bytes);
  return bytes;
}

template <class Change>
DropReason refusal(std::vector<std::byte> bytes, Change&& change) {
  auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
  change(ip);
  ip.checksum = std::uint16_t{0};
  ip.checksum = internet_checksum(ConstBytes(bytes).first(20));
  return parse_ipv4(bytes).error();
}

TEST(ParseArp, RefusesEveryTruncation) {  // RFC 826
  const auto whole = arp_request();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto bytes = cut(whole, length);
    ASSERT_EQ(parse_arp(bytes).error(), DropReason::arp_malformed) << length;
  }
  EXPECT_TRUE(parse_arp(whole));
}

TEST(ParseArp, TakesPaddingForWhatItIs) {
  auto padded = arp_request();
  padded.resize(46, std::byte{0xaa});
  ASSERT_TRUE(parse_arp(padded));
  EXPECT_EQ((*parse_arp(padded))->target, here);
}

TEST(ParseArp, RefusesWhatIsNotEthernetAndIpv4) {  // RFC 826 "Packet Reception"
  const auto refused = [](auto&& change) {
    auto bytes = arp_request();
    change(header_at<wire::ArpPacket>(Bytes(bytes)));
    return !parse_arp(bytes);
  };
  EXPECT_TRUE(refused([](auto& arp) { arp.hardware_type = std::uint16_t{6}; }));
  EXPECT_TRUE(refused([](auto& arp) { arp.protocol_type = std::uint16_t{0x86dd}; }));
  EXPECT_TRUE(refused([](auto& arp) { arp.hardware_length = 0; }));
  EXPECT_TRUE(refused([](auto& arp) { arp.hardware_length = 8; }));
  EXPECT_TRUE(refused([](auto& arp) { arp.protocol_length = 16; }));
  for (const unsigned operation : {0u, 3u, 4u, 8u, 9u, 0xffffu})
    EXPECT_TRUE(refused([&](auto& arp) { arp.operation = static_cast<std::uint16_t>(operation); }));
}

TEST(ParseIpv4, RefusesEveryTruncation) {  // RFC 1812 §5.2.2
  const auto whole = datagram(24, 20);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    auto bytes = cut(whole, length);
    ASSERT_FALSE(parse_ipv4(bytes)) << length;
    if (length < 20) {
      EXPECT_EQ(parse_ipv4(bytes).error(), DropReason::truncated);
    }
  }
  auto bytes = whole;
  EXPECT_TRUE(parse_ipv4(bytes));
}

TEST(ParseIpv4, RefusesImpossibleHeaders) {  // RFC 1812 §5.2.2
  const auto whole = datagram(20, 40);
  using enum DropReason;
  for (const unsigned version : {0u, 3u, 5u, 6u, 15u})
    EXPECT_EQ(
        refusal(whole,
                [&](auto& ip) { ip.version_ihl = static_cast<std::uint8_t>(version << 4 | 5); }),
        bad_version);
  for (unsigned words = 0; words < 5; ++words)
    EXPECT_EQ(
        refusal(whole, [&](auto& ip) { ip.version_ihl = static_cast<std::uint8_t>(0x40 | words); }),
        bad_header_length);
  EXPECT_EQ(refusal(whole, [](auto& ip) { ip.total_length = std::uint16_t{19}; }),
            bad_total_length);
  EXPECT_EQ(refusal(whole, [](auto& ip) { ip.total_length = std::uint16_t{61}; }),
            bad_total_length);
}

TEST(ParseIpv4, RefusesAHeaderThatRunsPastTheEnd) {
  auto bytes = datagram(20, 8);
  auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
  ip.version_ihl = 0x4f;
  EXPECT_EQ(parse_ipv4(bytes).error(), DropReason::bad_header_length);
}

TEST(ParseIpv4, NoticesEveryFlippedBit) {
  const auto whole = datagram(20, 0);
  for (std::size_t bit = 0; bit < 160; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    ASSERT_FALSE(parse_ipv4(bytes)) << bit;
  }
}

TEST(ParseIpv4, LeavesPaddingAlone) {
  auto bytes = datagram(20, 6);
  bytes.resize(46, std::byte{0xff});
  ASSERT_TRUE(parse_ipv4(bytes));
  EXPECT_EQ((*parse_ipv4(bytes))->payload_length(), 6u);
}

std::vector<std::byte> udp_datagram(std::size_t data) {
  std::vector<std::byte> bytes(8 + data, std::byte{0x61});
  auto& udp = header_at<wire::UdpHeader>(Bytes(bytes));
  udp = {std::uint16_t{5000}, std::uint16_t{7}, static_cast<std::uint16_t>(bytes.size()), {}};
  udp.checksum = pseudo_header_sum(there, here, 17, bytes.size()).add(bytes).finish();
  return bytes;
}

TEST(ParseUdp, RefusesEveryTruncation) {  // RFC 768
  const auto whole = udp_datagram(11);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto bytes = cut(whole, length);
    ASSERT_EQ(parse_udp(bytes, there, here).error(), DropReason::transport_malformed) << length;
  }
  EXPECT_TRUE(parse_udp(whole, there, here));
}

TEST(ParseUdp, RefusesALengthBelowItsHeader) {
  auto bytes = udp_datagram(4);
  header_at<wire::UdpHeader>(Bytes(bytes)).length = std::uint16_t{7};
  EXPECT_EQ(parse_udp(bytes, there, here).error(), DropReason::transport_malformed);
}

TEST(ParseUdp, AcceptsADatagramWithoutChecksum) {  // RFC 1122 §4.1.3.4
  auto bytes = udp_datagram(4);
  header_at<wire::UdpHeader>(Bytes(bytes)).checksum = std::uint16_t{0};
  EXPECT_TRUE(parse_udp(bytes, there, here));
}

TEST(ParseUdp, NoticesAWrongChecksumAndAWrongPseudoHeader) {
  auto bytes = udp_datagram(4);
  EXPECT_EQ(parse_udp(bytes, there, Ipv4Address(10, 0, 0, 3)).error(),
            DropReason::transport_checksum);
  bytes.back() ^= std::byte{1};
  EXPECT_EQ(parse_udp(bytes, there, here).error(), DropReason::transport_checksum);
}

TEST(ParseUdp, PassesOverBytesBehindItsLength) {  // RFC 768: the length counts
  auto bytes = udp_datagram(4);
  bytes.resize(40, std::byte{0xee});
  EXPECT_TRUE(parse_udp(bytes, there, here));
}

std::vector<std::byte> tcp_segment(std::size_t data, std::uint8_t offset = 0x50) {
  std::vector<std::byte> bytes(20 + data, std::byte{0x33});
  auto& tcp = header_at<wire::TcpHeader>(Bytes(bytes));
  tcp = {};
  tcp.offset_reserved = offset;
  tcp.flags = tcp_flag::syn;
  tcp.checksum = pseudo_header_sum(there, here, 6, bytes.size()).add(bytes).finish();
  return bytes;
}

TEST(ParseTcp, RefusesEveryTruncation) {  // RFC 9293 §3.1
  const auto whole = tcp_segment(17, 0x60);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto bytes = cut(whole, length);
    ASSERT_FALSE(parse_tcp(bytes, there, here)) << length;
  }
  EXPECT_TRUE(parse_tcp(whole, there, here));
}

TEST(ParseTcp, RefusesAnOffsetThatDoesNotFit) {
  for (unsigned words = 0; words < 5; ++words)
    EXPECT_EQ(
        parse_tcp(tcp_segment(40, static_cast<std::uint8_t>(words << 4)), there, here).error(),
        DropReason::transport_malformed);
  EXPECT_EQ(parse_tcp(tcp_segment(3, 0x60), there, here).error(), DropReason::transport_malformed);
  EXPECT_TRUE(parse_tcp(tcp_segment(40, 0xf0), there, here));
}

TEST(ParseTcp, NoticesAWrongChecksum) {
  auto bytes = tcp_segment(5);
  bytes.back() ^= std::byte{0x10};
  EXPECT_EQ(parse_tcp(bytes, there, here).error(), DropReason::transport_checksum);
}

TEST(EveryParser, TakesRandomBytesWithoutHarm) {
  Random random(5);
  for (int i = 0; i < 50'000; ++i) {
    std::vector<std::byte> bytes(random.below(80));
    for (auto& octet : bytes) octet = static_cast<std::byte>(random.below(256));
    if (!bytes.empty() && i % 2 == 0) bytes[0] = std::byte{0x45};
    const bool any = parse_arp(bytes) || parse_ipv4(bytes) || parse_udp(bytes, there, here) ||
                     parse_tcp(bytes, there, here);
    if (any) {
      ASSERT_GE(bytes.size(), 8u);
    }
  }
}

}  // namespace
}  // namespace smolstack
