#include "smolstack/route/fib.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"

namespace smolstack {
namespace {

Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}

Ipv4Route to(std::string_view prefix, std::uint32_t mark) {
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix(prefix).value();
  route.metric = mark;
  return route;
}

std::optional<std::uint32_t> marked(const Ipv4Fib& fib, Ipv4Address destination) {
  const Ipv4Route* const route = fib.lookup(destination);
  return route == nullptr ? std::nullopt : std::optional(route->metric);
}

TEST(Fib, WithoutRoutesFindsNone) {
  const Ipv4Fib fib;
  EXPECT_EQ(fib.lookup(ip("0.0.0.0")), nullptr);
  EXPECT_EQ(fib.lookup(ip("255.255.255.255")), nullptr);
}

TEST(Fib, PrefersTheLongestPrefix) {  // RFC 1812 §5.2.4.3
  const Ipv4Fib fib({to("default", 0), to("10.0.0.0/8", 8), to("10.1.0.0/16", 16),
                     to("10.1.1.0/24", 24), to("10.1.1.7", 32)});
  EXPECT_EQ(marked(fib, ip("10.1.1.7")), 32u);
  EXPECT_EQ(marked(fib, ip("10.1.1.6")), 24u);
  EXPECT_EQ(marked(fib, ip("10.1.1.8")), 24u);
  EXPECT_EQ(marked(fib, ip("10.1.2.1")), 16u);
  EXPECT_EQ(marked(fib, ip("10.2.0.0")), 8u);
  EXPECT_EQ(marked(fib, ip("9.255.255.255")), 0u);
  EXPECT_EQ(marked(fib, ip("11.0.0.0")), 0u);
}

TEST(Fib, ReachesFromTheFirstAddressToTheLast) {
  const Ipv4Fib fib(
      {to("0.0.0.0/1", 1), to("128.0.0.0/1", 2), to("255.255.255.255", 3), to("0.0.0.0/32", 4)});
  EXPECT_EQ(marked(fib, ip("0.0.0.0")), 4u);
  EXPECT_EQ(marked(fib, ip("0.0.0.1")), 1u);
  EXPECT_EQ(marked(fib, ip("127.255.255.255")), 1u);
  EXPECT_EQ(marked(fib, ip("128.0.0.0")), 2u);
  EXPECT_EQ(marked(fib, ip("255.255.255.254")), 2u);
  EXPECT_EQ(marked(fib, ip("255.255.255.255")), 3u);
}

TEST(Fib, OfEqualPrefixesTakesTheLast) {
  const Ipv4Fib fib({to("10.0.0.0/8", 1), to("10.0.0.0/8", 2)});
  EXPECT_EQ(marked(fib, ip("10.1.1.1")), 2u);
}

/// Every route looked at, the longest that fits taken: obviously right.
std::optional<std::uint32_t> linear_search(const std::map<Ipv4Prefix, std::uint32_t>& routes,
                                           Ipv4Address destination) {
  std::optional<std::uint32_t> best;
  int length = -1;
  for (const auto& [prefix, mark] : routes)
    if (prefix.contains(destination) && prefix.length > length) best = mark, length = prefix.length;
  return best;
}

std::map<Ipv4Prefix, std::uint32_t> random_routes(Random& random, std::uint32_t count) {
  std::map<Ipv4Prefix, std::uint32_t> routes;
  for (std::uint32_t mark = 0; mark < count; ++mark) {
    // Few different high bits, so that prefixes lie inside one another and side by side.
    const std::uint32_t high = random.below(4) * 0x55000000u;
    const Ipv4Address address(high ^ random.below(random.below(2) == 0 ? 0x400 : ~0u));
    routes[Ipv4Prefix::of(address, random.below(33))] = mark;
  }
  return routes;
}

std::vector<Ipv4Address> interesting(const std::map<Ipv4Prefix, std::uint32_t>& routes,
                                     Random& random) {
  std::vector<Ipv4Address> addresses{ip("0.0.0.0"), ip("255.255.255.255")};
  for (const auto& [prefix, mark] : routes)
    for (const std::uint32_t edge : {prefix.network.host(), prefix.last().host()})
      for (const std::uint32_t step : {0u, 1u, ~0u}) addresses.emplace_back(edge + step);
  for (int i = 0; i < 200; ++i) addresses.emplace_back(static_cast<std::uint32_t>(random.next()));
  return addresses;
}

TEST(Fib, AgreesWithALinearSearch) {
  Random random(11);
  for (int round = 0; round < 150; ++round) {
    const auto routes = random_routes(random, 1 + random.below(80));
    std::vector<Ipv4Route> list;
    for (const auto& [prefix, mark] : routes) {
      Ipv4Route route;
      route.prefix = prefix;
      route.metric = mark;
      list.push_back(route);
    }
    const Ipv4Fib fib(list);
    for (const Ipv4Address address : interesting(routes, random))
      ASSERT_EQ(marked(fib, address), linear_search(routes, address))
          << to_string(address) << " in round " << round;
  }
}

TEST(Fib, HoldsAHundredThousandRoutes) {
  std::vector<Ipv4Route> routes;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    Ipv4Route route;
    route.prefix = Ipv4Prefix::of(Ipv4Address(0x0a000000u + i * 256), 24);
    route.metric = i;
    routes.push_back(route);
  }
  const Ipv4Fib fib(std::move(routes));
  for (std::uint32_t i = 0; i < 100'000; i += 977)
    EXPECT_EQ(marked(fib, Ipv4Address(0x0a000000u + i * 256 + 200)), i);
  EXPECT_EQ(fib.lookup(Ipv4Address(0x0a000000u + 100'000u * 256)), nullptr);
}

}  // namespace
}  // namespace smolstack
