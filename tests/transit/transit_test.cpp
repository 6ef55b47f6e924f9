#include "smolstack/transit/transit.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include <gtest/gtest.h>

#include "lab/support/frame.hpp"
#include "smolstack/neighbor/adjacency.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using namespace smolstack::test;

constexpr Instant now{1s};
constexpr MacAddress router_mac{{2, 0x42, 10, 0, 1, 1}};
constexpr MacAddress host_mac{{2, 0x42, 10, 0, 1, 9}};
constexpr MacAddress gateway_mac{{2, 0x42, 10, 0, 2, 2}};
constexpr Ipv4Address gateway{10, 0, 2, 2};

/// A router with two links, and a route to 20.0.0.0/8 behind a neighbour on the second.
class TransitTest : public testing::Test {
 protected:
  TransitTest() {
    eth0.mac = router_mac;
    eth1.mac = MacAddress{{2, 0x42, 10, 0, 2, 1}};
    EXPECT_TRUE(tables.add_address(eth0, {Ipv4Address(10, 0, 1, 1), 24}));
    EXPECT_TRUE(tables.add_address(eth1, {Ipv4Address(10, 0, 2, 1), 24}));
    Ipv4Route route;
    route.prefix = Ipv4Prefix::of(Ipv4Address(20, 0, 0, 0), 8);
    route.gateway = gateway;
    EXPECT_TRUE(tables.add_route(route, RouteInsert::add));
    adjacencies.publish({eth1.index, gateway}, gateway_mac);
  }

  static Frame plain(const Ipv4Fields& fields = {}) {
    return ethernet(host_mac, router_mac) / ipv4("10.0.1.9", "20.1.2.3", fields) / udp(7, 9) /
           "hello";
  }
  Packet packet(const Octets& octets) {
    Packet made = pool.allocate(octets.size());
    std::ranges::copy(octets, made.append(octets.size()).begin());
    return made;
  }
  Packet packet(const Frame& frame) { return packet(encode(frame)); }
  std::size_t carry(std::span<Packet> frames) {
    Plane plane{tables.interfaces(), tables.fib(), adjacencies, counters, flow_hash};
    return smolstack::carry(plane, eth0, frames, now);
  }
  bool carries(const Frame& frame) {
    Packet made = packet(frame);
    return carry({&made, 1}) == 1;
  }
  Octets sent(Interface& out) {
    const Packet frame = out.outgoing.pop();
    if (!frame) return {};
    return {frame.bytes().begin(), frame.bytes().end()};
  }

  PacketPool pool{{.small = 64, .large = 2}};
  Tables tables;
  Interface& eth0 = tables.add_interface({.name = "eth0"});
  Interface& eth1 = tables.add_interface({.name = "eth1"});
  Random random{1};
  Adjacencies adjacencies{random};
  KeyedHash flow_hash{random};
  StackCounters counters;
};

TEST_F(TransitTest, CarriesAPlainFrame) {
  ASSERT_TRUE(carries(plain({.ttl = 64})));
  EXPECT_EQ((Captured{sent(eth1)}), ethernet(eth1.mac, gateway_mac) /
                                        ipv4("10.0.1.9", "20.1.2.3", {.ttl = 63}) / udp(7, 9) /
                                        "hello");
  EXPECT_EQ(counters.forwarded, 1u);
  EXPECT_EQ(eth0.counters.rx_packets, 1u);
  EXPECT_EQ(eth0.counters.rx_bytes, encode(plain()).size());
}

TEST_F(TransitTest, LeavesTheEthernetPaddingBehind) {
  ASSERT_TRUE(carries(sized(plain(), 60)));
  EXPECT_EQ(sent(eth1).size(), encode(plain()).size());
}

TEST_F(TransitTest, CarriesBetweenLinksWithAndWithoutLinkHeader) {
  eth1.link = LinkType::point_to_point;
  ASSERT_TRUE(carries(plain()));
  EXPECT_EQ(decode_ipv4(sent(eth1)).layers.size(), 3u) << "IPv4, UDP, data";
  eth0.link = LinkType::point_to_point;
  eth1.link = LinkType::ethernet;
  ASSERT_TRUE(carries(ipv4("10.0.1.9", "20.1.2.3") / udp(7, 9) / "hello"));
  EXPECT_EQ(layer<EthernetLayer>(decode(sent(eth1)))->destination, gateway_mac);
}

TEST_F(TransitTest, StopsBeforeTheFirstThatIsNotPlain) {
  std::array<Packet, 3> frames{packet(plain()), packet(plain({.ttl = 1})), packet(plain())};
  EXPECT_EQ(carry(frames), 1u);
  EXPECT_FALSE(frames[0]);
  ASSERT_TRUE(frames[1]);
  EXPECT_TRUE(std::ranges::equal(frames[1].bytes(), encode(plain({.ttl = 1}))));
  EXPECT_TRUE(frames[2]) << "its turn comes later";
  EXPECT_EQ(eth0.counters.rx_packets, 1u);
}

struct NotPlain {
  std::string_view name;
  std::function<Frame(Frame)> change;
};

TEST_F(TransitTest, LeavesTheRestToTheLongWayUntouched) {
  const auto with = [](const Ipv4Fields& fields) {
    return [fields](const Frame&) { return plain(fields); };
  };
  const auto between = [](const char* source, const char* destination) {
    return [=](const Frame&) {
      return ethernet(host_mac, router_mac) / ipv4(source, destination) / udp(7, 9) / "hello";
    };
  };
  const auto framed = [](Mac source, Mac destination, std::optional<std::uint16_t> type = {}) {
    return [=](const Frame&) {
      return ethernet(source, destination, type) / ipv4("10.0.1.9", "20.1.2.3") / udp(7, 9);
    };
  };
  const NotPlain rows[] = {
      {"TTL 1", with({.ttl = 1})},
      {"TTL 0", with({.ttl = 0})},
      {"options", with({.options = octets({1, 1, 1, 0})})},
      {"wrong checksum", with({.checksum = 0x1234})},
      {"version 6", with({.version_ihl = 0x65})},
      {"short header", with({.version_ihl = 0x44})},
      {"total length past the end", with({.total_length = 400})},
      {"total length below the header", with({.total_length = 19})},
      {"to us", between("10.0.1.9", "10.0.1.1")},
      {"to our other address", between("10.0.1.9", "10.0.2.1")},
      {"to a network's broadcast", between("10.0.1.9", "10.0.2.255")},
      {"to all", between("10.0.1.9", "255.255.255.255")},
      {"to a group", between("10.0.1.9", "224.0.0.9")},
      {"to loopback", between("10.0.1.9", "127.0.0.1")},
      {"to network 0", between("10.0.1.9", "0.1.2.3")},
      {"to class E", between("10.0.1.9", "240.0.0.1")},
      {"to link-local", between("10.0.1.9", "169.254.1.1")},
      {"no route", between("10.0.1.9", "30.0.0.1")},
      {"from us", between("10.0.1.1", "20.1.2.3")},
      {"from a broadcast", between("10.0.1.255", "20.1.2.3")},
      {"from a group", between("224.0.0.1", "20.1.2.3")},
      {"from nobody", between("0.0.0.0", "20.1.2.3")},
      {"from loopback", between("127.0.0.1", "20.1.2.3")},
      {"from link-local", between("169.254.9.9", "20.1.2.3")},
      {"a neighbour nobody knows", between("10.0.1.9", "10.0.2.77")},
      {"back where it came from", between("10.0.1.9", "10.0.1.8")},
      {"another station's", framed(host_mac, gateway_mac)},
      {"a link broadcast", framed(host_mac, broadcast_mac)},
      {"from a group MAC", framed(broadcast_mac, router_mac)},
      {"from our own MAC", framed(router_mac, router_mac)},
      {"ARP", framed(host_mac, router_mac, ether_type::arp)},
      {"IPv6", framed(host_mac, router_mac, ether_type::ipv6)},
      {"a runt", [](Frame frame) { return sized(std::move(frame), 13); }},
      {"cut in the header", [](Frame frame) { return sized(std::move(frame), 33); }},
      {"longer than the link allows",
       [](const Frame&) { return sized(plain() / Frame(bytes(1400)), 1515); }},
  };
  for (const NotPlain& row : rows) {
    const Octets octets = encode(row.change(plain()));
    Packet frame = packet(octets);
    EXPECT_EQ(carry({&frame, 1}), 0u) << row.name;
    ASSERT_TRUE(frame) << row.name;
    EXPECT_TRUE(std::ranges::equal(frame.bytes(), octets)) << row.name;
  }
  EXPECT_EQ(eth0.counters.rx_packets, 0u);
  EXPECT_EQ(eth0.counters.rx_bytes, 0u);
  EXPECT_EQ(counters.forwarded, 0u);
}

TEST_F(TransitTest, LeavesWhatTheLinksForbidToTheLongWay) {
  eth1.mtu = 28;
  EXPECT_FALSE(carries(plain())) << "must be fragmented";
  eth1.mtu = 1500;
  eth1.running = false;
  EXPECT_FALSE(carries(plain()));
  eth1.running = true;
  eth0.up = false;
  EXPECT_FALSE(carries(plain()));
  eth0.up = true;
  eth0.rp_filter = ReversePath::strict;
  EXPECT_TRUE(carries(plain()));
  EXPECT_FALSE(carries(ethernet(host_mac, router_mac) / ipv4("20.9.9.9", "20.1.2.3") / udp(7, 9)))
      << "the way back leads elsewhere";
  adjacencies.withdraw({eth1.index, gateway});
  EXPECT_FALSE(carries(plain()));
}

/// The sum of RFC 1071, word by word.
std::uint32_t naive_sum(ConstBytes header) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header.size(); i += 2)
    sum += std::to_integer<unsigned>(header[i]) << 8 | std::to_integer<unsigned>(header[i + 1]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

// Whatever is damaged: what is carried was a good datagram to us, and is one to the gateway.
TEST_F(TransitTest, DamagedFramesAreCarriedOnlyWhenTheyAreStillGood) {
  const Octets good = encode(plain({.ttl = 64, .id = 7}));
  std::size_t carried = 0;
  for (int round = 0; round < 20000; ++round) {
    Octets damaged = good;
    for (std::uint32_t n = 1 + random.below(3); n > 0; --n)
      damaged[random.below(static_cast<std::uint32_t>(good.size()))] =
          static_cast<std::byte>(random.below(256));
    Packet frame = packet(damaged);
    if (carry({&frame, 1}) == 0) {
      ASSERT_TRUE(std::ranges::equal(frame.bytes(), damaged));
      continue;
    }
    ++carried;
    const ConstBytes header = ConstBytes(damaged).subspan(14, 20);
    ASSERT_EQ(naive_sum(header), 0xffffu);
    ASSERT_EQ(header[0], std::byte{0x45});
    ASSERT_EQ(header_at<MacAddress>(ConstBytes(damaged)), router_mac);
    const Octets out = sent(eth1);
    ASSERT_EQ(naive_sum(ConstBytes(out).subspan(14, 20)), 0xffffu);
    ASSERT_EQ(header_at<MacAddress>(ConstBytes(out)), gateway_mac);
    ASSERT_EQ(std::to_integer<int>(out[22]) + 1, std::to_integer<int>(header[8]));
    ASSERT_TRUE(std::ranges::equal(ConstBytes(out).subspan(34),
                                   ConstBytes(damaged).subspan(34, out.size() - 34)));
  }
  EXPECT_GT(carried, 500u);
  EXPECT_EQ(counters.forwarded, carried);
}

}  // namespace
}  // namespace smolstack
