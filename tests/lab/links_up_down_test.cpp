// Links that go down and come back while traffic flows.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::ElementsAre;

class Links : public testing::Test {
 protected:
  Links() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
    wan.has_neighbor("10.0.2.8");
  }
  void client_sends(const char* destination = "10.0.2.7") {
    lan.forget();
    wan.forget();
    lan.sends(ipv4("10.0.1.9", destination) / udp(1, 2));
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

TEST_F(Links, DownTakesTheConnectedRouteAwayAtOnce) {
  wan.goes_down();
  client_sends();
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(net)));
  EXPECT_TRUE(wan.silent());
}

TEST_F(Links, DownTakesTheRoutesThroughItAway) {
  router.route("10.3.0.0/16", "10.0.2.8");
  wan.goes_down();
  wan.comes_up();
  client_sends("10.3.0.1");
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(net)));
}

TEST_F(Links, UpBringsTheNetworkBack) {
  client_sends();
  wan.goes_down();
  wan.comes_up();
  client_sends();
  EXPECT_EQ(count_of(wan.received(), ipv4("10.0.1.9", "10.0.2.7")), 1u);
}

TEST_F(Links, UpAnnouncesTheAddress) {  // RFC 5227 §2.3
  wan.goes_down();
  wan.forget();
  wan.comes_up();
  EXPECT_GE(count_of(wan.received(), gratuitous_arp("10.0.2.1")), 1u);
}

TEST_F(Links, FramesOnALinkThatIsDownAreIgnored) {
  wan.goes_down();
  wan.sends(arp_request("10.0.2.7", "10.0.2.1"));
  wan.sends(ipv4("10.0.2.7", "10.0.2.1") / icmp_echo(7, 1));
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(router.drops(1, DropReason::interface_down), 2u);
}

TEST_F(Links, DownForgetsTheNeighboursAndWhatWaitsForThem) {
  lan.sends(ipv4("10.0.1.9", "10.0.2.99") / udp(1, 2));
  wan.goes_down();
  EXPECT_EQ(router.neighbor(1, "10.0.2.99"), NeighborState::none);
  wan.comes_up();
  lab.run_for(5s);
  EXPECT_EQ(count_of(wan.received(), ipv4("10.0.1.9", "10.0.2.99")), 0u);
}

TEST_F(Links, TheAddressOfALinkThatIsDownAnswersNobody) {
  wan.goes_down();
  lan.sends(ipv4("10.0.1.9", "10.0.2.1") / icmp_echo(7, 1));
  EXPECT_EQ(count_of(lan.received(), icmp_echo_reply()), 0u);
}

TEST_F(Links, WithoutCarrierPacketsAreDroppedAndRoutesStay) {
  router.stack().set_running(wan.interface(), false, lab.now());
  client_sends();
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(host)));
  router.stack().set_running(wan.interface(), true, lab.now());
  client_sends();
  EXPECT_EQ(count_of(wan.received(), ipv4("10.0.1.9", "10.0.2.7")), 1u);
}

TEST_F(Links, AnAddressThatIsTakenAwayIsOursNoLonger) {
  lan.add_address("10.0.5.1/24");
  lan.remove_address("10.0.5.1/24");
  lan.forget();
  lan.sends(arp_request("10.0.5.9", "10.0.5.1"));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Links, ManyTimesUpAndDownLeaveNothingBehind) {
  for (int i = 0; i < 200; ++i) {
    lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
    lan.sends(ipv4("10.0.1.9", "10.0.2.99") / udp(1, 2));
    wan.goes_down();
    lab.run_for(100ms);
    wan.comes_up();
  }
  lab.run_for(60s);
  EXPECT_EQ(router.stack().pool().small_in_use().level(), 0u) << "no packet is lost in a queue";
  EXPECT_EQ(router.stack().tables().rib().size(), 2u);
}

}  // namespace
}  // namespace smolstack::test
