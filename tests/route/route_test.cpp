// A route's words, as iproute2 has them.

#include "smolstack/route/route.hpp"

#include <gtest/gtest.h>

namespace smolstack {
namespace {

struct Name {
  std::uint8_t number;
  std::string_view word;
};

TEST(RouteProtocols, HaveTheNamesOfIproute2) {  // its etc/iproute2/rt_protos
  const Name names[] = {{0, "unspec"}, {1, "redirect"}, {2, "kernel"}, {3, "boot"},
                        {4, "static"}, {8, "gated"},    {9, "ra"},     {10, "mrt"},
                        {11, "zebra"}, {12, "bird"},    {14, "xorp"},  {13, "dnrouted"},
                        {15, "ntk"},   {16, "dhcp"},    {42, "babel"}, {18, "keepalived"},
                        {99, "openr"}, {186, "bgp"},    {187, "isis"}, {188, "ospf"},
                        {189, "rip"},  {192, "eigrp"}};
  for (const Name& name : names) {
    EXPECT_EQ(to_string(RouteProtocol(name.number)), name.word);
    EXPECT_EQ(parse_route_protocol(name.word), RouteProtocol(name.number)) << name.word;
  }
}

TEST(RouteProtocols, WithoutANameAreNumbers) {
  EXPECT_EQ(to_string(RouteProtocol{77}), "77");
  EXPECT_EQ(parse_route_protocol("77"), RouteProtocol{77});
  EXPECT_EQ(parse_route_protocol("255"), RouteProtocol{255});
  EXPECT_EQ(parse_route_protocol(std::string_view("771").substr(0, 2)), RouteProtocol{77});
  for (const char* word : {"", "256", "-1", "7x", "x7", "x", "stat", "1000000000000"})
    EXPECT_EQ(parse_route_protocol(word), std::nullopt) << word;
}

TEST(RouteKinds, HaveTheNamesOfIproute2) {
  EXPECT_EQ(to_string(RouteKind::unicast), "unicast");
  EXPECT_EQ(to_string(RouteKind::local), "local");
  EXPECT_EQ(to_string(RouteKind::broadcast), "broadcast");
  EXPECT_EQ(to_string(RouteKind::blackhole), "blackhole");
  EXPECT_EQ(to_string(RouteKind::unreachable), "unreachable");
  EXPECT_EQ(to_string(RouteKind::prohibit), "prohibit");
}

}  // namespace
}  // namespace smolstack
