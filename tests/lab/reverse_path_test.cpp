// What an interface lets in: reverse-path filtering, and its own switch for forwarding.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

class ReversePathFilter : public testing::Test {
 protected:
  ReversePathFilter() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
  }
  /// From `source`, whoever has that address, through the router.
  void sends_from(const char* source) { lan.sends(ipv4(source, "10.0.2.7") / udp(1, 2)); }
  bool came_through() { return !wan.silent(); }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

TEST_F(ReversePathFilter, IsOffUnlessAsked) {
  sends_from("10.99.0.1");
  EXPECT_TRUE(came_through());
}

TEST_F(ReversePathFilter, StrictRefusesASourceBehindAnotherInterface) {  // RFC 3704 §2.2
  lan.interface().rp_filter = ReversePath::strict;
  sends_from("10.0.2.66");
  EXPECT_FALSE(came_through());
  EXPECT_TRUE(lan.silent()) << "in silence";
  EXPECT_EQ(router.drops(0, DropReason::rp_filter), 1u);
}

TEST_F(ReversePathFilter, StrictTakesWhatItWouldSendBackThere) {
  lan.interface().rp_filter = ReversePath::strict;
  sends_from("10.0.1.9");
  EXPECT_TRUE(came_through());
}

TEST_F(ReversePathFilter, StrictFollowsRoutesThroughGateways) {
  lan.interface().rp_filter = ReversePath::strict;
  router.route("10.5.0.0/16", "10.0.1.9");
  sends_from("10.5.0.1");
  EXPECT_TRUE(came_through());
}

TEST_F(ReversePathFilter, LooseTakesAnySourceThatHasARoute) {  // RFC 3704 §2.4
  lan.interface().rp_filter = ReversePath::loose;
  sends_from("10.0.2.66");
  EXPECT_TRUE(came_through());
}

TEST_F(ReversePathFilter, LooseRefusesASourceWithoutARoute) {
  lan.interface().rp_filter = ReversePath::loose;
  sends_from("10.99.0.1");
  EXPECT_FALSE(came_through());
  EXPECT_EQ(router.drops(0, DropReason::rp_filter), 1u);
}

TEST_F(ReversePathFilter, ARouteToNowhereIsNoWayBack) {
  lan.interface().rp_filter = ReversePath::loose;
  router.route("10.66.0.0/16", RouteKind::blackhole);
  sends_from("10.66.0.1");
  EXPECT_EQ(router.drops(0, DropReason::rp_filter), 1u);
}

TEST_F(ReversePathFilter, CountsForWhatIsForUsToo) {
  lan.interface().rp_filter = ReversePath::strict;
  lan.sends(ipv4("10.0.2.66", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(router.drops(0, DropReason::rp_filter), 1u);
}

TEST_F(ReversePathFilter, AnsweringOurselvesIsNoMatterOfIt) {
  for (const auto& interface : router.stack().interfaces())
    interface->rp_filter = ReversePath::strict;
  EXPECT_TRUE(router.pings("10.0.1.1"));
  EXPECT_EQ(router.heard().size(), 1u);
}

TEST_F(ReversePathFilter, EachInterfaceForwardsByItsOwnSwitch) {
  lan.interface().forwarding = false;
  sends_from("10.0.1.9");
  EXPECT_FALSE(came_through());
  EXPECT_EQ(router.drops(0, DropReason::forwarding_off), 1u);
  wan.sends(ipv4("10.0.2.7", "10.0.1.9") / udp(1, 2));
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.2.7", "10.0.1.9")), 1u);
}

TEST_F(ReversePathFilter, AnInterfaceAloneDoesNotMakeARouter) {
  router.stack().settings().forwarding = false;
  sends_from("10.0.1.9");
  EXPECT_FALSE(came_through());
  EXPECT_EQ(router.drops(0, DropReason::forwarding_off), 1u);
}

TEST(ArpNotify, OffLeavesAddressesUnannounced) {
  StackOptions options;
  options.settings.arp_notify = false;
  Lab lab;
  Port& lan = lab.host({"10.0.1.1/24"}, options).port(0);
  lan.add_address("10.0.5.1/24");
  lan.goes_down();
  lan.comes_up();
  lab.run_for(5s);
  EXPECT_TRUE(lan.silent());
}

}  // namespace
}  // namespace smolstack::test
