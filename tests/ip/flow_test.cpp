#include "smolstack/ip/flow.hpp"

#include <set>

#include <gtest/gtest.h>

#include "ip/packets.hpp"

namespace smolstack {
namespace {

using test::datagram;
using test::DatagramFields;

class FlowTest : public testing::Test {
 protected:
  /// The flow of a datagram whose data begins with two ports.
  Flow flow(const DatagramFields& fields, std::uint16_t from = 5000, std::uint16_t to = 80) {
    std::vector<std::byte> data(8);
    header_at<Big16>(Bytes(data)) = from;
    header_at<Big16>(Bytes(data).subspan(2)) = to;
    return flow_of(datagram(pool, fields, data).bytes());
  }

  PacketPool pool{{.small = 8, .large = 1}};
  Random random{3};
  KeyedHash hash{random};
};

TEST_F(FlowTest, HasThePortsOfTcpAndUdpOnly) {
  constexpr std::uint32_t ports = 5000u << 16 | 80;
  EXPECT_EQ(flow({.protocol = ip_protocol::tcp}).ports, ports);
  EXPECT_EQ(flow({.protocol = ip_protocol::udp}).ports, ports);
  EXPECT_EQ(flow({.protocol = ip_protocol::icmp}).ports, 0u);
  EXPECT_EQ(flow({.protocol = 253}).ports, 0u);
}

TEST_F(FlowTest, FindsThemBehindOptions) {
  const std::vector<std::byte> options(8, std::byte{1});
  EXPECT_EQ(flow({.protocol = ip_protocol::udp, .options = options}).ports, 5000u << 16 | 80);
}

TEST_F(FlowTest, AllFragmentsOfADatagramAreOfOne) {
  const Flow first = flow({.protocol = ip_protocol::udp, .more = true});
  const Flow last = flow({.protocol = ip_protocol::udp, .offset = 1480}, 7, 9);
  EXPECT_EQ(first.ports, 0u);
  EXPECT_EQ(first, last);
}

TEST_F(FlowTest, ASegmentThatIsTooShortShowsNoPorts) {
  const Packet whole = datagram(pool, {.protocol = ip_protocol::udp}, std::vector<std::byte>(4));
  EXPECT_EQ(flow_of(whole.bytes()).source, Ipv4Address(10, 0, 1, 9));
  const Packet cut = datagram(pool, {.protocol = ip_protocol::udp}, std::vector<std::byte>(3));
  EXPECT_EQ(flow_of(cut.bytes()).ports, 0u);
}

TEST_F(FlowTest, ThePolicyTellsWhetherPortsCount) {
  const Flow one = flow({.protocol = ip_protocol::udp}, 1);
  const Flow other = flow({.protocol = ip_protocol::udp}, 2);
  EXPECT_EQ(hash_of(one, MultipathHash::addresses, hash),
            hash_of(other, MultipathHash::addresses, hash));
  EXPECT_NE(hash_of(one, MultipathHash::ports, hash), hash_of(other, MultipathHash::ports, hash));
}

TEST_F(FlowTest, EverythingThatCountsChangesTheHash) {
  const Flow flows[] = {
      flow({.protocol = ip_protocol::udp}),
      flow({.source = {10, 0, 1, 8}, .protocol = ip_protocol::udp}),
      flow({.destination = {10, 0, 2, 8}, .protocol = ip_protocol::udp}),
      flow({.source = {10, 0, 2, 7}, .destination = {10, 0, 1, 9}, .protocol = ip_protocol::udp}),
      flow({.protocol = ip_protocol::tcp}),
      flow({.protocol = ip_protocol::udp}, 80, 5000)};
  std::set<std::uint32_t> hashes;
  for (const Flow& each : flows) hashes.insert(hash_of(each, MultipathHash::ports, hash));
  EXPECT_EQ(hashes.size(), std::size(flows));
}

// RFC 2992 §2 cuts the space of hashes into regions: they are only as large as they look when
// flows spread over all of it.
TEST_F(FlowTest, FlowsSpreadOverTheWholeSpace) {
  std::array<int, 16> regions{};
  for (std::uint32_t i = 0; i < 16000; ++i) {
    const Flow each{Ipv4Address(0x0a000000 + i), Ipv4Address(10, 1, 2, 2), ip_protocol::udp};
    ++regions[hash_of(each, MultipathHash::addresses, hash) >> 28];
  }
  for (const int count : regions) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
}

}  // namespace
}  // namespace smolstack
