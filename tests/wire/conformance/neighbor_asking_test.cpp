// ARP, the asking side: what waits for an answer, how often is asked, and what becomes of those
// who do not answer. RFC 1122 §2.3.2, RFC 1812 §3.3.2.

#include <algorithm>
#include <functional>

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::ElementsAre;

const char* const late = "10.0.1.77";  // no station answers for it at first
const Mac late_mac = "02:00:00:00:00:77";

Frame ping_from(Address source, std::uint16_t number = 1) {
  return ipv4(source, "10.0.1.1") / icmp_echo(7, number);
}
Frame answer_of_late() {
  return arp_reply(late, "10.0.1.1", {.sender_mac = late_mac});
}

std::vector<Instant> times_of(const std::vector<Captured>& frames, const Frame& like) {
  std::vector<Instant> times;
  for (const Captured& each : frames)
    if (each == like) times.push_back(each.at);
  return times;
}

class AskingOnTheWire : public EitherTest {};
EITHER_ROLE(AskingOnTheWire);

class HostAskingOnTheWire : public HostTest {};
class RouterAskingOnTheWire : public RouterTest {};

TEST_P(AskingOnTheWire, ThePacketThatMadeUsAskLeavesWhenTheAnswerComes) {  // RFC 1122 §2.3.2.2
  proves("ARP-QUEUE");
  lan.sends(ping_from(late));
  EXPECT_THAT(lan.received(), OnePacket(arp_request(late)));
  lan.forget();
  lan.sends(answer_of_late());
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), late_mac) / ipv4({}) / icmp_echo_reply(7, 1)));
}

TEST_F(HostAskingOnTheWire, WhatWaitsLeavesInOrderAndOnce) {  // RFC 1122 §2.3.2.2
  proves("ARP-QUEUE-LATEST");
  for (std::uint16_t i = 1; i <= 3; ++i) lan.sends(ping_from(late, i));
  lan.forget();
  lan.sends(answer_of_late());
  EXPECT_THAT(lan.received(),
              ElementsAre(icmp_echo_reply(7, 1), icmp_echo_reply(7, 2), icmp_echo_reply(7, 3)));
}

TEST_F(HostAskingOnTheWire, OfMoreThanCanWaitTheLatestLeaves) {  // RFC 1122 §2.3.2.2
  proves("ARP-QUEUE-LATEST");
  constexpr std::uint16_t many = 140;  // 128 wait here; Linux makes some 150 echo replies at a time
  for (std::uint16_t i = 1; i <= many; ++i) lan.sends(ping_from(late, i));
  EXPECT_EQ(count_of(lan.received(), icmp_echo_reply()), 0u);
  lan.sends(answer_of_late());
  std::vector<std::uint32_t> numbers;
  for (const Captured& each : lan.received())
    if (each == icmp_echo_reply())
      numbers.push_back(*layer<IcmpLayer>(decode(each.bytes))->rest & 0xffff);
  ASSERT_FALSE(numbers.empty());
  EXPECT_EQ(numbers.back(), many);
  EXPECT_EQ(std::ranges::adjacent_find(numbers, std::ranges::greater_equal()), numbers.end())
      << "out of order, or twice";
}

TEST_F(RouterAskingOnTheWire, EachInterfaceAsksInItsOwnName) {  // RFC 826
  proves("ARP-REQUEST-FORMAT");
  lan.sends(ipv4("10.0.1.9", "10.0.2.77") / udp(1000, 7) / "hello");
  EXPECT_TRUE(lan.silent());
  EXPECT_THAT(wan.received(),
              OnePacket(ethernet(wan.mac(), broadcast_mac, 0x0806) /
                        arp_request("10.0.2.1", "10.0.2.77", {.sender_mac = wan.mac()})));
}

TEST_F(RouterAskingOnTheWire, ThousandsThatWaitDoNotStopTheRest) {  // RFC 1122 §2.3.2.2
  proves("ARP-QUEUE-BOUNDED");
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const Ipv4Address absent(0x0a000200u + 10 + i % 200);
    lan.sends(ipv4("10.0.1.9", absent) / udp(1000, 7) / bytes(1000));
    if (i % 200 == 0) (void)lan.received();
  }
  wan.forget();
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1000, 7) / "to somebody who is there");
  (void)lan.received();
  EXPECT_EQ(count_of(wan.received(), ipv4("10.0.1.9", "10.0.2.7") / udp(1000, 7)), 1u);
}

TEST_P(AskingOnTheWire, OneQuestionASecondHoweverManyPacketsWait) {  // RFC 1122 §2.3.2.1
  proves("ARP-RATE");
  for (std::uint16_t i = 0; i < 50; ++i) lan.sends(ping_from(late, i));
  EXPECT_EQ(count_of(lan.received(), arp_request(late)), 1u);
  ASSERT_TRUE(bench().repeat(50ms, 5s, [&] {
    lan.sends(ping_from(late));
    return count_of(lan.received(), arp_request(late)) == 3;
  }));
  const auto asked = times_of(lan.received(), arp_request(late));
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], 900ms);
}

TEST_F(HostAskingOnTheWire, AQuestionWithoutAnAnswerIsRepeated) {  // RFC 1122 §2.3.2
  proves("ARP-RETRY");
  lan.sends(ping_from(late));
  lan.forget();
  EXPECT_TRUE(lan.hears(arp_request(late), 3s));
}

TEST_F(RouterAskingOnTheWire, TheSenderIsToldOfANeighbourThatStaysSilent) {  // RFC 1812 §5.2.7.1
  proves("ARP-UNREACHABLE");
  lan.sends(ipv4("10.0.1.9", "10.0.2.77") / udp(1000, 7) / "hello");
  EXPECT_TRUE(lan.hears(ipv4("10.0.1.1", "10.0.1.9") / icmp_unreachable(host) /
                            ipv4("10.0.1.9", "10.0.2.77") / udp(1000, 7),
                        10s));
}

TEST_F(RouterAskingOnTheWire, ANeighbourThatWasSilentIsFoundWhenItComes) {  // RFC 1122 §2.3.2.1
  proves("ARP-RECOVER");
  const Frame packet = ipv4("10.0.1.9", "10.0.2.77") / udp(1000, 7) / "hello";
  lan.sends(packet);
  ASSERT_TRUE(lan.hears(icmp_unreachable(host), 10s));
  wan.has_neighbor("10.0.2.77");
  EXPECT_TRUE(bench().repeat(100ms, 5s, [&] {
    lan.sends(packet);
    return count_of(wan.received(), packet) > 0;
  }));
}

}  // namespace
}  // namespace smolstack::test
