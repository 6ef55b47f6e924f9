// The header before a frame: what it may say, and every way in which it does not fit.

#include "smolstack/wire/virtio_net.hpp"

#include <functional>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

using wire::VirtioNetHeader;

constexpr std::size_t ethernet = sizeof(wire::EthernetHeader);
constexpr std::size_t ipv4 = sizeof(wire::Ipv4Header);

/// A frame and the header before it.
struct Given {
  VirtioNetHeader header;
  std::vector<std::byte> frame;

  wire::Ipv4Header& ip(std::size_t at = ethernet) { return header_at<wire::Ipv4Header>(from(at)); }
  wire::TcpHeader& tcp() { return header_at<wire::TcpHeader>(from(ethernet + ipv4)); }
  wire::UdpHeader& udp() { return header_at<wire::UdpHeader>(from(ethernet + ipv4)); }
  Bytes from(std::size_t at) { return Bytes(frame).subspan(at); }
};

Given datagram(std::uint8_t protocol, std::size_t transport) {
  Given given;
  given.frame.resize(ethernet + ipv4 + transport);
  header_at<wire::EthernetHeader>(given.from(0)).type = ether_type::ipv4;
  given.ip() = {};
  given.ip().protocol = protocol;
  given.ip().total_length = static_cast<std::uint16_t>(ipv4 + transport);
  given.header.flags = virtio_net_flag::needs_checksum;
  given.header.checksum_start = std::uint16_t{ethernet + ipv4};
  return given;
}

/// 4,000 bytes in segments of 1,448.
Given tso() {
  Given given = datagram(ip_protocol::tcp, sizeof(wire::TcpHeader) + 4000);
  given.tcp() = {};
  given.tcp().flags = tcp_flag::ack;
  given.header.checksum_offset = std::uint16_t{16};
  given.header.gso_type = virtio_net_gso::tcpv4;
  given.header.gso_size = std::uint16_t{1448};
  given.header.header_length = std::uint16_t{54};
  return given;
}

/// 4,000 bytes in datagrams of 1,000.
Given uso() {
  Given given = datagram(ip_protocol::udp, sizeof(wire::UdpHeader) + 4000);
  given.udp() = {};
  given.udp().length = std::uint16_t{sizeof(wire::UdpHeader) + 4000};
  given.header.checksum_offset = std::uint16_t{6};
  given.header.gso_type = virtio_net_gso::udp_l4;
  given.header.gso_size = std::uint16_t{1000};
  given.header.header_length = std::uint16_t{42};
  return given;
}

/// One segment whose checksum is not finished.
Given partial() {
  Given given = tso();
  given.header.gso_type = virtio_net_gso::none;
  given.header.gso_size = std::uint16_t{0};
  return given;
}

Expected<Offload, DropReason> parse(Given& given, FrameStart start = FrameStart::ethernet) {
  // A copy, exactly as long: a sanitizer sees one byte read too far.
  const std::vector<std::byte> exact(given.frame);
  return parse_virtio_net(given.header, exact, start);
}

TEST(ParseVirtioNet, AnEmptyHeaderLeavesNothing) {
  Given given = tso();
  given.header = {};
  EXPECT_EQ(parse(given).value(), Offload());
  given.frame.clear();
  EXPECT_EQ(parse(given).value(), Offload());
}

TEST(ParseVirtioNet, AChecksumThatSomebodyHasCheckedIsAChecksum) {
  Given given = tso();
  given.header = {};
  given.header.flags = virtio_net_flag::data_valid;
  EXPECT_EQ(parse(given).value(), Offload());
}

TEST(ParseVirtioNet, TellsWhereThePartialChecksumIs) {
  Given given = partial();
  const Offload wanted{OffloadKind::checksum, false, 16, 0, ethernet, ethernet + ipv4};
  EXPECT_EQ(parse(given).value(), wanted);
}

TEST(ParseVirtioNet, TellsASuperFrameOfTcp) {
  Given given = tso();
  const Offload wanted{OffloadKind::tcp4, false, 16, 1448, ethernet, ethernet + ipv4};
  EXPECT_EQ(parse(given).value(), wanted);
  given.header.gso_type |= virtio_net_gso::ecn;
  EXPECT_TRUE(parse(given).value().ecn);
}

TEST(ParseVirtioNet, TellsASuperFrameOfUdp) {
  Given given = uso();
  const Offload wanted{OffloadKind::udp4, false, 6, 1000, ethernet, ethernet + ipv4};
  EXPECT_EQ(parse(given).value(), wanted);
}

TEST(ParseVirtioNet, ASuperFrameThatFitsOneSegmentIsNone) {
  for (Given given : {tso(), uso()}) {
    given.header.gso_size = std::uint16_t{4000};
    EXPECT_EQ(parse(given).value().kind, OffloadKind::checksum);
    EXPECT_FALSE(parse(given).value().is_super_frame());
  }
}

TEST(ParseVirtioNet, LooksBehindIpv4Options) {
  Given given = partial();
  given.ip().version_ihl = 0x46;
  given.header.checksum_start = std::uint16_t{ethernet + ipv4 + 4};
  EXPECT_EQ(parse(given).value().transport, ethernet + ipv4 + 4);
}

TEST(ParseVirtioNet, LooksBehindVlanTags) {  // IEEE 802.1Q
  Given given = tso();
  given.frame.insert(given.frame.begin() + ethernet, 4, std::byte{});
  header_at<wire::EthernetHeader>(given.from(0)).type = ether_type::vlan;
  header_at<Big16>(given.from(ethernet + 2)) = ether_type::ipv4;
  given.header.checksum_start = std::uint16_t{ethernet + 4 + ipv4};
  EXPECT_EQ(parse(given).value().network, ethernet + 4);
  EXPECT_EQ(parse(given).value().kind, OffloadKind::tcp4);
}

TEST(ParseVirtioNet, ADatagramWithoutEthernetBeginsAtItsFirstByte) {
  Given given = tso();
  given.frame.erase(given.frame.begin(), given.frame.begin() + ethernet);
  given.header.checksum_start = std::uint16_t{ipv4};
  EXPECT_EQ(parse(given, FrameStart::ip).value().transport, ipv4);
  EXPECT_EQ(parse(given, FrameStart::ip).value().network, 0);
}

TEST(ParseVirtioNet, OfOtherProtocolsOnlyAChecksumIsLeft) {
  Given given = partial();
  header_at<wire::EthernetHeader>(given.from(0)).type = ether_type::ipv6;
  given.header.checksum_start = std::uint16_t{ethernet + 40};
  EXPECT_EQ(parse(given).value().kind, OffloadKind::checksum);
  EXPECT_EQ(parse(given).value().transport, ethernet + 40);
  given.header.gso_type = virtio_net_gso::udp_l4;
  given.header.gso_size = std::uint16_t{1000};
  EXPECT_EQ(parse(given).error(), DropReason::unknown_ethertype);
}

// --- What is refused ---------------------------------------------------------------------------

struct Refusal {
  const char* what;
  Given (*good)();
  std::function<void(Given&)> spoil;
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.what;
}

class RefuseVirtioNet : public testing::TestWithParam<Refusal> {};

TEST_P(RefuseVirtioNet, ItDoesNotFitTheFrame) {
  Given given = GetParam().good();
  ASSERT_TRUE(parse(given).has_value());
  GetParam().spoil(given);
  const auto parsed = parse(given);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error(), DropReason::offload_malformed);
}

std::uint16_t operator""_u(unsigned long long value) {
  return static_cast<std::uint16_t>(value);
}

const Refusal refusals[] = {
    {"an unknown flag", tso, [](Given& g) { g.header.flags |= 4; }},
    {"a flag that nobody defines", partial, [](Given& g) { g.header.flags |= 0x80; }},
    {"an unknown type", tso, [](Given& g) { g.header.gso_type = 2; }},
    {"fragments", uso, [](Given& g) { g.header.gso_type = virtio_net_gso::udp; }},
    {"TCP over IPv6 in an IPv4 frame", tso,
     [](Given& g) { g.header.gso_type = virtio_net_gso::tcpv6; }},
    {"ECN alone", tso, [](Given& g) { g.header.gso_type = virtio_net_gso::ecn; }},
    {"ECN of UDP", uso, [](Given& g) { g.header.gso_type |= virtio_net_gso::ecn; }},
    {"a segment size without segments", partial, [](Given& g) { g.header.gso_size = 1448_u; }},
    {"segments without a size", tso, [](Given& g) { g.header.gso_size = 0_u; }},
    {"segments too short for TCP", tso, [](Given& g) { g.header.gso_size = 7_u; }},
    {"more datagrams than a program can send at once", uso,
     [](Given& g) { g.header.gso_size = 31_u; }},
    {"segments whose checksum is complete", tso, [](Given& g) { g.header.flags = 0; }},
    {"more headers than bytes", tso,
     [](Given& g) { g.header.header_length = static_cast<std::uint16_t>(g.frame.size() + 1); }},
    {"a checksum that starts beyond the frame", partial,
     [](Given& g) { g.header.checksum_start = 60000_u; }},
    {"a checksum that starts before the transport", partial,
     [](Given& g) { g.header.checksum_start = 33_u; }},
    {"a checksum field beyond the frame", partial,
     [](Given& g) { g.header.checksum_offset = 60000_u; }},
    {"another field of TCP", partial, [](Given& g) { g.header.checksum_offset = 14_u; }},
    {"another field of UDP", uso, [](Given& g) { g.header.checksum_offset = 16_u; }},
    {"a sum that overflows", partial,
     [](Given& g) {
       g.header.checksum_start = 65535_u;
       g.header.checksum_offset = 65535_u;
     }},
    {"TCP segments of UDP", uso, [](Given& g) { g.header.gso_type = virtio_net_gso::tcpv4; }},
    {"datagrams of TCP", tso, [](Given& g) { g.header.gso_type = virtio_net_gso::udp_l4; }},
    {"another transport", partial, [](Given& g) { g.ip().protocol = ip_protocol::icmp; }},
    {"a fragment", tso,
     [](Given& g) { g.ip().flags_offset = wire::Ipv4Header::more_fragments_flag; }},
    {"a later fragment", partial, [](Given& g) { g.ip().flags_offset = 100_u; }},
    {"another version", partial, [](Given& g) { g.ip().version_ihl = 0x65; }},
    {"an IPv4 header too short", partial, [](Given& g) { g.ip().version_ihl = 0x44; }},
    {"an IPv4 header past the end", partial,
     [](Given& g) {
       g.frame.resize(ethernet + 24);
       g.header.header_length = 0_u;
       g.ip().total_length = 24_u;
       g.ip().version_ihl = 0x4f;
     }},
    {"no room for an IPv4 header", partial,
     [](Given& g) {
       g.frame.resize(ethernet + ipv4 - 1);
       g.header.header_length = 0_u;
     }},
    {"no room for an Ethernet header", partial,
     [](Given& g) {
       g.frame.resize(ethernet - 1);
       g.header.header_length = 0_u;
     }},
    {"a VLAN tag past the end", partial,
     [](Given& g) {
       header_at<wire::EthernetHeader>(g.from(0)).type = ether_type::vlan;
       g.frame.resize(ethernet + 3);
       g.header.header_length = 0_u;
     }},
    {"no frame at all", partial,
     [](Given& g) {
       g.frame.clear();
       g.header.header_length = 0_u;
     }},
    {"a total length past the end", partial, [](Given& g) { g.ip().total_length = 60000_u; }},
    {"a total length below the header", partial, [](Given& g) { g.ip().total_length = 19_u; }},
    {"padding behind a super-frame", tso, [](Given& g) { g.ip().total_length = 4000_u; }},
    {"no room for a TCP header", partial,
     [](Given& g) { g.ip().total_length = static_cast<std::uint16_t>(ipv4 + 19); }},
    {"a TCP header too short", tso, [](Given& g) { g.tcp().offset_reserved = 0x40; }},
    {"a TCP header past the end", tso,
     [](Given& g) {
       g.frame.resize(ethernet + ipv4 + 24);
       g.ip().total_length = 44_u;
       g.tcp().offset_reserved = 0xf0;
     }},
    {"a train of SYN", tso, [](Given& g) { g.tcp().flags |= tcp_flag::syn; }},
    {"a train of RST", tso, [](Given& g) { g.tcp().flags |= tcp_flag::rst; }},
    {"a UDP length that is not the super-frame's", uso, [](Given& g) { g.udp().length = 1008_u; }},
    {"a checksum of IPv6 past the end", partial,
     [](Given& g) {
       header_at<wire::EthernetHeader>(g.from(0)).type = ether_type::ipv6;
       g.frame.resize(ethernet + 40);
       g.header.checksum_start = 53_u;
       g.header.checksum_offset = 0_u;
     }},
};
INSTANTIATE_TEST_SUITE_P(Refusals, RefuseVirtioNet, testing::ValuesIn(refusals));

TEST(ParseVirtioNet, BoundsWhatCuttingASuperFrameMayCost) {
  Given given = datagram(ip_protocol::tcp, sizeof(wire::TcpHeader) + 60000);
  given.tcp() = {};
  given.header.checksum_offset = std::uint16_t{16};
  given.header.gso_type = virtio_net_gso::tcpv4;
  given.header.gso_size = std::uint16_t{30};
  EXPECT_EQ(parse(given).value().gso_size, 30);  // 2,000 segments
  given.header.gso_size = std::uint16_t{29};
  EXPECT_EQ(parse(given).error(), DropReason::offload_malformed);
}

TEST(ParseVirtioNet, RefusesEveryTruncation) {
  for (const Given& whole : {tso(), uso()}) {
    for (std::size_t length = 0; length < whole.frame.size(); ++length) {
      Given given = whole;
      given.frame.resize(length);
      EXPECT_FALSE(parse(given).has_value()) << length;
    }
  }
}

TEST(MakeVirtioNet, SaysWhatWasParsed) {
  for (Given given : {tso(), uso(), partial()}) {
    const Offload offload = parse(given).value();
    const VirtioNetHeader again = make_virtio_net(offload, given.header.header_length);
    EXPECT_EQ(again.flags, given.header.flags);
    EXPECT_EQ(again.gso_type, given.header.gso_type);
    EXPECT_EQ(again.gso_size, given.header.gso_size);
    EXPECT_EQ(again.checksum_start, given.header.checksum_start);
    EXPECT_EQ(again.checksum_offset, given.header.checksum_offset);
    EXPECT_EQ(parse_virtio_net(again, given.frame, FrameStart::ethernet).value(), offload);
  }
  EXPECT_EQ(make_virtio_net({}, 54).flags, 0);
}

TEST(MakeVirtioNet, KeepsTheEcnBit) {
  Given given = tso();
  given.header.gso_type |= virtio_net_gso::ecn;
  EXPECT_EQ(make_virtio_net(parse(given).value(), 54).gso_type, given.header.gso_type);
}

}  // namespace
}  // namespace smolstack
