#include "smolstack/transit/transit.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

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
    return carrier.carry(plane, eth0, frames, now);
  }
  bool may_carry(const Packet& frame) {
    Plane plane{tables.interfaces(), tables.fib(), adjacencies, counters, flow_hash};
    return carrier.may_carry(plane, eth0, frame, now);
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

  PacketPool pool{{.small = 512, .large = 2}};
  Tables tables;
  Interface& eth0 = tables.add_interface({.name = "eth0"});
  Interface& eth1 = tables.add_interface({.name = "eth1"});
  Random random{1};
  Adjacencies adjacencies{random};
  KeyedHash flow_hash{random};
  StackCounters counters;
  Carrier carrier;
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
    EXPECT_FALSE(may_carry(frame)) << row.name;
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
    const bool is_good = may_carry(frame);
    ASSERT_TRUE(std::ranges::equal(frame.bytes(), damaged));
    ASSERT_EQ(carry({&frame, 1}), is_good ? 1u : 0u);
    if (!is_good) {
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

// --- Many together -----------------------------------------------------------------------------

constexpr std::size_t many = 200;  // three convoys, and some

/// A router with a network behind each of 80 gateways, more than there are places for ways, and
/// one whose route has two ways.
class ManyTest : public TransitTest {
 protected:
  ManyTest() {
    for (std::uint8_t i = 0; i < gateways; ++i) {
      add_route(network(i), {nth_gateway(i)});
      adjacencies.publish({eth1.index, nth_gateway(i)}, mac_of(nth_gateway(i)));
    }
    add_route(Ipv4Address(40, 0, 0, 0), {nth_gateway(0), nth_gateway(1)});
  }

  static Ipv4Address network(std::uint8_t i) { return {30, i, 0, 0}; }
  static Ipv4Address nth_gateway(std::uint8_t i) {
    return {10, 0, 2, static_cast<std::uint8_t>(100 + i)};
  }
  static MacAddress mac_of(Ipv4Address address) { return default_mac(address); }
  void add_route(Ipv4Address destination, const std::vector<Ipv4Address>& by) {
    Ipv4Route route;
    route.prefix = Ipv4Prefix::of(destination, 16);
    route.gateway = by.front();
    std::vector<Ipv4Path> paths;
    for (const Ipv4Address each : by) paths.push_back({.gateway = each});
    if (by.size() > 1) route.paths = Ipv4Paths(paths);
    ASSERT_TRUE(tables.add_route(route, RouteInsert::add));
  }
  static Frame to(Ipv4Address destination, Ipv4Address source = {10, 0, 1, 9}) {
    return ethernet(host_mac, router_mac) / ipv4(source, destination) / udp(7, 9) / "hello";
  }
  static Ipv4Address behind(std::uint8_t i, std::uint8_t host = 7) { return {30, i, 0, host}; }
  std::vector<Packet> packets(const std::vector<Ipv4Address>& destinations) {
    std::vector<Packet> made;
    for (const Ipv4Address destination : destinations) made.push_back(packet(to(destination)));
    return made;
  }
  using TransitTest::packet;
  static MacAddress receiver(const Octets& sent) { return header_at<MacAddress>(ConstBytes(sent)); }

  static constexpr std::uint8_t gateways = 80;
};

TEST_F(ManyTest, EachGoesToItsOwnNeighbour) {
  std::vector<Ipv4Address> destinations;
  for (std::size_t i = 0; i < many; ++i)
    destinations.push_back(behind(static_cast<std::uint8_t>(random.below(gateways))));
  std::vector<Packet> frames = packets(destinations);
  ASSERT_EQ(carry(frames), many);
  for (const Ipv4Address destination : destinations) {
    const Octets out = sent(eth1);
    const auto i = static_cast<std::uint8_t>(destination.host() >> 16);
    ASSERT_EQ(receiver(out), mac_of(nth_gateway(i)));
    ASSERT_EQ(layer<Ipv4Layer>(decode(out))->destination, destination);
  }
  EXPECT_EQ(counters.forwarded, many);
  EXPECT_EQ(eth0.counters.rx_packets, many);
}

TEST_F(ManyTest, HostsOnTheLinkShareAHopAndNoNeighbour) {
  const Ipv4Address hosts[] = {{10, 0, 2, 101}, {10, 0, 2, 102}, {10, 0, 2, 103}};
  std::vector<Ipv4Address> destinations;
  for (int i = 0; i < 70; ++i) destinations.push_back(hosts[random.below(3)]);
  std::vector<Packet> frames = packets(destinations);
  ASSERT_EQ(carry(frames), destinations.size());
  for (const Ipv4Address destination : destinations)
    ASSERT_EQ(receiver(sent(eth1)), mac_of(destination));
}

TEST_F(ManyTest, StopsAtTheObjectionWhereverItStands) {
  const auto objections = std::to_array<Frame>(
      {to({50, 0, 0, 1}), to({10, 0, 2, 77}), to(behind(1), {10, 0, 1, 1}), plain({.ttl = 1}),
       to(behind(1), {10, 0, 2, 255}), to({10, 0, 1, 8}), plain({.checksum = 1})});
  for (const Frame& objection : objections)
    for (const std::size_t at : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 199u}) {
      std::vector<Packet> frames = packets(std::vector(many, behind(3)));
      frames[at] = packet(objection);
      ASSERT_EQ(carry(frames), at);
      ASSERT_TRUE(std::ranges::equal(frames[at].bytes(), encode(objection)));
      for (std::size_t i = 0; i < at; ++i) ASSERT_FALSE(sent(eth1).empty());
      ASSERT_TRUE(eth1.outgoing.empty());
      ASSERT_EQ(carry(std::span(frames).subspan(at + 1)), many - at - 1);
      while (!sent(eth1).empty()) {
      }
    }
}

// After a route with several ways nobody may be taken for one of its frames.
TEST_F(ManyTest, SeveralWaysAreChosenFrameByFrame) {
  std::vector<Ipv4Address> destinations;
  for (std::uint8_t i = 0; i < 64; ++i) destinations.push_back({40, 0, 0, i});
  std::vector<Packet> frames = packets(destinations);
  ASSERT_EQ(carry(frames), frames.size());
  std::vector<MacAddress> receivers;
  for (std::size_t i = 0; i < frames.size(); ++i) receivers.push_back(receiver(sent(eth1)));
  EXPECT_EQ((std::set(receivers.begin(), receivers.end())),
            (std::set{mac_of(nth_gateway(0)), mac_of(nth_gateway(1))}));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    Packet alone = packet(to(destinations[i]));
    ASSERT_EQ(carry({&alone, 1}), 1u);
    ASSERT_EQ(receiver(sent(eth1)), receivers[i]) << "a flow keeps its way";
  }
  for (const Ipv4Address nobody : {Ipv4Address(50, 0, 0, 1), Ipv4Address(40, 1, 0, 1)}) {
    std::vector<Packet> mixed = packets({destinations[0], nobody, destinations[1], nobody});
    ASSERT_EQ(carry(mixed), 1u);
  }
}

TEST_F(ManyTest, KeepsNothingFromCallToCall) {
  ASSERT_TRUE(carries(to(behind(3))));
  adjacencies.withdraw({eth1.index, nth_gateway(3)});
  EXPECT_FALSE(carries(to(behind(3))));
  adjacencies.publish({eth1.index, nth_gateway(3)}, gateway_mac);
  (void)sent(eth1);
  ASSERT_TRUE(carries(to(behind(3))));
  EXPECT_EQ(receiver(sent(eth1)), gateway_mac);
  eth1.up = false;
  EXPECT_FALSE(carries(to(behind(3))));
  eth1.up = true;
  EXPECT_TRUE(tables.add_address(eth0, {Ipv4Address(10, 0, 9, 9), 24}));
  EXPECT_FALSE(carries(to(behind(3), {10, 0, 9, 9}))) << "that source is ours now";
}

// The oracle: frame by frame, the same frames come out, to the same neighbours, in the same order.
TEST_F(ManyTest, TogetherIsTheSameAsOneByOne) {
  for (int round = 0; round < 200; ++round) {
    std::vector<Octets> input;
    for (std::uint32_t n = 1 + random.below(many); n > 0; --n) {
      const auto i = static_cast<std::uint8_t>(random.below(gateways));
      const auto host = static_cast<std::uint8_t>(random.below(4));
      input.push_back(
          encode(to(random.below(9) == 0 ? Ipv4Address(40, 0, i, host) : behind(i, host),
                    {10, 0, 1, static_cast<std::uint8_t>(9 + random.below(3))})));
      if (random.below(60) == 0) input.back()[random.below(34)] ^= std::byte{0x10};
    }
    std::vector<Octets> expected;
    for (const Octets& octets : input) {
      Packet frame = packet(octets);
      if (carry({&frame, 1}) == 0) break;
      expected.push_back(sent(eth1));
    }
    std::vector<Packet> frames;
    for (const Octets& octets : input) frames.push_back(packet(octets));
    ASSERT_EQ(carry(frames), expected.size());
    for (const Octets& octets : expected) ASSERT_EQ(sent(eth1), octets);
    ASSERT_TRUE(eth1.outgoing.empty());
  }
}

}  // namespace
}  // namespace smolstack
