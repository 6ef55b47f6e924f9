// Redirects, sent by a router and obeyed by a host: RFC 1812 §5.2.7.2, RFC 1122 §3.2.2.2.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::ElementsAre;
using testing::Le;
using testing::SizeIs;

class RedirectSent : public testing::Test {
 protected:
  RedirectSent() {
    lan.has_neighbor("10.0.1.9");
    lan.has_neighbor("10.0.1.2");
    router.route("10.3.0.0/16", "10.0.1.2");
  }
  Frame detour(Address from = "10.0.1.9") { return ipv4(from, "10.3.0.1") / udp(1, 2) / "x"; }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
};

TEST_F(RedirectSent, NamesTheBetterGatewayAndThePacketStillGoesOn) {
  lan.sends(detour());
  EXPECT_THAT(lan.received(),
              ElementsAre(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") / detour(),
                          ethernet({}, default_mac(address("10.0.1.2"))) /
                              ipv4("10.0.1.9", "10.3.0.1", {.ttl = 63})));
  EXPECT_EQ(router.stack().counters().redirects_sent, 1u);
}

TEST_F(RedirectSent, IsNotOwedForErrorsAndLaterFragments) {  // RFC 1122 §3.2.2
  lan.sends(ipv4("10.0.1.9", "10.3.0.1") / icmp_unreachable(port) / ipv4("10.3.0.1", "10.0.1.9") /
            udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.3.0.1", {.offset = 8, .protocol = 17}) / bytes(8));
  EXPECT_EQ(lan.received().size(), 2u) << "they go on";
  EXPECT_EQ(count_of(lan.received(), icmp(5, 1)), 0u);
}

TEST_F(RedirectSent, IsNotOwedToANeighbourOfAnotherLinkThatCameIn) {  // RFC 1812 §5.2.7.2
  Port& wan = router.port(1);
  wan.has_neighbor("10.0.2.8");
  lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4("10.0.2.7", "10.0.2.8") / udp(1, 2));
  EXPECT_TRUE(lan.silent());
  EXPECT_THAT(wan.received(), OnePacket(ipv4("10.0.2.7", "10.0.2.8")));
}

TEST_F(RedirectSent, IsForNeighboursOnly) {
  lan.sends(detour("172.16.0.9"));
  EXPECT_EQ(count_of(lan.received(), icmp(5, 1)), 0u);
  EXPECT_EQ(count_of(lan.received(), ipv4("172.16.0.9", "10.3.0.1")), 1u) << "but forwarded";
}

TEST_F(RedirectSent, IsLimitedInRate) {  // RFC 1812 §4.3.2.8
  for (int i = 0; i < 100; ++i) lan.sends(detour());
  EXPECT_EQ(count_of(lan.received(), icmp(5, 1)), 2u);
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2)), 100u);
  lab.run_for(1s);
  for (int i = 0; i < 10; ++i) lan.sends(detour());
  EXPECT_EQ(count_of(lan.received(), icmp(5, 1)), 3u) << "one a second to each for each";
}

TEST_F(RedirectSent, CanBeSwitchedOff) {
  router.stack().settings().send_redirects = false;
  lan.sends(detour());
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.9", "10.3.0.1")));
}

/// A host whose gateway is 10.0.1.1; 10.0.1.2 is another router.
class RedirectReceived : public testing::Test {
 protected:
  RedirectReceived() {
    for (const char* each : {"10.0.1.1", "10.0.1.2", "10.0.1.3"}) lan.has_neighbor(each);
    host.route("default", "10.0.1.1");
  }
  Frame redirect(Address from, Address gateway, std::uint8_t code = 1) {
    return ipv4(from, "10.0.1.9") / icmp(5, code, gateway->host()) / ipv4("10.0.1.9", "10.3.0.1") /
           icmp_echo(0x534d, 1);
  }
  /// The next hop of a packet to 10.3.0.1.
  MacAddress next_hop() {
    lan.forget();
    EXPECT_TRUE(host.pings("10.3.0.1"));
    return *layer<EthernetLayer>(decode(lan.received().at(0).bytes))->destination;
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.9/24"});
  Port& lan = host.port(0);
  const MacAddress first = default_mac(address("10.0.1.1"));
  const MacAddress better = default_mac(address("10.0.1.2"));
};

TEST_F(RedirectReceived, FromTheGatewayInUseIsObeyed) {
  EXPECT_EQ(next_hop(), first);
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectReceived, ForANetworkCountsForTheHost) {  // RFC 1122 §3.2.2.2
  lan.sends(redirect("10.0.1.1", "10.0.1.2", 0));
  EXPECT_EQ(next_hop(), better);
  for (const char* other : {"10.3.0.0", "10.3.0.2"})
    EXPECT_EQ(host.stack().tables().fib().lookup(address(other))->gateway, address("10.0.1.1"));
}

TEST_F(RedirectReceived, ThatQuotesNoMoreThanTheHeaderIsObeyed) {
  const Octets whole = encode(ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2));
  lan.sends(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
            Octets(whole.begin(), whole.begin() + 20));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectReceived, FromTheGatewayOfAnEarlierOneTakesItsPlace) {  // RFC 1122 §3.3.1.2
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  lan.sends(redirect("10.0.1.2", "10.0.1.3"));
  EXPECT_EQ(next_hop(), default_mac(address("10.0.1.3")));
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 2u);
  EXPECT_EQ(host.stack().tables().rib().size(), 3u) << "the network, the default and one more";
}

TEST_F(RedirectReceived, ForOneHostToAndFroCountsAsOne) {
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  for (int i = 0; i < 200; ++i) {
    lan.sends(redirect("10.0.1.2", "10.0.1.3"));
    lan.sends(redirect("10.0.1.3", "10.0.1.2"));
  }
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectReceived, DoesNotReplaceAHostRouteOfTheAdministrator) {
  host.route("10.3.0.1/32", "10.0.1.1");
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), first);
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 0u);
}

TEST_F(RedirectReceived, IsMoreSpecificThanAnyOtherRouteOfTheAdministrator) {
  host.route("10.3.0.0/31", "10.0.1.1");
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), better);
}

TEST_F(RedirectReceived, ToAGatewayBehindAnotherIsIgnored) {
  host.route("10.0.1.2/32", "10.0.1.3");
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), first);
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 0u);
}

TEST_F(RedirectReceived, AboutWhatNoGatewayLeadsToIsIgnored) {
  host.unroute("0.0.0.0/0");
  host.route("10.66.0.0/16", RouteKind::blackhole);
  for (const char* destination : {"10.3.0.1", "10.66.0.1", "10.0.1.77", "10.0.1.255", "10.0.1.9"})
    lan.sends(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
              ipv4("10.0.1.9", destination) / udp(1, 2));
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 0u);
  EXPECT_EQ(host.stack().tables().rib().size(), 2u);
}

TEST_F(RedirectReceived, FromAStrangerIsIgnored) {
  lan.sends(redirect("10.0.1.2", "10.0.1.2"));
  lan.sends(redirect("10.9.9.9", "10.0.1.2"));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, ToAGatewayThatIsNotOnTheLinkIsIgnored) {
  for (const char* gateway : {"10.0.2.2", "10.0.1.255", "10.0.1.0", "10.0.1.9", "127.0.0.1",
                              "224.0.0.1", "0.0.0.0", "255.255.255.255"})
    lan.sends(redirect("10.0.1.1", gateway));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, AboutAPacketThatIsNotOursIsIgnored) {
  lan.sends(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
            ipv4("10.0.1.77", "10.3.0.1") / udp(1, 2));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, CutShortIsIgnored) {
  const Octets whole = encode(ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2));
  for (std::size_t size = 0; size < 20; ++size)
    lan.sends(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
              Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, ChangesNothingOnARouter) {  // RFC 1812 §5.2.7.2
  host.stack().settings().forwarding = true;
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, CanBeRefused) {
  host.stack().settings().accept_redirects = false;
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  EXPECT_EQ(next_hop(), first);
}

TEST_F(RedirectReceived, InMassesFillNoTable) {
  for (std::uint32_t i = 0; i < 5000; ++i)
    lan.sends(ipv4("10.0.1.1", "10.0.1.9") / icmp_redirect("10.0.1.2") /
              ipv4("10.0.1.9", Ipv4Address(0x0b000000u + i)) / udp(1, 2));
  EXPECT_EQ(host.stack().tables().rib().size(), 2u + 256u);
  const auto gateway = [&](std::uint32_t i) {
    return host.stack().tables().fib().lookup(Ipv4Address(0x0b000000u + i))->gateway;
  };
  EXPECT_EQ(gateway(4999 - 255), address("10.0.1.2")) << "the latest are kept";
  EXPECT_EQ(gateway(4999 - 256), address("10.0.1.1"));
}

TEST_F(RedirectReceived, ToADeadGatewayIsForgotten) {  // RFC 1122 §3.3.1.4
  lan.sends(redirect("10.0.1.1", "10.0.1.2"));
  lan.loses_neighbor("10.0.1.2");
  EXPECT_TRUE(host.pings("10.3.0.1"));
  lab.run_for(20s);
  EXPECT_EQ(next_hop(), first);
}

TEST(Redirect, LeadsARealHostToTheBetterRouter) {
  Lab lab;
  Node& host = lab.host({"10.0.1.9/24"});
  Node& router = lab.router({"10.0.1.1/24"});
  Lab::link(host.port(0), router.port(0));
  host.route("default", "10.0.1.1");
  router.route("10.3.0.0/16", "10.0.1.2");
  ASSERT_TRUE(host.pings("10.3.0.1"));
  EXPECT_EQ(host.stack().tables().fib().lookup(address("10.3.0.1"))->gateway, address("10.0.1.2"));
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 1u);
}

}  // namespace
}  // namespace smolstack::test
