#include "smolstack/route/multipath.hpp"

#include <map>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"
#include "smolstack/route/tables.hpp"

namespace smolstack {
namespace {

Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}

Ipv4Prefix net(std::string_view text) {
  return parse_ipv4_prefix(text).value();
}

/// Four links, each with a router at .9.
struct MultipathTest : testing::Test {
  MultipathTest() {
    for (std::uint8_t i = 0; i < 4; ++i) {
      Interface& eth = tables.add_interface({.name = "eth" + std::to_string(i)});
      EXPECT_TRUE(tables.add_address(eth, {Ipv4Address(10, 0, i, 1), 24}));
      links.push_back(&eth);
    }
  }
  static Ipv4Path by(std::uint8_t link, std::uint16_t weight = 1) {
    return {.gateway = Ipv4Address(10, 0, link, 9), .weight = weight};
  }
  void set(std::vector<Ipv4Path> paths) {
    Ipv4Route route{.prefix = net("10.9.0.0/16")};
    route.set_paths(std::move(paths));
    ASSERT_TRUE(tables.add_route(route, RouteInsert::replace));
  }
  const Ipv4Hop* found() const { return tables.fib().lookup(ip("10.9.1.1")); }

  /// Which link each of so many flows takes.
  std::vector<std::string> spread() const {
    Random random(3);
    std::vector<std::string> out;
    for (int i = 0; i < flows; ++i) {
      const auto hash = static_cast<std::uint32_t>(random.next() >> 32);
      const IfIndex by = choose_path(*found()->group, hash, tables.interfaces()).interface;
      out.push_back(tables.interfaces()[by].name);
    }
    return out;
  }
  static double share(const std::vector<std::string>& of, std::string_view link) {
    return static_cast<double>(std::ranges::count(of, link)) / flows;
  }
  static double moved(const std::vector<std::string>& before,
                      const std::vector<std::string>& after) {
    int count = 0;
    for (int i = 0; i < flows; ++i)
      count += before[static_cast<std::size_t>(i)] != after[static_cast<std::size_t>(i)] ? 1 : 0;
    return static_cast<double>(count) / flows;
  }

  static constexpr int flows = 100'000;
  static constexpr double near = 0.01;
  Tables tables;
  std::vector<Interface*> links;
};

TEST_F(MultipathTest, EachWayHasItsShare) {  // RFC 2992 §2
  set({by(0), by(1), by(2), by(3)});
  const auto even = spread();
  for (const auto* link : {"eth0", "eth1", "eth2", "eth3"})
    EXPECT_NEAR(share(even, link), 0.25, near);
  set({by(0, 3), by(1, 1), by(2, 256)});
  const auto uneven = spread();
  EXPECT_NEAR(share(uneven, "eth0"), 3.0 / 260, near);
  EXPECT_NEAR(share(uneven, "eth1"), 1.0 / 260, near);
  EXPECT_NEAR(share(uneven, "eth2"), 256.0 / 260, near);
}

TEST_F(MultipathTest, TheEdgesOfTheSpaceOfHashesAreInIt) {
  set({by(0), by(1)});
  const Ipv4HopGroup& group = *found()->group;
  const auto out = [&](std::uint32_t hash) {
    return tables.interfaces()[choose_path(group, hash, tables.interfaces()).interface].name;
  };
  EXPECT_EQ(out(0), "eth0");
  EXPECT_EQ(out(0x7fffffff), "eth0");
  EXPECT_EQ(out(0x80000000), "eth1");
  EXPECT_EQ(out(0xffffffff), "eth1");
}

// RFC 2992 §3.2: of N ways one more or less at the end moves half of the flows; in the middle a
// quarter and a bit. Every flow anew would be (N-1)/N.
TEST_F(MultipathTest, AWayThatComesMovesHalfOfTheFlowsAtMost) {
  set({by(0), by(1), by(2)});
  const auto three = spread();
  set({by(0), by(1), by(2), by(3)});
  EXPECT_NEAR(moved(three, spread()), 0.5, near);
  set({by(0), by(3), by(1), by(2)});
  EXPECT_LE(moved(three, spread()), 0.42);
}

TEST_F(MultipathTest, AWayWhoseLinkIsDownIsNotTaken) {
  set({by(0), by(1), by(2)});
  const auto all = spread();
  links[1]->running = false;
  const auto without = spread();
  EXPECT_NEAR(share(without, "eth0"), 0.5, near);
  EXPECT_NEAR(share(without, "eth1"), 0, near / 100);
  EXPECT_NEAR(moved(all, without), 2.0 / 6 + near, 2 * near) << "its own, and none from the edges";
  links[1]->running = true;
  EXPECT_EQ(spread(), all);
}

TEST_F(MultipathTest, WithoutAnyUsableWayItIsTheFirst) {
  set({by(2), by(1)});
  for (Interface* link : links) link->running = false;
  EXPECT_EQ(choose_path(*found()->group, ~0u, tables.interfaces()).interface, links[2]->index);
}

TEST_F(MultipathTest, AGatewaySaysWhichLink) {
  set({by(0), by(3)});
  const auto& route = *tables.rib().find(net("10.9.0.0/16"));
  ASSERT_EQ(route.paths.list().size(), 2u);
  EXPECT_EQ(route.paths.list()[1].interface, links[3]->index);
  EXPECT_EQ(route.gateway, ip("10.0.0.9")) << "the first stands for all";
}

TEST_F(MultipathTest, EachGatewayIsJudged) {
  Ipv4Route route{.prefix = net("10.9.0.0/16")};
  route.set_paths({by(0), {.gateway = ip("172.16.0.1")}});
  EXPECT_EQ(tables.add_route(route, RouteInsert::add).error().code,
            std::make_error_code(std::errc::network_unreachable));
  route.set_paths({by(0), {.gateway = ip("10.0.1.1")}});
  EXPECT_EQ(tables.add_route(route, RouteInsert::add).error().code,
            std::make_error_code(std::errc::invalid_argument));
  tables.set_up(*links[1], false);
  route.set_paths({by(0), {.gateway = ip("10.0.1.9"), .interface = links[1]->index}});
  EXPECT_EQ(tables.add_route(route, RouteInsert::add).error().code,
            std::make_error_code(std::errc::network_down));
  EXPECT_EQ(found(), nullptr);
}

TEST_F(MultipathTest, OneWayIsARouteLikeOthers) {
  set({by(2)});
  EXPECT_EQ(found()->group, nullptr);
  EXPECT_EQ(found()->gateway, ip("10.0.2.9"));
}

TEST_F(MultipathTest, TheRouteGoesWithItsLastLink) {
  set({by(0), by(1)});
  tables.set_up(*links[0], false);
  EXPECT_NEAR(share(spread(), "eth1"), 1, near / 100);
  tables.set_up(*links[0], true);
  EXPECT_NEAR(share(spread(), "eth1"), 0.5, near);
  tables.set_up(*links[0], false);
  tables.set_up(*links[1], false);
  EXPECT_EQ(found(), nullptr);
}

TEST_F(MultipathTest, EqualGroupsAreOneHop) {
  const std::size_t before = tables.fib().hops();
  for (std::uint8_t i = 0; i < 100; ++i) {
    Ipv4Route route{.prefix = Ipv4Prefix::of(Ipv4Address(10, 9, i, 0), 24)};
    route.set_paths({by(0), by(1, i < 50 ? 1 : 2)});
    ASSERT_TRUE(tables.add_route(route, RouteInsert::add));
  }
  EXPECT_EQ(tables.fib().hops(), before + 2);
  EXPECT_EQ(tables.flush_routes([](const Ipv4Route& r) { return !r.paths.empty(); }), 100u);
  EXPECT_EQ(tables.fib().hops(), before);
}

TEST_F(MultipathTest, AKernelsWaysByLinksOfOthersAreLeftOut) {
  Ipv4Route route{.prefix = net("10.9.0.0/16")};
  route.set_paths({{ip("10.0.0.9"), links[0]->index}, {ip("10.77.0.9"), IfIndex{99}}});
  ASSERT_TRUE(tables.install_route(route));
  EXPECT_EQ(found()->group, nullptr);
  EXPECT_EQ(found()->gateway, ip("10.0.0.9"));
  route.set_paths({{ip("10.77.0.9"), IfIndex{99}}, {ip("10.78.0.9"), IfIndex{98}}});
  EXPECT_FALSE(tables.install_route(route));
}

}  // namespace
}  // namespace smolstack
