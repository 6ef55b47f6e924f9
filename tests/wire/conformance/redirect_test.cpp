// Redirects that come in, obeyed by a host alone: RFC 1122 §3.2.2.2 and §3.3.1.2, RFC 1812
// §5.2.7.2.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

/// Two gateways: .254, which the machine uses for all that is far, and .8.
class RedirectToAHostOnTheWire : public HostTest {
 protected:
  /// The machine has spoken with the other gateway: it need not ask for it first.
  void knows_the_better_gateway() {
    for (const char* gateway : {"10.0.1.8", "10.0.1.9"})
      lan.sends(arp_request(gateway, "10.0.1.1"));
  }
  Frame redirect(Address from, Address gateway, std::uint8_t code = 1) {
    return ipv4(from, "10.0.1.1") / icmp(5, code, gateway->host()) /
           ipv4("10.0.1.1", "172.16.0.5") / icmp_echo_reply(7, 1);
  }
  /// Where the machine sends what is for this address.
  MacAddress next_hop(Address far = "172.16.0.5") {
    lan.forget();
    lan.sends(ipv4(far, "10.0.1.1") / icmp_echo(7, 1));
    EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", far) / icmp_echo_reply(7, 1)));
    if (lan.received().empty()) return {};
    return *layer<EthernetLayer>(decode(lan.received()[0].bytes))->destination;
  }

  const MacAddress first = default_mac(address("10.0.1.254"));
  const MacAddress better = default_mac(address("10.0.1.8"));
};

TEST_F(RedirectToAHostOnTheWire, FromTheGatewayInUseIsObeyed) {
  proves("IP-REDIRECT-ACCEPT");
  knows_the_better_gateway();
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
  EXPECT_EQ(next_hop("172.16.0.6"), first) << "for the one destination only";
}

TEST_F(RedirectToAHostOnTheWire, ToAGatewayThatMustBeAskedForFirstIsObeyed) {
  proves("IP-REDIRECT-ACCEPT");
  differs_on_linux("the first redirect makes it ask for the gateway, the next is obeyed");
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectToAHostOnTheWire, ForANetworkCountsForTheHost) {
  proves("IP-REDIRECT-NET-CODE");
  knows_the_better_gateway();
  lan.sends(redirect("10.0.1.254", "10.0.1.8", 0));
  EXPECT_EQ(next_hop(), better);
  EXPECT_EQ(next_hop("172.16.0.6"), first);
}

TEST_F(RedirectToAHostOnTheWire, FromAnybodyElseIsIgnored) {
  proves("IP-REDIRECT-OTHER-SOURCE");
  knows_the_better_gateway();
  for (const char* other : {"10.0.1.8", "10.0.1.9", "172.16.0.5"})
    lan.sends(redirect(other, "10.0.1.8"));
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectToAHostOnTheWire, FromTheGatewayThatWasInUseBeforeIsIgnored) {
  proves("IP-REDIRECT-OTHER-SOURCE");
  knows_the_better_gateway();
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
  lan.sends(redirect("10.0.1.254", "10.0.1.9"));
  EXPECT_EQ(next_hop(), better);
  lan.sends(redirect("10.0.1.8", "10.0.1.9"));
  EXPECT_EQ(next_hop(), default_mac(address("10.0.1.9")));
}

TEST_F(RedirectToAHostOnTheWire, ToAGatewayThatIsNotOnTheLinkIsIgnored) {
  proves("IP-REDIRECT-OFFLINK-GW");
  differs_on_linux("it believes that links share their medium, and asks for the gateway");
  for (const char* gateway : {"10.0.2.2", "172.16.0.1"}) lan.sends(redirect("10.0.1.254", gateway));
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectToAHostOnTheWire, ToWhatIsNoStationIsIgnored) {
  proves("IP-REDIRECT-OFFLINK-GW");
  knows_the_better_gateway();
  for (const char* gateway :
       {"10.0.1.255", "10.0.1.1", "127.0.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255"})
    lan.sends(redirect("10.0.1.254", gateway));
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.254", "10.0.1.8"));
  EXPECT_EQ(next_hop(), better);
}

/// The same network, but a router: what is for 172.16.0.0/16 it hands to 10.0.1.254.
class RedirectToARouterOnTheWire : public RouterTest {
 protected:
  RedirectToARouterOnTheWire() : RouterTest(wiring()) { lan.has_neighbor("10.0.1.254"); }
  static Wiring wiring() {
    Wiring wiring = router_wiring();
    wiring.routes = {"172.16.0.0/16 via 10.0.1.254"};
    return wiring;
  }
  const Frame to_gateway = ethernet(lan.mac(), default_mac(address("10.0.1.254")));
};

TEST_F(RedirectToARouterOnTheWire, ChangesNoRoute) {
  proves("IP-REDIRECT-ROUTER");
  const Frame redirect = ipv4("10.0.1.254", "10.0.1.1") / icmp_redirect("10.0.1.8");
  lan.sends(redirect / ipv4("10.0.1.1", "172.16.0.5") / icmp_echo_reply(7, 1));
  lan.sends(redirect / ipv4("10.0.2.7", "172.16.0.5") / udp(1, 2));
  EXPECT_TRUE(lan.silent());
  lan.sends(ipv4("172.16.0.5", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(),
              OnePacket(to_gateway / ipv4("10.0.1.1", "172.16.0.5") / icmp_echo_reply(7, 1)));
  lan.forget();
  wan.sends(ipv4("10.0.2.7", "172.16.0.5") / udp(1, 2) / "x");
  EXPECT_THAT(lan.received(), OnePacket(to_gateway / ipv4("10.0.2.7", "172.16.0.5") / udp(1, 2)));
}

}  // namespace
}  // namespace smolstack::test
