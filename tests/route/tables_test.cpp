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

TEST_F(TablesTest, RoutesToNowhereNeedNoInterface) {
  Ipv4Route hole;
  hole.prefix = parse_ipv4_prefix("10.66.0.0/16").value();
  for (const auto kind : {RouteKind::blackhole, RouteKind::unreachable, RouteKind::prohibit}) {
    hole.kind = kind;
    ASSERT_TRUE(tables.add_route(hole, RouteInsert::replace));
    EXPECT_EQ(kind_of("10.66.1.1"), kind);
  }
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
