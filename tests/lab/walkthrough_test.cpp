// Two networks and the machines client, router and server: what a first lesson in routing does,
// step by step.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Walkthrough : public testing::Test {
 protected:
  Walkthrough() {
    Lab::link(client.port(0), router.port(1));
    Lab::link(server.port(0), router.port(0));
  }
  void forget() {
    for (Node* node : {&client, &router, &server}) node->port(0).forget();
    router.port(1).forget();
  }
  /// Sends one ping and says with which TTL its reply came back.
  std::optional<unsigned> ttl_of_ping(Node& from, Address to) {
    forget();
    if (!from.pings(to)) return std::nullopt;
    for (const Frame& message : from.heard())
      if (!difference(message, ipv4(to, from.port(0).address()) / icmp_echo_reply()))
        return *layer<Ipv4Layer>(message)->fields.ttl;
    return std::nullopt;
  }

  Lab lab;
  Node& client = lab.host({"10.1.1.2/24"});
  Node& server = lab.host({"10.1.2.2/24"});
  Node& router = lab.router({"10.1.2.3/24", "10.1.1.3/24"});
};

TEST_F(Walkthrough, NeighboursAnswerAndAreReCheckedAfterFiveSeconds) {
  EXPECT_EQ(ttl_of_ping(router, "10.1.2.2"), 64u);
  forget();
  lab.run_for(6s);
  const auto& asked = router.port(0).received();
  const auto& answered = server.port(0).received();
  EXPECT_EQ(count_of(asked, arp_request("10.1.2.3", "10.1.2.2")) +
                count_of(answered, arp_request("10.1.2.2", "10.1.2.3")),
            1u)
      << "who was asked knows the asker from his question, and has not heard an answer";
  for (const Captured& frame : answered) EXPECT_FALSE(frame == ethernet({}, broadcast_mac));
}

TEST_F(Walkthrough, WithoutARouteNothingIsOnTheWire) {
  forget();
  EXPECT_EQ(server.pings("10.1.1.3").error(), DropReason::no_route);
  EXPECT_TRUE(server.port(0).silent());
}

TEST_F(Walkthrough, TheRouterOwnsItsAddressesOnEveryInterface) {
  server.route("10.1.1.0/24", "10.1.2.3");
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.3"), 64u);
  EXPECT_TRUE(router.port(1).silent()) << "nothing at all on the far wire";
}

TEST_F(Walkthrough, WithoutAWayBackTheRequestArrivesAndNoReplyLeaves) {
  server.route("10.1.1.0/24", "10.1.2.3");
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.2"), std::nullopt);
  EXPECT_THAT(router.port(1).received(), ElementsAre(arp_request("10.1.1.3", "10.1.1.2"),
                                                     ipv4("10.1.2.2", "10.1.1.2", {.ttl = 63})));
  EXPECT_THAT(client.port(0).received(), OnePacket(arp_reply("10.1.1.2", "10.1.1.3")));
  EXPECT_EQ(client.drops(0, DropReason::no_route), 1u);
}

TEST_F(Walkthrough, TheMissingRouteMendsIt) {
  server.route("10.1.1.0/24", "10.1.2.3");
  client.route("10.1.2.0/24", "10.1.1.3");
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.2"), 63u);
  EXPECT_EQ(ttl_of_ping(client, "10.1.2.2"), 63u);
}

TEST_F(Walkthrough, ForwardingOffStopsTransitInSilence) {
  server.route("10.1.1.0/24", "10.1.2.3");
  client.route("10.1.2.0/24", "10.1.1.3");
  router.stack().settings().forwarding = false;
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.2"), std::nullopt);
  EXPECT_THAT(server.heard(), IsEmpty());
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.3"), 64u) << "the router itself still answers";
  router.stack().settings().forwarding = true;
  EXPECT_EQ(ttl_of_ping(server, "10.1.1.2"), 63u);
}

TEST_F(Walkthrough, ThePingToNobodyComesBackAsHostUnreachable) {
  server.route("10.1.1.0/24", "10.1.2.3");
  ASSERT_TRUE(server.pings("10.1.1.99"));
  lab.run_for(4s);
  const auto heard = server.heard();
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(difference(heard[0], ipv4("10.1.2.3", "10.1.2.2") / icmp_unreachable(host)),
            std::nullopt);
}

TEST_F(Walkthrough, ThePingToANeighbourWhoIsNotThereIsToldByOurselves) {
  ASSERT_TRUE(server.pings("10.1.2.99"));
  lab.run_for(4s);
  const auto heard = server.heard();
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(difference(heard[0], ipv4("10.1.2.2", "10.1.2.2") / icmp_unreachable(host)),
            std::nullopt);
}

TEST_F(Walkthrough, PingsToOurselvesStayInside) {
  EXPECT_EQ(ttl_of_ping(client, "10.1.1.2"), 64u);
  EXPECT_TRUE(client.port(0).silent());
  ASSERT_TRUE(client.pings("127.0.0.1"));
  EXPECT_THAT(client.heard(), SizeIs(1));
  EXPECT_TRUE(client.port(0).silent());
}

TEST_F(Walkthrough, AThousandPingsOfEverySizeLoseNothing) {
  server.route("10.1.1.0/24", "10.1.2.3");
  client.route("10.1.2.0/24", "10.1.1.3");
  ASSERT_EQ(ttl_of_ping(server, "10.1.1.2"), 63u);
  std::size_t replies = 0;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(server.pings("10.1.1.2", i, bytes(i * 7u)));
    replies += server.heard().size();
  }
  EXPECT_EQ(replies, 1000u);
}

TEST_F(Walkthrough, AnIdleNetworkIsSilentAndHasNoDeadlines) {
  server.route("10.1.1.0/24", "10.1.2.3");
  client.route("10.1.2.0/24", "10.1.1.3");
  ASSERT_EQ(ttl_of_ping(server, "10.1.1.2"), 63u);
  lab.run_for(5min);
  forget();
  lab.run_for(1h);
  for (Node* node : {&client, &router, &server}) {
    EXPECT_TRUE(node->port(0).silent());
    EXPECT_EQ(node->stack().next_deadline(), std::nullopt);
  }
}

}  // namespace
}  // namespace smolstack::test
