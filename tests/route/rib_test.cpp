#include "smolstack/route/rib.hpp"

#include <gtest/gtest.h>

namespace smolstack {
namespace {

Ipv4Route via(std::string_view prefix, std::string_view gateway, std::uint32_t metric = 0) {
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix(prefix).value();
  route.gateway = parse_ipv4_address(gateway).value();
  route.metric = metric;
  return route;
}

RouteMatch match(std::string_view prefix) {
  RouteMatch match;
  match.prefix = parse_ipv4_prefix(prefix).value();
  return match;
}

const auto one = via("10.3.0.0/16", "10.1.0.1");
const auto two = via("10.3.0.0/16", "10.1.0.2");
const auto costly = via("10.3.0.0/16", "10.1.0.3", 100);

TEST(Rib, AddRefusesASecondRouteOfTheSamePrefixAndMetric) {  // as `ip route add` does
  Ipv4Rib rib;
  EXPECT_TRUE(rib.insert(one, RouteInsert::add));
  const auto again = rib.insert(two, RouteInsert::add);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, std::make_error_code(std::errc::file_exists));
  EXPECT_EQ(rib.routes(), std::vector{one});
}

TEST(Rib, AddTakesAnotherMetric) {
  Ipv4Rib rib;
  EXPECT_TRUE(rib.insert(costly, RouteInsert::add));
  EXPECT_TRUE(rib.insert(one, RouteInsert::add));
  EXPECT_EQ(rib.routes(), (std::vector{one, costly})) << "the lowest metric first";
  EXPECT_EQ(*rib.find(one.prefix), one);
}

TEST(Rib, ReplaceTakesThePlaceOfTheSameMetricOnly) {
  Ipv4Rib rib;
  ASSERT_TRUE(rib.insert(one, RouteInsert::add));
  ASSERT_TRUE(rib.insert(costly, RouteInsert::add));
  EXPECT_TRUE(rib.insert(two, RouteInsert::replace));
  EXPECT_EQ(rib.routes(), (std::vector{two, costly}));
}

TEST(Rib, ReplaceMakesTheRouteWhereThereIsNone) {
  Ipv4Rib rib;
  EXPECT_TRUE(rib.insert(one, RouteInsert::replace));
  EXPECT_EQ(rib.size(), 1u);
}

TEST(Rib, AppendStandsBehind) {
  Ipv4Rib rib;
  ASSERT_TRUE(rib.insert(one, RouteInsert::add));
  EXPECT_TRUE(rib.insert(two, RouteInsert::append));
  EXPECT_EQ(rib.routes(), (std::vector{one, two}));
  EXPECT_EQ(*rib.find(one.prefix), one);
  EXPECT_EQ(rib.size(), 2u);
}

TEST(Rib, RemoveBringsTheNextOneForward) {
  Ipv4Rib rib;
  ASSERT_TRUE(rib.insert(one, RouteInsert::add));
  ASSERT_TRUE(rib.insert(costly, RouteInsert::add));
  EXPECT_EQ(rib.remove(match("10.3.0.0/16")).value(), one);
  EXPECT_EQ(*rib.find(costly.prefix), costly);
}

TEST(Rib, RemoveMatchesWhatIsSet) {
  Ipv4Rib rib;
  ASSERT_TRUE(rib.insert(one, RouteInsert::add));
  ASSERT_TRUE(rib.insert(two, RouteInsert::append));
  RouteMatch second = match("10.3.0.0/16");
  second.gateway = two.gateway;
  EXPECT_EQ(rib.remove(second).value(), two);
  const auto gone = rib.remove(second);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, std::make_error_code(std::errc::no_such_process));
  EXPECT_EQ(rib.routes(), std::vector{one});
}

TEST(RouteMatchTest, MatchesByEveryFieldThatIsSet) {
  Ipv4Route route = via("10.3.0.0/16", "10.1.0.1", 7);
  route.protocol = RouteProtocol::boot;
  route.interface = IfIndex{2};
  const auto matches = [&](auto set) {
    RouteMatch wanted = match("10.3.0.0/16");
    set(wanted);
    return wanted.matches(route);
  };
  EXPECT_TRUE(matches([](RouteMatch&) {}));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.kind = RouteKind::unicast; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.kind = RouteKind::blackhole; }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.protocol = RouteProtocol::boot; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.protocol = RouteProtocol::kernel; }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.gateway = route.gateway; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.gateway = two.gateway; }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.interface = IfIndex{2}; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.interface = IfIndex{3}; }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.metric = 7; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.metric = 0; }));
  EXPECT_FALSE(match("10.3.0.0/17").matches(route));
}

TEST(Rib, RemoveTakesThePrefixLiterally) {
  Ipv4Rib rib;
  ASSERT_TRUE(rib.insert(one, RouteInsert::add));
  EXPECT_FALSE(rib.remove(match("10.3.0.0/17")));
  EXPECT_FALSE(rib.remove(match("default")));
  EXPECT_EQ(rib.size(), 1u);
}

TEST(Rib, PrintsTheDefaultRouteFirst) {
  Ipv4Rib rib;
  const auto first = via("default", "10.1.0.1");
  const auto middle = via("10.2.0.0/16", "10.1.0.1");
  const auto last = via("192.168.0.0/24", "10.1.0.1");
  for (const auto& route : {last, middle, first}) ASSERT_TRUE(rib.insert(route, RouteInsert::add));
  EXPECT_EQ(rib.routes(), (std::vector{first, middle, last}));
}

TEST(Rib, RemoveIfTellsHowMany) {
  Ipv4Rib rib;
  for (const auto& route : {one, costly, via("default", "10.1.0.1")})
    ASSERT_TRUE(rib.insert(route, RouteInsert::add));
  EXPECT_EQ(rib.remove_if([](const Ipv4Route& r) { return r.prefix.length == 16; }).size(), 2u);
  EXPECT_EQ(rib.size(), 1u);
}

}  // namespace
}  // namespace smolstack
