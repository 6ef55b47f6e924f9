// Tables that follow the routes of a kernel beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/route/tables.hpp"

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

/// eth0 10.0.1.1/24 and eth1 10.0.2.1/24, of which the kernel has told no routes yet.
class KernelTables : public testing::Test {
 protected:
  KernelTables() : eth0(add("eth0")), eth1(add("eth1")) {
    tables.follow_kernel(true);
    EXPECT_TRUE(tables.add_address(eth0, subnet("10.0.1.1/24")));
    EXPECT_TRUE(tables.add_address(eth1, subnet("10.0.2.1/24")));
  }

  Interface& add(const char* name) {
    Interface interface;
    interface.name = name;
    return tables.add_interface(std::move(interface));
  }
  static Ipv4Route route(std::string_view prefix, std::string_view gateway, const Interface& out,
                         std::uint32_t metric = 0) {
    return {.prefix = parse_ipv4_prefix(prefix).value(),
            .gateway = ip(gateway),
            .interface = out.index,
            .metric = metric};
  }
  static Ipv4Route redirect(std::string_view prefix, std::string_view gateway,
                            const Interface& out) {
    Ipv4Route learnt = route(prefix, gateway, out);
    learnt.protocol = RouteProtocol::redirect;
    return learnt;
  }
  void install(const Ipv4Route& what, RouteInsert how = RouteInsert::replace) {
    const auto installed = tables.install_route(what, how);
    EXPECT_TRUE(installed) << installed.error().message();
  }
  /// "10.0.1.0/24 0.0.0.0" for each route of the RIB.
  std::vector<std::string> routes() {
    std::vector<std::string> lines;
    for (const Ipv4Route& each : tables.rib().routes())
      lines.push_back(to_string(each.prefix) + ' ' + to_string(each.gateway));
    return lines;
  }
  std::optional<Ipv4Address> gateway_of(std::string_view destination) {
    const auto* found = tables.fib().lookup(ip(destination));
    return found == nullptr ? std::nullopt : std::optional(found->gateway);
  }

  Tables tables;
  Interface& eth0;
  Interface& eth1;
};

TEST_F(KernelTables, AddressesBringNoRoutes) {
  EXPECT_THAT(routes(), IsEmpty());
  EXPECT_TRUE(tables.is_own(ip("10.0.1.1")));
  EXPECT_EQ(tables.fib().lookup(ip("10.0.1.1"))->kind, RouteKind::local);
}

TEST_F(KernelTables, AddressesTakeNoRoutesAlong) {
  Ipv4Route connected = route("10.0.1.0/24", "0.0.0.0", eth0);
  connected.preferred_source = ip("10.0.1.1");
  install(connected);
  EXPECT_TRUE(tables.remove_address(eth0, subnet("10.0.1.1/24")));
  EXPECT_THAT(routes(), ElementsAre("10.0.1.0/24 0.0.0.0"));
}

TEST_F(KernelTables, ALinkThatGoesDownTakesItsRoutesAlongAndBringsNoneBack) {
  install(route("10.0.1.0/24", "0.0.0.0", eth0));
  install(route("10.0.2.0/24", "0.0.0.0", eth1));
  tables.set_up(eth0, false);
  tables.set_up(eth0, true);
  EXPECT_THAT(routes(), ElementsAre("10.0.2.0/24 0.0.0.0"));
}

TEST_F(KernelTables, AGatewayIsNotJudged) {  // `ip route add ... onlink`
  install(route("10.3.0.0/16", "192.0.2.9", eth1));
  EXPECT_EQ(gateway_of("10.3.0.1"), ip("192.0.2.9"));
}

TEST_F(KernelTables, ARouteReplacesThatOfItsPrefixAndMetric) {
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  install(route("10.3.0.0/16", "10.0.1.8", eth0, 50));
  install(route("10.3.0.0/16", "10.0.2.9", eth1));
  EXPECT_THAT(routes(), ElementsAre("10.3.0.0/16 10.0.2.9", "10.3.0.0/16 10.0.1.8"));
}

TEST_F(KernelTables, AnAppendedRouteStandsBehind) {
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  install(route("10.3.0.0/16", "10.0.2.9", eth1), RouteInsert::append);
  EXPECT_EQ(gateway_of("10.3.0.1"), ip("10.0.1.9"));
  EXPECT_EQ(tables.rib().size(), 2u);
}

TEST_F(KernelTables, ARouteByAnInterfaceThatIsNotOursIsRefused) {
  Ipv4Route strange = route("10.3.0.0/16", "10.0.1.9", eth0);
  strange.interface = IfIndex{77};
  EXPECT_EQ(tables.install_route(strange).error().code,
            std::make_error_code(std::errc::no_such_device));
  strange.interface = IfIndex::none;
  EXPECT_EQ(tables.sync_routes({strange}), 0u);
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(KernelTables, ARouteThatLeadsNowhereNeedsNoInterface) {
  Ipv4Route hole;
  hole.prefix = parse_ipv4_prefix("10.66.0.0/16").value();
  hole.kind = RouteKind::blackhole;
  install(hole);
  EXPECT_EQ(tables.fib().lookup(ip("10.66.0.1"))->kind, RouteKind::blackhole);
}

TEST_F(KernelTables, SyncMakesTheRoutesExactlyThese) {
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  install(route("10.4.0.0/16", "10.0.1.9", eth0));
  EXPECT_EQ(tables.sync_routes(
                {route("10.4.0.0/16", "10.0.1.9", eth0), route("10.5.0.0/16", "10.0.2.9", eth1)}),
            2u)
      << "one went, one came";
  EXPECT_THAT(routes(), ElementsAre("10.4.0.0/16 10.0.1.9", "10.5.0.0/16 10.0.2.9"));
  EXPECT_EQ(gateway_of("10.3.0.1"), std::nullopt);
  EXPECT_EQ(gateway_of("10.5.0.1"), ip("10.0.2.9"));
}

TEST_F(KernelTables, SyncToWhatThereIsChangesNothing) {
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  install(route("10.3.0.0/16", "10.0.2.9", eth1), RouteInsert::append);
  const auto before = routes();
  EXPECT_EQ(tables.sync_routes(tables.rib().routes()), 0u);
  EXPECT_EQ(routes(), before);
}

TEST_F(KernelTables, SyncCountsWhatChangedWhateverTheOrder) {
  const auto a = route("10.3.0.0/16", "10.0.1.9", eth0), b = route("10.3.0.0/16", "10.0.1.8", eth0),
             c = route("10.2.0.0/16", "10.0.1.9", eth0), d = route("10.2.0.0/16", "10.0.1.7", eth0);
  EXPECT_EQ(tables.sync_routes({a, b, c, d}), 4u);
  EXPECT_EQ(tables.sync_routes({d, c, b, a}), 0u);
  EXPECT_EQ(tables.sync_routes({b, a, d}), 1u);
}

TEST_F(KernelTables, WhatLeadsNowhereHasNeitherGatewayNorInterface) {
  Ipv4Route hole = route("10.66.0.0/16", "10.0.1.9", eth0);
  hole.kind = RouteKind::blackhole;
  const auto expect_tidy = [&](const char* how) {
    const auto* const kept = tables.fib().lookup(ip("10.66.0.1"));
    ASSERT_NE(kept, nullptr) << how;
    EXPECT_FALSE(kept->has_gateway()) << how;
    EXPECT_EQ(kept->interface, IfIndex::none) << how;
  };
  install(hole);
  expect_tidy("installed");
  tables.sync_routes({});
  EXPECT_EQ(tables.sync_routes({hole}), 1u);
  expect_tidy("synced");
  EXPECT_EQ(tables.sync_routes({hole}), 0u);
}

TEST_F(KernelTables, SyncKeepsTheOrderAmongEquals) {
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  tables.sync_routes(
      {route("10.3.0.0/16", "10.0.2.9", eth1), route("10.3.0.0/16", "10.0.1.9", eth0)});
  EXPECT_EQ(gateway_of("10.3.0.1"), ip("10.0.2.9"));
}

TEST_F(KernelTables, SyncOfManyRoutes) {
  std::vector<Ipv4Route> many;
  for (unsigned i = 0; i < 20'000; ++i)
    many.push_back({.prefix = Ipv4Prefix::of(Ipv4Address(0x0b000000u + (i << 8)), 24),
                    .gateway = ip("10.0.1.9"),
                    .interface = eth0.index});
  EXPECT_EQ(tables.sync_routes(many), many.size());
  EXPECT_EQ(tables.sync_routes(many), 0u);
  EXPECT_EQ(tables.rib().size(), many.size());
}

TEST_F(KernelTables, ARedirectOutlivesASyncThatDoesNotConcernIt) {
  install(route("10.0.1.0/24", "0.0.0.0", eth0));
  install(route("10.3.0.0/16", "10.0.1.9", eth0));
  ASSERT_TRUE(tables.add_route(redirect("10.3.0.1", "10.0.1.8", eth0), RouteInsert::replace));
  tables.sync_routes({route("10.0.1.0/24", "0.0.0.0", eth0), route("10.3.0.0/16", "10.0.1.9", eth0),
                      route("10.4.0.0/16", "10.0.1.9", eth0)});
  EXPECT_EQ(gateway_of("10.3.0.1"), ip("10.0.1.8"));
}

TEST_F(KernelTables, ARedirectGoesWithTheRouteAroundIt) {
  install(route("10.0.1.0/24", "0.0.0.0", eth0));
  for (const auto how : {"replace", "remove", "sync"}) {
    install(route("10.3.0.0/16", "10.0.1.9", eth0));
    ASSERT_TRUE(tables.add_route(redirect("10.3.0.1", "10.0.1.8", eth0), RouteInsert::replace));
    ASSERT_EQ(gateway_of("10.3.0.1"), ip("10.0.1.8"));
    if (how == std::string_view("replace")) install(route("10.3.0.0/16", "10.0.1.7", eth0));
    if (how == std::string_view("remove")) {
      ASSERT_TRUE(tables.remove_route({.prefix = parse_ipv4_prefix("10.3.0.0/16").value()}));
    }
    if (how == std::string_view("sync")) tables.sync_routes({});
    EXPECT_NE(gateway_of("10.3.0.1"), ip("10.0.1.8")) << how;
  }
}

}  // namespace
}  // namespace smolstack
