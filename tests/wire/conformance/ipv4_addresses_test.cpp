// Addresses that no packet may come from or go to: RFC 1122 §3.2.1.3, RFC 1812 §5.3.7.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::SizeIs;

/// All that is far has a route, so that an answer to it, or the packet itself, would leave.
class Ipv4AddressesOnTheWire : public EitherTest {
 protected:
  Ipv4AddressesOnTheWire() {
    if (GetParam() == Role::router) machine().run("ip route add default via 10.0.1.254");
  }
  /// Packets of which each has an answer of its own when its addresses are right.
  static std::vector<Frame> questions(Address from, Address to) {
    return {ipv4(from, to) / icmp_echo(7, 1) / "ping", ipv4(from, to) / udp(1, 2) / "x",
            ipv4(from, to) / tcp(1, 2, {.flags = 0x02}),
            ipv4(from, to, {.protocol = 253}) / "data"};
  }
  bool is_silent() { return lan.silent() && (GetParam() == Role::node || wire(1).silent()); }
  void expect_silence_about(Address from, Address to) {
    // Also in the frame of a single station: the address itself says enough.
    const Frame unicast = ethernet(default_mac(address("10.0.1.9")), lan.mac());
    lan.sends(questions(from, to));
    for (const Frame& each : questions(from, to)) lan.sends(unicast / each);
    EXPECT_TRUE(is_silent()) << to_string(*from) << " > " << to_string(*to);
    lan.forget();
  }
  /// Silence says something only when the machine answers what is right.
  void expect_answers() {
    lan.sends(questions("10.0.1.9", "10.0.1.1"));
    EXPECT_THAT(lan.received(), SizeIs(4));
    EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9")), 4u);
  }
};
EITHER_ROLE(Ipv4AddressesOnTheWire);

TEST_P(Ipv4AddressesOnTheWire, TheLimitedBroadcastIsNoSource) {  // RFC 1122 §3.2.1.3(c)
  proves("IP-SRC-BROADCAST");
  expect_silence_about("255.255.255.255", "10.0.1.1");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, OurNetworksBroadcastIsNoSource) {  // RFC 1122 §3.2.1.3(d)
  proves("IP-SRC-DIRECTED");
  differs_on_linux("it looks at such sources only where it checks the reverse path");
  expect_silence_about("10.0.1.255", "10.0.1.1");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, AMulticastGroupIsNoSource) {  // RFC 1122 §3.2.1.3
  proves("IP-SRC-MULTICAST");
  for (const char* group : {"224.0.0.1", "239.1.2.3"}) expect_silence_about(group, "10.0.1.1");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, LoopbackIsNoSource) {  // RFC 1122 §3.2.1.3(g)
  proves("IP-SRC-LOOPBACK");
  for (const char* own : {"127.0.0.1", "127.9.9.9"}) expect_silence_about(own, "10.0.1.1");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, ClassEIsNoSource) {  // RFC 1812 §5.3.7
  proves("IP-SRC-CLASS-E");
  differs_on_linux("it takes class E for addresses like others");
  for (const char* reserved : {"240.0.0.1", "255.255.255.254"})
    expect_silence_about(reserved, "10.0.1.1");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, ZeroIsNoSourceToAnswer) {  // RFC 1122 §3.2.1.3(a)
  proves("IP-SRC-ZERO");
  for (const char* to : {"10.0.1.1", "10.0.1.255", "255.255.255.255"})
    expect_silence_about("0.0.0.0", to);
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, NoOtherStationIsHeardInOurName) {  // RFC 6274 §4.3.1
  proves("IP-SRC-OURS");
  expect_silence_about("10.0.1.1", "10.0.1.1");
  if (GetParam() == Role::router) {
    expect_silence_about("10.0.2.1", "10.0.1.1");
    expect_silence_about("10.0.1.1", "10.0.2.1");
  }
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, LoopbackIsNoDestination) {  // RFC 1122 §3.2.1.3(g)
  proves("IP-DST-LOOPBACK");
  for (const char* own : {"127.0.0.1", "127.1.2.3", "127.255.255.255"})
    expect_silence_about("10.0.1.9", own);
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, ZeroIsNoDestination) {  // RFC 1812 §5.3.7
  proves("IP-DST-RESERVED");
  expect_silence_about("10.0.1.9", "0.0.0.0");
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, NothingInNetworkZeroIsADestination) {  // RFC 1812 §5.3.7
  proves("IP-DST-RESERVED");
  if (GetParam() == Role::router) differs_on_linux("it takes all of 0/8 but zero for addresses");
  for (const char* zero : {"0.0.0.1", "0.1.2.3"}) expect_silence_about("10.0.1.9", zero);
  expect_answers();
}

TEST_P(Ipv4AddressesOnTheWire, ClassEIsNoDestination) {  // RFC 1812 §5.3.7
  proves("IP-DST-RESERVED");
  if (GetParam() == Role::router) differs_on_linux("it takes class E for addresses like others");
  for (const char* reserved : {"240.0.0.1", "255.255.255.254"})
    expect_silence_about("10.0.1.9", reserved);
  expect_answers();
}

/// Broadcast addresses as they come in link broadcasts, the limited and the network's own.
class EchoToABroadcastOnTheWire : public EitherTest {
 protected:
  void asks_all() {
    for (const char* all : {"255.255.255.255", "10.0.1.255"})
      lan.sends(ipv4("10.0.1.9", all) / icmp_echo(7, 1) / "ping");
  }
};
EITHER_ROLE(EchoToABroadcastOnTheWire);

TEST_P(EchoToABroadcastOnTheWire, IsIgnored) {  // RFC 1122 §3.2.2.6
  proves("IP-ECHO-BROADCAST");
  asks_all();
  EXPECT_TRUE(lan.silent());
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1)));
}

TEST_P(EchoToABroadcastOnTheWire, IsAnsweredFromOurOwnAddressWhereItIsWanted) {
  proves("IP-ECHO-BROADCAST");  // RFC 1122 §3.2.1.3: a broadcast address is never a source
  machine().run("sysctl -w net.ipv4.icmp_echo_ignore_broadcasts=0");
  asks_all();
  EXPECT_THAT(lan.received(), SizeIs(2));
  EXPECT_THAT(lan.received(),
              Each(IsFrame(ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, 1) / "ping")));
}

}  // namespace
}  // namespace smolstack::test
