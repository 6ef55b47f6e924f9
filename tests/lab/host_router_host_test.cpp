// Real stacks on both sides of real routers, linked to one another.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

TEST(HostRouterHost, PingsAcrossWithOneHopLess) {
  Lab lab;
  Node& client = lab.host({"10.1.1.2/24"});
  Node& router = lab.router({"10.1.2.3/24", "10.1.1.3/24"});
  Node& server = lab.host({"10.1.2.2/24"});
  Lab::link(client.port(0), router.port(1));
  Lab::link(server.port(0), router.port(0));
  server.route("10.1.1.0/24", "10.1.2.3");

  ASSERT_TRUE(server.pings("10.1.1.2"));
  EXPECT_TRUE(server.heard().empty()) << "client has no way back";
  client.route("10.1.2.0/24", "10.1.1.3");
  ASSERT_TRUE(server.pings("10.1.1.2", 2, bytes(56)));
  const auto replies = server.heard();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(difference(replies[0], ipv4("10.1.1.2", "10.1.2.2", {.ttl = 63}) /
                                       icmp_echo_reply(0x534d, 2) / bytes(56)),
            std::nullopt);
}

TEST(HostRouterHost, WithoutARouteNothingIsSent) {  // RFC 1122 §3.3.1
  Lab lab;
  Node& server = lab.host({"10.1.2.2/24"});
  EXPECT_EQ(server.pings("10.1.1.3").error(), DropReason::no_route);
  EXPECT_TRUE(server.port(0).silent());
}

TEST(HostRouterHost, NoDatagramIsLongerThanItsLengthFieldCanSay) {  // RFC 791 §3.1
  Lab lab;
  Node& server = lab.host({"10.1.2.2/24"});
  EXPECT_EQ(server.pings("10.1.2.9", 1, bytes(65508)).error(), DropReason::mtu_exceeded);
  EXPECT_TRUE(server.port(0).silent());
}

TEST(HostRouterHost, CarriesTheLargestDatagramThereAndBack) {  // RFC 791 §3.1
  Lab lab;
  Node& client = lab.host({"10.1.1.2/24"});
  Node& router = lab.router({"10.1.2.3/24", "10.1.1.3/24"});
  Node& server = lab.host({"10.1.2.2/24"});
  Lab::link(client.port(0), router.port(1));
  Lab::link(server.port(0), router.port(0));
  client.route("default", "10.1.1.3");
  server.route("default", "10.1.2.3");

  ASSERT_TRUE(client.pings("10.1.2.2", 1, bytes(65507)));
  const auto replies = client.heard();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(layer<Payload>(replies[0])->octets, bytes(65507));
  EXPECT_EQ(client.stack().pool().large_in_use().level(), 0u);
}

TEST(HostRouterHost, TraceroutesThroughTwoRouters) {
  Lab lab;
  Node& client = lab.host({"10.0.0.9/24"});
  Node& a = lab.router({"10.0.0.1/24", "10.0.1.1/24"});
  Node& b = lab.router({"10.0.1.2/24", "10.0.2.2/24"});
  Node& server = lab.host({"10.0.2.9/24"});
  Lab::link(client.port(0), a.port(0));
  Lab::link(a.port(1), b.port(0));
  Lab::link(b.port(1), server.port(0));
  client.route("default", "10.0.0.1");
  a.route("default", "10.0.1.2");
  b.route("default", "10.0.1.1");
  server.route("default", "10.0.2.2");

  for (std::uint16_t ttl = 1; ttl <= 3; ++ttl)
    ASSERT_TRUE(client.pings("10.0.2.9", ttl, {}, with_ttl(ttl)));
  const auto heard = client.heard();
  ASSERT_THAT(heard, SizeIs(3));
  EXPECT_EQ(difference(heard[0], ipv4("10.0.0.1", "10.0.0.9") / icmp_time_exceeded()),
            std::nullopt);
  EXPECT_EQ(difference(heard[1], ipv4("10.0.1.2", "10.0.0.9") / icmp_time_exceeded()),
            std::nullopt);
  EXPECT_EQ(difference(heard[2], ipv4("10.0.2.9", "10.0.0.9") / icmp_echo_reply()), std::nullopt);
}

}  // namespace
}  // namespace smolstack::test
