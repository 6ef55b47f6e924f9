#include "smolstack/route/tables.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smolstack {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}
Ipv4Subnet subnet(std::string_view text) {
  return parse_ipv4_subnet(text).value();
}
std::error_code code(std::errc error) {
  return std::make_error_code(error);
}

/// A machine with eth0 10.0.1.1/24 and eth1 10.0.2.1/24.
class TablesTest : public testing::Test {
 protected:
  TablesTest() : eth0(add("eth0", "10.0.1.1/24")), eth1(add("eth1", "10.0.2.1/24")) {}

  Interface& add(const char* name, std::string_view text) {
    Interface interface;
    interface.name = name;
    Interface& added = tables.add_interface(std::move(interface));
    EXPECT_TRUE(tables.add_address(added, subnet(text)));
    return added;
  }
  Ipv4Route via(std::string_view prefix, std::string_view gateway) {
    Ipv4Route route;
    route.prefix = parse_ipv4_prefix(prefix).value();
    route.gateway = ip(gateway);
    return route;
  }
  std::error_code refusal(const Ipv4Route& route) {
    const auto added = tables.add_route(route, RouteInsert::add);
    return added ? std::error_code() : added.error().code;
  }
  /// "10.0.1.0/24 eth0" for each route of the RIB.
  std::vector<std::string> routes() {
    std::vector<std::string> lines;
    for (const Ipv4Route& route : tables.rib().routes())
      lines.push_back(to_string(route.prefix) + ' ' +
                      (route.interface == IfIndex::none
                           ? std::string("nowhere")
                           : tables.interfaces()[route.interface].name));
    return lines;
  }
  std::optional<RouteKind> kind_of(std::string_view destination) {
    const auto* route = tables.fib().lookup(ip(destination));
    return route == nullptr ? std::nullopt : std::optional(route->kind);
  }

  Tables tables;
  Interface& eth0;
  Interface& eth1;
};

TEST_F(TablesTest, AnAddressBringsItsConnectedRoute) {
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
  const auto route = tables.rib().routes().front();
  EXPECT_EQ(route.protocol, RouteProtocol::kernel);
  EXPECT_EQ(route.preferred_source, ip("10.0.1.1"));
  EXPECT_FALSE(route.has_gateway());
}

TEST_F(TablesTest, OwnAndBroadcastAddressesAreLocal) {
  EXPECT_EQ(kind_of("10.0.1.1"), RouteKind::local);
  EXPECT_EQ(kind_of("10.0.2.1"), RouteKind::local);
  EXPECT_EQ(kind_of("127.3.4.5"), RouteKind::local);
  EXPECT_EQ(kind_of("10.0.1.255"), RouteKind::broadcast);
  EXPECT_EQ(kind_of("10.0.1.7"), RouteKind::unicast);
  EXPECT_EQ(kind_of("10.9.9.9"), std::nullopt);
}

TEST_F(TablesTest, TheLoopbackIsAllOf127AndNoMore) {  // RFC 1122 §3.2.1.3(g)
  for (const auto* own : {"127.0.0.0", "127.127.0.1", "127.128.0.1", "127.255.255.254"})
    EXPECT_EQ(kind_of(own), RouteKind::local) << own;
  for (const auto* other : {"126.255.255.254", "126.0.0.0", "128.0.0.1"})
    EXPECT_EQ(kind_of(other), std::nullopt) << other;
}

TEST_F(TablesTest, NetworkAddressesAreBroadcastsOfOld) {  // RFC 1812 §4.2.3.1
  EXPECT_EQ(kind_of("10.0.1.0"), RouteKind::broadcast);
}

TEST_F(TablesTest, AnOwnAddressIsOursThoughItBeABroadcastElsewhere) {
  ASSERT_TRUE(tables.add_address(eth0, subnet("10.0.2.255/16")));
  ASSERT_TRUE(tables.add_address(eth1, subnet("10.0.1.255/16")));
  EXPECT_EQ(kind_of("10.0.2.255"), RouteKind::local);
  EXPECT_EQ(kind_of("10.0.1.255"), RouteKind::local);
}

TEST_F(TablesTest, TheLoopbackMayHaveAnyUnicastAddress) {
  Interface& lo = tables.interfaces()[loopback_index];
  for (const auto* text : {"127.0.0.2/8", "10.255.0.0/24", "10.255.1.255/24", "10.255.2.1/24"})
    EXPECT_TRUE(tables.add_address(lo, subnet(text))) << text;
  for (const auto* text : {"224.0.0.1/24", "0.1.2.3/24", "240.0.0.1/24"})
    EXPECT_FALSE(tables.add_address(lo, subnet(text))) << text;
  EXPECT_EQ(kind_of("10.255.2.1"), RouteKind::local);
  EXPECT_EQ(kind_of("10.255.2.7"), std::nullopt) << "the address, and not its network";
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
}

TEST_F(TablesTest, EveryChangeIsSeenByTheNextLookup) {
  EXPECT_EQ(kind_of("10.0.5.1"), std::nullopt);
  Interface interface;
  interface.name = "eth2";
  interface.addresses.push_back({.subnet = subnet("10.0.5.1/24")});
  Interface& eth2 = tables.add_interface(std::move(interface));
  EXPECT_EQ(kind_of("10.0.5.1"), RouteKind::local);
  tables.set_up(eth2, false);
  EXPECT_EQ(kind_of("10.0.5.1"), std::nullopt);
  tables.set_up(eth2, true);
  EXPECT_EQ(kind_of("10.0.5.7"), RouteKind::unicast);
  ASSERT_TRUE(tables.add_address(eth2, subnet("10.0.6.1/24")));
  EXPECT_EQ(kind_of("10.0.6.1"), RouteKind::local);
  ASSERT_TRUE(tables.remove_address(eth2, subnet("10.0.6.1/24")));
  EXPECT_EQ(kind_of("10.0.6.1"), std::nullopt);
  ASSERT_TRUE(tables.add_route(via("10.7.0.0/16", "10.0.5.9"), RouteInsert::add));
  EXPECT_EQ(kind_of("10.7.0.1"), RouteKind::unicast);
  ASSERT_TRUE(tables.remove_route({.prefix = parse_ipv4_prefix("10.7.0.0/16").value()}));
  EXPECT_EQ(kind_of("10.7.0.1"), std::nullopt);
}

TEST_F(TablesTest, AnOwnAddressHidesARouteAndUncoversItAgain) {
  ASSERT_TRUE(tables.add_route(via("10.0.2.7/32", "10.0.1.9"), RouteInsert::add));
  ASSERT_TRUE(tables.add_address(eth1, subnet("10.0.2.7/24")));
  EXPECT_EQ(kind_of("10.0.2.7"), RouteKind::local);
  ASSERT_TRUE(tables.remove_route({.prefix = parse_ipv4_prefix("10.0.2.7/32").value()}));
  EXPECT_EQ(kind_of("10.0.2.7"), RouteKind::local);
  ASSERT_TRUE(tables.add_route(via("10.0.2.7/32", "10.0.1.9"), RouteInsert::add));
  EXPECT_EQ(tables.find(parse_ipv4_prefix("10.0.2.7").value())->kind, RouteKind::local);
  ASSERT_TRUE(tables.remove_address(eth1, subnet("10.0.2.7/24")));
  EXPECT_EQ(tables.fib().lookup(ip("10.0.2.7"))->gateway, ip("10.0.1.9"));
}

TEST_F(TablesTest, ABroadcastAddressThatSomebodyHoldsIsAnOwnAddress) {
  ASSERT_TRUE(tables.add_address(eth1, subnet("10.0.1.255/16")));
  EXPECT_EQ(kind_of("10.0.1.255"), RouteKind::local);
  ASSERT_TRUE(tables.remove_address(eth1, subnet("10.0.1.255/16")));
  EXPECT_EQ(kind_of("10.0.1.255"), RouteKind::broadcast);
}

TEST_F(TablesTest, WhatIsFlushedIsForgotten) {
  ASSERT_TRUE(tables.add_route(via("10.7.0.0/16", "10.0.1.9"), RouteInsert::add));
  ASSERT_TRUE(tables.add_route(via("10.7.1.0/24", "10.0.2.9"), RouteInsert::add));
  EXPECT_EQ(tables.flush_routes(
                [](const Ipv4Route& r) { return r.prefix.length == 24 && r.has_gateway(); }),
            1u);
  EXPECT_EQ(tables.fib().lookup(ip("10.7.1.1"))->gateway, ip("10.0.1.9"));
}

TEST_F(TablesTest, AnAddressMayBeGivenOnce) {
  EXPECT_EQ(tables.add_address(eth0, subnet("10.0.1.1/24")).error().code,
            code(std::errc::file_exists));
}

TEST_F(TablesTest, ImpossibleAddressesAreRefused) {  // RFC 1122 §3.2.1.3
  for (const auto* text : {"0.0.0.0/24", "0.1.2.3/8", "127.0.0.5/8", "224.0.0.1/24", "240.0.0.1/24",
                           "255.255.255.255/32", "10.5.0.0/16", "10.5.255.255/16"})
    EXPECT_EQ(tables.add_address(eth0, subnet(text)).error().code,
              code(std::errc::invalid_argument))
        << text;
}

TEST_F(TablesTest, ALinkOf31BitsHasTwoAddressesAndNoBroadcast) {  // RFC 3021 §2.1
  EXPECT_TRUE(tables.add_address(eth0, subnet("10.7.0.0/31")));
  EXPECT_EQ(kind_of("10.7.0.0"), RouteKind::local);
  EXPECT_EQ(kind_of("10.7.0.1"), RouteKind::unicast);
}

TEST_F(TablesTest, ASecondAddressOfTheSameNetworkIsSecondary) {
  ASSERT_TRUE(tables.add_address(eth0, subnet("10.0.1.9/24")));
  EXPECT_FALSE(eth0.addresses[0].secondary);
  EXPECT_TRUE(eth0.addresses[1].secondary);
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
  EXPECT_EQ(kind_of("10.0.1.9"), RouteKind::local);
}

TEST_F(TablesTest, TheSecondaryTakesOverWhenTheFirstGoes) {
  ASSERT_TRUE(tables.add_address(eth0, subnet("10.0.1.9/24")));
  ASSERT_TRUE(tables.remove_address(eth0, subnet("10.0.1.1/24")));
  EXPECT_FALSE(eth0.addresses[0].secondary);
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
  EXPECT_EQ(tables.rib().routes().front().preferred_source, ip("10.0.1.9"));
  EXPECT_EQ(kind_of("10.0.1.1"), RouteKind::unicast);
}

TEST_F(TablesTest, AnAddressTakesItsRouteAlong) {
  ASSERT_TRUE(tables.remove_address(eth0, subnet("10.0.1.1/24")));
  EXPECT_THAT(routes(), ElementsAre("10.0.2.0/24 eth1"));
  EXPECT_EQ(kind_of("10.0.1.1"), std::nullopt);
  EXPECT_EQ(tables.remove_address(eth0, subnet("10.0.1.1/24")).error().code,
            code(std::errc::address_not_available));
}

TEST_F(TablesTest, AnAddressWithoutANetworkBringsNoRoute) {
  ASSERT_TRUE(tables.add_address(eth0, subnet("10.7.0.1/32")));
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
}

TEST_F(TablesTest, ANetworkOnTwoLinksHasARouteByEach) {
  ASSERT_TRUE(tables.add_address(eth1, subnet("10.0.1.2/24")));
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.1.0/24 eth1", "10.0.2.0/24 eth1"));
}

TEST_F(TablesTest, AnAddressTakesNobodyElsesRoutesAlong) {
  ASSERT_TRUE(tables.add_address(eth0, subnet("10.0.5.1/24")));
  ASSERT_TRUE(tables.add_route(via("10.3.0.0/16", "10.0.1.9"), RouteInsert::add));
  Ipv4Route preferring = via("10.4.0.0/16", "10.0.2.9");
  preferring.preferred_source = ip("10.0.5.1");
  ASSERT_TRUE(tables.add_route(preferring, RouteInsert::add));
  ASSERT_TRUE(tables.remove_address(eth0, subnet("10.0.5.1/24")));
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1", "10.3.0.0/16 eth0",
                                    "10.4.0.0/16 eth1"));
}

TEST_F(TablesTest, AGatewayMayBeSoughtOnOneOfTwoLinks) {
  Interface& eth2 = add("eth2", "10.0.1.3/24");
  Ipv4Route route = via("10.3.0.0/16", "10.0.1.9");
  for (const IfIndex link : {eth0.index, eth2.index}) {
    route.interface = link;
    ASSERT_TRUE(tables.add_route(route, RouteInsert::replace));
    EXPECT_EQ(tables.fib().lookup(ip("10.3.0.1"))->interface, link);
  }
  route.interface = eth1.index;
  route.prefix = parse_ipv4_prefix("10.4.0.0/16").value();
  EXPECT_EQ(refusal(route), code(std::errc::network_unreachable));
}

TEST_F(TablesTest, ARouteWithoutAGatewayNeedsAnInterface) {
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix("10.3.0.0/16").value();
  EXPECT_EQ(refusal(route), code(std::errc::no_such_device));
  route.interface = eth1.index;
  EXPECT_EQ(refusal(route), std::error_code());
  EXPECT_EQ(tables.fib().lookup(ip("10.3.0.1"))->next_hop(ip("10.3.0.1")), ip("10.3.0.1"));
}

TEST_F(TablesTest, ARouteThatIsNotThereCannotBeRemoved) {
  EXPECT_EQ(tables.remove_route({.prefix = parse_ipv4_prefix("10.3.0.0/16").value()}).error().code,
            code(std::errc::no_such_process));
}

TEST_F(TablesTest, ARedirectOutlivesTheRouteAroundIt) {  // only a kernel's tables forget it
  ASSERT_TRUE(tables.add_route(via("10.3.0.0/16", "10.0.1.9"), RouteInsert::add));
  Ipv4Route learnt = via("10.3.0.1/32", "10.0.1.8");
  learnt.protocol = RouteProtocol::redirect;
  ASSERT_TRUE(tables.add_route(learnt, RouteInsert::replace));
  ASSERT_TRUE(tables.remove_route({.prefix = parse_ipv4_prefix("10.3.0.0/16").value()}));
  EXPECT_EQ(kind_of("10.3.0.1"), RouteKind::unicast);
}

TEST_F(TablesTest, AGatewayFindsItsInterface) {
  ASSERT_TRUE(tables.add_route(via("10.3.0.0/16", "10.0.2.9"), RouteInsert::add));
  EXPECT_EQ(tables.fib().lookup(ip("10.3.4.5"))->interface, eth1.index);
  EXPECT_EQ(tables.fib().lookup(ip("10.3.4.5"))->next_hop(ip("10.3.4.5")), ip("10.0.2.9"));
}

TEST_F(TablesTest, AGatewayMustBeOnALink) {  // RFC 1812 §5.2.4
  EXPECT_EQ(refusal(via("10.3.0.0/16", "10.9.9.9")), code(std::errc::network_unreachable));
}

TEST_F(TablesTest, AGatewayBehindAGatewayIsRefused) {
  ASSERT_EQ(refusal(via("10.3.0.0/16", "10.0.2.9")), std::error_code());
  EXPECT_EQ(refusal(via("10.4.0.0/16", "10.3.0.1")), code(std::errc::network_unreachable));
}

TEST_F(TablesTest, AGatewayBehindTheDefaultRouteIsRefused) {
  ASSERT_EQ(refusal(via("default", "10.0.2.9")), std::error_code());
  EXPECT_EQ(refusal(via("10.4.0.0/16", "10.9.9.9")), code(std::errc::network_unreachable));
}

TEST_F(TablesTest, WeAreNotOurOwnGateway) {
  EXPECT_EQ(refusal(via("10.3.0.0/16", "10.0.1.1")), code(std::errc::invalid_argument));
  EXPECT_EQ(refusal(via("10.3.0.0/16", "10.0.1.255")), code(std::errc::invalid_argument));
}

TEST_F(TablesTest, ARouteThroughAnInterfaceThatIsDownIsRefused) {
  tables.set_up(eth1, false);
  Ipv4Route route = via("10.3.0.0/16", "10.0.2.9");
  route.interface = eth1.index;
  EXPECT_EQ(refusal(route), code(std::errc::network_down));
}

TEST_F(TablesTest, DownTakesTheRoutesThroughTheLinkAlong) {
  ASSERT_EQ(refusal(via("10.3.0.0/16", "10.0.2.9")), std::error_code());
  tables.set_up(eth1, false);
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0"));
  EXPECT_EQ(kind_of("10.0.2.1"), std::nullopt) << "an address of a link that is down";
  EXPECT_FALSE(tables.is_own(ip("10.0.2.1")));
}

TEST_F(TablesTest, UpBringsTheConnectedRoutesBackAndNoOthers) {
  ASSERT_EQ(refusal(via("10.3.0.0/16", "10.0.2.9")), std::error_code());
  tables.set_up(eth1, false);
  tables.set_up(eth1, true);
  tables.set_up(eth1, true);
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 eth0", "10.0.2.0/24 eth1"));
}

TEST_F(TablesTest, UpAgainWhatIsUpBringsNothing) {
  EXPECT_EQ(tables.flush_routes([](const Ipv4Route&) { return true; }), 2u);
  tables.set_up(eth0, true);
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(TablesTest, RoutesToNowhereNeedNoInterface) {
  Ipv4Route hole;
  hole.prefix = parse_ipv4_prefix("10.66.0.0/16").value();
  for (const auto kind : {RouteKind::blackhole, RouteKind::unreachable, RouteKind::prohibit}) {
    hole.kind = kind;
    ASSERT_TRUE(tables.add_route(hole, RouteInsert::replace));
    EXPECT_EQ(kind_of("10.66.1.1"), kind);
  }
  hole.gateway = ip("10.0.1.9");
  hole.interface = eth0.index;
  ASSERT_TRUE(tables.add_route(hole, RouteInsert::replace));
  const Ipv4Hop* const kept = tables.fib().lookup(ip("10.66.1.1"));
  EXPECT_FALSE(kept->has_gateway()) << "and keep none";
  EXPECT_EQ(kept->interface, IfIndex::none);
}

TEST_F(TablesTest, AConnectedNetworkWinsOverTheDefaultRoute) {  // RFC 1812 §5.2.4.3
  ASSERT_EQ(refusal(via("default", "10.0.2.9")), std::error_code());
  EXPECT_EQ(tables.fib().lookup(ip("10.0.1.7"))->interface, eth0.index);
  EXPECT_EQ(tables.fib().lookup(ip("8.8.8.8"))->interface, eth1.index);
}

TEST_F(TablesTest, TheSourceIsTheAddressTowardsTheNextHop) {  // RFC 1122 §3.3.4.3
  ASSERT_TRUE(tables.add_address(eth1, subnet("10.0.5.1/24")));
  ASSERT_EQ(refusal(via("10.3.0.0/16", "10.0.5.9")), std::error_code());
  const auto source = [&](std::string_view destination) {
    return tables.source_for(*tables.fib().lookup(ip(destination)), ip(destination));
  };
  EXPECT_EQ(source("10.0.1.7"), ip("10.0.1.1"));
  EXPECT_EQ(source("10.0.2.7"), ip("10.0.2.1"));
  EXPECT_EQ(source("10.3.0.1"), ip("10.0.5.1"));
  EXPECT_EQ(source("10.0.2.1"), ip("10.0.2.1"));
  EXPECT_EQ(source("127.0.0.1"), ip("127.0.0.1"));
  EXPECT_EQ(source("127.3.4.5"), ip("127.0.0.1")) << "which is the one that it has";
}

TEST_F(TablesTest, WithoutAnAddressTowardsTheNextHopTheSourceIsTheLinksFirst) {
  const Ipv4Hop on_link{.interface = eth1.index};
  EXPECT_EQ(tables.source_for(on_link, ip("10.9.0.1")), ip("10.0.2.1"));
}

TEST_F(TablesTest, WithoutAnAddressThereTheSourceIsTheMachinesFirst) {  // RFC 1122 §3.3.4.3
  Interface bare;
  bare.name = "eth2";
  Ipv4Hop on_link{.interface = tables.add_interface(std::move(bare)).index};
  const auto source = [&] { return tables.source_for(on_link, ip("10.9.0.1")); };
  EXPECT_EQ(source(), ip("10.0.1.1"));
  tables.set_up(eth0, false);
  EXPECT_EQ(source(), ip("10.0.2.1")) << "of those that are up";
  tables.set_up(eth0, true);
  ASSERT_TRUE(tables.remove_address(eth0, subnet("10.0.1.1/24")));
  EXPECT_EQ(source(), ip("10.0.2.1"));
  ASSERT_TRUE(tables.remove_address(eth1, subnet("10.0.2.1/24")));
  EXPECT_EQ(source(), Ipv4Address()) << "never that of the loopback";
  on_link.interface = IfIndex::none;
  EXPECT_EQ(source(), Ipv4Address());
}

TEST_F(TablesTest, ThePreferredSourceMustBeOurs) {
  Ipv4Route route = via("10.3.0.0/16", "10.0.2.9");
  route.preferred_source = ip("10.0.1.1");
  ASSERT_EQ(refusal(route), std::error_code());
  EXPECT_EQ(tables.source_for(*tables.fib().lookup(ip("10.3.0.1")), ip("10.3.0.1")),
            ip("10.0.1.1"));
  route.prefix = parse_ipv4_prefix("10.4.0.0/16").value();
  route.preferred_source = ip("10.99.0.1");
  EXPECT_EQ(refusal(route), code(std::errc::invalid_argument));
}

TEST_F(TablesTest, TheMtuHasBounds) {  // RFC 791 §3.2
  for (const std::uint32_t mtu : {0u, 67u, 65536u})
    EXPECT_EQ(tables.set_mtu(eth0, mtu).error().code, code(std::errc::invalid_argument)) << mtu;
  EXPECT_TRUE(tables.set_mtu(eth0, 68));
  EXPECT_TRUE(tables.set_mtu(eth0, 65535));
  EXPECT_EQ(eth0.mtu, 65535u);
}

TEST_F(TablesTest, FlushEmptiesTheTable) {
  EXPECT_EQ(tables.flush_routes([](const Ipv4Route&) { return true; }), 2u);
  EXPECT_THAT(routes(), IsEmpty());
  EXPECT_EQ(kind_of("10.0.1.7"), std::nullopt);
}

}  // namespace
}  // namespace smolstack
