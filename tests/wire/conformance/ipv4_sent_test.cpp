// What the machine writes into the headers of its own packets, and whom it hands them to: RFC 1122
// §3.2.1 and §3.3.1, RFC 1812 §4.3.2 and §5.2.3, RFC 6864.

#include <map>
#include <set>

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::SizeIs;

class Ipv4SentOnTheWire : public HostTest {
 protected:
  static Frame ping(Address from, std::size_t size = 32) {
    return ipv4(from, "10.0.1.1") / icmp_echo(7, 1) / bytes(size);
  }
  /// So that no answer waits for ARP.
  void knows(std::initializer_list<const char*> peers) {
    for (const char* peer : peers) lan.sends(arp_request(peer, "10.0.1.1"));
    lan.forget();
  }
  static const Ipv4Layer& ip_of(const Frame& frame) { return *layer<Ipv4Layer>(frame); }
};

TEST_F(Ipv4SentOnTheWire, HasATtlThatCrossesTheInternet) {  // RFC 1122 §3.2.1.7
  proves("IP-TTL-SENT");
  constexpr std::uint8_t ttls[] = {1, 64, 255};
  for (const std::uint8_t ttl : ttls) {
    const Frame to_us = ipv4("10.0.1.9", "10.0.1.1", {.ttl = ttl});
    lan.sends(to_us / icmp_echo(7, 1));
    lan.sends(to_us / udp(1, 2) / "x");
    lan.sends(to_us / tcp(1, 2, {.flags = 0x02}));
  }
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9", {.ttl = 64})), 9u);
  EXPECT_THAT(lan.received(), SizeIs(9));
}

TEST_F(Ipv4SentOnTheWire, TheEchoReplyHasTheTypeOfServiceOfItsRequest) {  // RFC 1349 §5.1
  proves("IP-TOS-ECHO");
  for (unsigned dscp = 0; dscp < 64; ++dscp) {
    const auto tos = static_cast<std::uint8_t>(dscp << 2);
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.tos = tos}) / icmp_echo(7, 1));
    EXPECT_THAT(lan.received(), OnePacket(ipv4({.tos = tos}) / icmp_echo_reply(7, 1)));
  }
}

// RFC 6864 §4.3: what has DF set and is no fragment needs no identification of its own.
TEST_F(Ipv4SentOnTheWire, EachPacketThatMayBeFragmentedHasAnotherIdentification) {
  proves("IP-ID-UNIQUE");
  constexpr std::size_t whole = 300;
  knows({"10.0.1.9"});
  for (std::size_t i = 0; i < whole; ++i) lan.sends(ping("10.0.1.9"));
  std::set<std::uint16_t> seen;
  for (const Captured& each : lan.received()) {
    const Frame reply = decode(each.bytes);
    const bool is_atomic = *ip_of(reply).fields.dont_fragment;
    EXPECT_TRUE(is_atomic || seen.insert(*ip_of(reply).fields.id).second) << reply;
  }
  EXPECT_THAT(lan.received(), SizeIs(whole));
}

TEST_F(Ipv4SentOnTheWire, FragmentsShareTheIdentificationOfTheirPacketAlone) {  // RFC 791 §3.2
  proves("IP-ID-UNIQUE");
  constexpr std::size_t packets = 20;
  knows({"10.0.1.9"});
  for (std::size_t i = 0; i < packets; ++i) lan.sends(fragments_of(ping("10.0.1.9", 3000), 1500));
  std::map<std::uint16_t, std::vector<Frame>> by_id;
  for (const Captured& each : lan.received()) {
    const Frame piece = decode(each.bytes);
    by_id[*ip_of(piece).fields.id].push_back(piece);
  }
  EXPECT_THAT(by_id, SizeIs(packets));
  for (const auto& [id, pieces] : by_id) EXPECT_TRUE(join(pieces)) << "identification " << id;
}

// RFC 6274 §3.5.2: who counts one peer's packets must not see how many others were sent.
TEST_F(Ipv4SentOnTheWire, NoCounterOfIdentificationsIsSharedByAllPeers) {
  proves("IP-ID-UNPREDICTABLE");
  std::vector<std::uint16_t> ids;
  knows({"10.0.1.9", "10.0.1.8", "10.0.1.254"});
  for (int round = 0; round < 8; ++round)
    for (const char* peer : {"10.0.1.9", "10.0.1.8", "10.0.1.254"})
      lan.sends(fragments_of(ping(peer, 1600), 1500));
  for (const Captured& each : lan.received())
    if (const Frame piece = decode(each.bytes); *ip_of(piece).fields.offset == 0)
      ids.push_back(*ip_of(piece).fields.id);
  ASSERT_THAT(ids, SizeIs(24));
  int steps_of_one = 0;
  for (std::size_t i = 1; i < ids.size(); ++i)
    if (static_cast<std::uint16_t>(ids[i] - ids[i - 1]) == 1) ++steps_of_one;
  EXPECT_LT(steps_of_one, 12);
}

TEST_F(Ipv4SentOnTheWire, WhatIsFarAwayGoesToTheGatewayForWhichAloneWeAsk) {
  proves("IP-DEFAULT-ROUTE");  // RFC 1122 §3.3.1.1, §3.3.1.2
  lan.loses_neighbor("10.0.1.254");
  lan.sends(ping("172.16.0.5"));
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.1", "10.0.1.254")));
  lan.forget();
  lan.sends(arp_reply("10.0.1.254", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.254"))) /
                                        ipv4("10.0.1.1", "172.16.0.5") / icmp_echo_reply(7, 1)));
}

TEST_F(Ipv4SentOnTheWire, WhatIsOnTheLinkGoesThereByItself) {  // RFC 1122 §3.3.1.1
  proves("IP-ONLINK");
  const Mac gateway = default_mac(address("10.0.1.254"));
  lan.sends(ethernet(gateway, lan.mac()) / ping("10.0.1.8"));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.8"))) /
                                        ipv4("10.0.1.1", "10.0.1.8") / icmp_echo_reply(7, 1)));
}

class Ipv4SentByARouterOnTheWire : public RouterTest {};

// RFC 1812 §4.3.2.5: precedence 6 or 7, by default 6.
TEST_F(Ipv4SentByARouterOnTheWire, ErrorsHaveThePrecedenceOfControlAndATtlOfTheirOwn) {
  proves("IP-ERR-TTL-TOS");
  lan.sends(ipv4("10.0.1.9", "10.99.0.1", {.ttl = 3}) / udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.ttl = 3}) / udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.ttl = 3, .protocol = 253}) / "data");
  lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / udp(1, 2));
  const Frame error = ipv4("10.0.1.1", "10.0.1.9", {.ttl = 64, .tos = 0xc0});
  EXPECT_THAT(lan.received(), ElementsAre(error / icmp_unreachable(net),       //
                                          error / icmp_unreachable(port),      //
                                          error / icmp_unreachable(protocol),  //
                                          error / icmp_time_exceeded()));
}

TEST_F(Ipv4SentByARouterOnTheWire, EachAddressIsAnsweredForOnEachInterface) {  // RFC 1812 §5.2.3
  proves("IP-WEAK-HOST");
  lan.sends(ipv4("10.0.1.9", "10.0.2.1") / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.2.1", "10.0.1.9") / icmp_echo_reply(7, 1)));
  wan.sends(ipv4("10.0.2.7", "10.0.1.1") / icmp_echo(7, 2) / "ping");
  EXPECT_THAT(wan.received(), OnePacket(ipv4("10.0.1.1", "10.0.2.7") / icmp_echo_reply(7, 2)));
}

}  // namespace
}  // namespace smolstack::test
