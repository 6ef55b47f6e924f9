// decide_forward as a table: one row for each refusal of RFC 1812 §5.2.1.2, and the ways through.

#include "smolstack/ip/forward.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "ip/packets.hpp"
#include "smolstack/ip/input.hpp"

namespace smolstack::test {
namespace {

Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}

/// eth0 10.0.1.1/24, eth1 10.0.2.1/24 of MTU 576, and a few routes.
class ForwardDecision : public testing::Test {
 protected:
  ForwardDecision() : eth0(add("eth0", "10.0.1.1/24")), eth1(add("eth1", "10.0.2.1/24")) {
    eth1.mtu = 576;
    add_route("10.3.0.0/16", "10.0.2.8");
    add_route("10.4.0.0/16", "10.0.1.2");
    add_route("10.66.1.0/24", RouteKind::blackhole);
    add_route("10.66.2.0/24", RouteKind::unreachable);
    add_route("10.66.3.0/24", RouteKind::prohibit);
  }
  Interface& add(const char* name, std::string_view subnet) {
    Interface interface;
    interface.name = name;
    Interface& added = tables.add_interface(std::move(interface));
    EXPECT_TRUE(tables.add_address(added, parse_ipv4_subnet(subnet).value()));
    return added;
  }
  void add_route(std::string_view prefix, std::string_view gateway) {
    Ipv4Route route;
    route.prefix = parse_ipv4_prefix(prefix).value();
    route.gateway = ip(gateway);
    EXPECT_TRUE(tables.add_route(route, RouteInsert::add));
  }
  void add_route(std::string_view prefix, RouteKind kind) {
    Ipv4Route route;
    route.prefix = parse_ipv4_prefix(prefix).value();
    route.kind = kind;
    EXPECT_TRUE(tables.add_route(route, RouteInsert::add));
  }
  Expected<Egress, Refusal> decide(const DatagramFields& fields, std::size_t size = 10,
                                   bool link_broadcast = false) {
    Packet packet = datagram(pool, fields, pattern(size));
    const auto& header = packet.header<wire::Ipv4Header>();
    if (const auto reason = refuse_crossing(header, link_broadcast))
      return unexpected(Refusal{*reason});
    const Ipv4Hop* const route = tables.fib().lookup(fields.destination);
    if (const auto refusal =
            refuse_forward(header, longest_datagram(header, packet), route, tables.interfaces()))
      return unexpected(*refusal);
    return egress_of(header, eth0.index, *route, tables.interfaces());
  }

  PacketPool pool{{.small = 16, .large = 2}};
  Tables tables;
  Interface& eth0;
  Interface& eth1;
};

struct Row {
  std::string_view name;
  DatagramFields fields;
  DropReason reason;
  std::optional<IcmpMessage> icmp;
};

TEST_F(ForwardDecision, RefusesRowByRow) {
  using enum DropReason;
  const Row rows[] = {
      {"no route", {.destination = ip("10.99.0.1")}, no_route, icmp::net_unreachable},
      {"blackhole", {.destination = ip("10.66.1.1")}, blackhole, {}},
      {"unreachable", {.destination = ip("10.66.2.1")}, unreachable, icmp::host_unreachable},
      {"prohibit", {.destination = ip("10.66.3.1")}, prohibit, icmp::prohibited},
      {"ttl 1", {.ttl = 1}, ttl_expired, icmp::ttl_exceeded},
      {"ttl 0", {.ttl = 0}, ttl_expired, icmp::ttl_exceeded},
      {"multicast", {.destination = ip("239.1.1.1")}, multicast_transit, {}},
      {"loopback", {.destination = ip("127.0.0.1")}, martian_destination, {}},
      {"network 0", {.destination = ip("0.1.1.1")}, martian_destination, {}},
      {"class E", {.destination = ip("241.1.1.1")}, martian_destination, {}},
      {"link-local destination", {.destination = ip("169.254.1.1")}, link_local, {}},
      {"link-local source", {.source = ip("169.254.1.1")}, link_local, {}},
  };
  for (const Row& row : rows) {
    const auto decision = decide(row.fields);
    ASSERT_FALSE(decision) << row.name;
    EXPECT_EQ(decision.error().reason, row.reason) << row.name;
    EXPECT_EQ(decision.error().icmp, row.icmp) << row.name;
  }
}

TEST_F(ForwardDecision, RefusesLinkBroadcastsInSilence) {  // RFC 1812 §5.3.4
  const auto decision = decide({}, 10, true);
  EXPECT_EQ(decision.error().reason, DropReason::link_broadcast);
  EXPECT_EQ(decision.error().icmp, std::nullopt);
}

TEST_F(ForwardDecision, RefusesWhenTheLinkDoesNotRun) {
  eth1.running = false;
  EXPECT_EQ(decide({}).error().reason, DropReason::interface_down);
}

TEST_F(ForwardDecision, TellsTheMtuWhenDfIsSet) {  // RFC 1191 §4
  const auto decision = decide({.dont_fragment = true}, 557);
  EXPECT_EQ(decision.error().reason, DropReason::mtu_exceeded);
  EXPECT_EQ(decision.error().icmp, icmp::fragmentation_needed(576));
}

TEST_F(ForwardDecision, LetsPassWhatMayBeFragmentedOrFits) {
  EXPECT_TRUE(decide({}, 557));
  EXPECT_TRUE(decide({.dont_fragment = true}, 556));
}

TEST_F(ForwardDecision, NamesInterfaceAndNextHop) {
  EXPECT_EQ(decide({})->out, &eth1);
  EXPECT_EQ(decide({})->next_hop, ip("10.0.2.7")) << "on the link: the destination itself";
  EXPECT_EQ(decide({.destination = ip("10.3.4.5")})->next_hop, ip("10.0.2.8"));
}

TEST_F(ForwardDecision, OwesARedirectOnlyToNeighboursOfTheBetterHop) {  // RFC 1812 §5.2.7.2
  EXPECT_TRUE(decide({.destination = ip("10.4.0.1")})->redirect);
  EXPECT_TRUE(decide({.destination = ip("10.0.1.77")})->redirect);
  EXPECT_FALSE(decide({.source = ip("172.16.1.1"), .destination = ip("10.4.0.1")})->redirect);
  EXPECT_FALSE(decide({.destination = ip("10.3.0.1")})->redirect);
  EXPECT_FALSE(decide({.source = ip("10.0.1.2"), .destination = ip("10.4.0.1")})->redirect)
      << "the next hop itself sent it";
  EXPECT_FALSE(decide({.source = ip("10.0.2.9")})->redirect) << "it came in by another link";
  eth0.link = LinkType::point_to_point;
  EXPECT_FALSE(decide({.destination = ip("10.4.0.1")})->redirect) << "there is nobody else";
}

TEST(RefuseByRoute, SaysNoRouteOfWhatLeadsToNoNeighbour) {  // RFC 1812 §5.2.7.1
  for (const RouteKind kind : {RouteKind::unicast, RouteKind::local, RouteKind::broadcast}) {
    Ipv4Hop route;
    route.kind = kind;
    EXPECT_EQ(refuse_by_route(&route).reason, DropReason::no_route);
    EXPECT_EQ(refuse_by_route(&route).icmp, icmp::net_unreachable);
  }
}

TEST(Classify, KnowsWhoseADatagramIs) {  // RFC 1812 §5.2.3
  const auto with = [](RouteKind kind) {
    Ipv4Hop route;
    route.kind = kind;
    return route;
  };
  const auto local = with(RouteKind::local), broadcast = with(RouteKind::broadcast),
             unicast = with(RouteKind::unicast), blackhole = with(RouteKind::blackhole);
  const Interface in{.name = "eth0", .groups = {ip("239.1.2.3")}};
  EXPECT_EQ(classify(in, ip("10.0.1.1"), &local), Destination::local);
  EXPECT_EQ(classify(in, ip("10.0.1.255"), &broadcast), Destination::broadcast);
  EXPECT_EQ(classify(in, ip("255.255.255.255"), nullptr), Destination::broadcast);
  EXPECT_EQ(classify(in, ip("10.0.2.7"), &unicast), Destination::transit);
  EXPECT_EQ(classify(in, ip("10.0.2.7"), &blackhole), Destination::transit);
  EXPECT_EQ(classify(in, ip("10.0.2.7"), nullptr), Destination::transit);
}

TEST(Classify, KnowsWhichGroupsAreJoined) {  // RFC 1112 §7.2
  const Interface in{.name = "eth0", .groups = {ip("239.1.2.3")}};
  for (const auto* joined : {"224.0.0.1", "224.0.0.2", "224.0.0.251", "239.1.2.3"})
    EXPECT_EQ(classify(in, ip(joined), nullptr), Destination::group) << joined;
  for (const auto* others : {"224.0.1.1", "239.1.2.4", "238.129.2.3"})
    EXPECT_EQ(classify(in, ip(others), nullptr), Destination::nobody) << others;
}

TEST(MartianSource, IsOneThatNoOtherHostCanHave) {  // RFC 1122 §3.2.1.3; RFC 1812 §5.3.7
  for (const auto* source : {"0.0.0.0", "0.255.1.1", "127.0.0.1", "224.0.0.1", "239.255.255.255",
                             "240.0.0.1", "255.255.255.255"})
    EXPECT_TRUE(is_martian_source(ip(source), nullptr)) << source;
  for (const auto* source :
       {"1.0.0.1", "10.0.1.9", "126.255.255.255", "128.0.0.1", "223.255.255.255", "192.0.2.1"})
    EXPECT_FALSE(is_martian_source(ip(source), nullptr)) << source;
}

TEST(SingleHost, IsWhoMayGetAnError) {  // RFC 1122 §3.2.2
  for (const auto* source : {"0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255"})
    EXPECT_FALSE(is_single_host(ip(source))) << source;
  EXPECT_TRUE(is_single_host(ip("10.0.1.9")));
}

}  // namespace
}  // namespace smolstack::test
