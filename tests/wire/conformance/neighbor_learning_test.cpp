// ARP, what is learnt and what is not: RFC 826, RFC 5227, RFC 1812 §3.3.2.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

const Mac stranger = "02:00:00:00:00:66";
const char* const nobody = "10.0.1.77";  // no station answers for it

Frame ping_from(Address source) {
  return ipv4(source, "10.0.1.1") / icmp_echo(7, 1) / "ping";
}

/// Where the machine sends its answer to a ping; none while it has to ask.
std::optional<MacAddress> answers_to(Wire& wire, Address source) {
  wire.forget();
  wire.sends(ethernet(stranger, wire.mac()) / ping_from(source));
  for (const Captured& each : wire.received())
    if (each == ipv4({}) / icmp_echo_reply())
      return *layer<EthernetLayer>(decode(each.bytes))->destination;
  return std::nullopt;
}

/// Does the machine have to ask for this neighbour?
bool asks_for(Wire& wire, Address source) {
  return !answers_to(wire, source) && count_of(wire.received(), arp_request(source)) == 1;
}

class LearningOnTheWire : public EitherTest {
 protected:
  void knows(Address address, Mac mac) {
    lan.sends(arp_request(address, "10.0.1.1", {.sender_mac = mac}));
    ASSERT_EQ(answers_to(lan, address), mac);
  }
};
EITHER_ROLE(LearningOnTheWire);

class HostLearningOnTheWire : public HostTest {
 protected:
  /// The kernel believes what it overhears when it is newer than what it knows: by its clock, of
  /// which a tick is up to 10 ms.
  void let_a_tick_pass() {
    (void)bench().listen(50ms, [] { return false; });
  }
  void knows(Address address, Mac mac) {
    lan.sends(arp_request(address, "10.0.1.1", {.sender_mac = mac}));
    ASSERT_EQ(answers_to(lan, address), mac);
  }
};

TEST_P(LearningOnTheWire, OurQuestionIsByTheBook) {  // RFC 826; RFC 1122 §2.3.2
  proves("ARP-REQUEST-FORMAT");
  lan.sends(ping_from(nobody));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), broadcast_mac, 0x0806) /
                                        arp_request("10.0.1.1", nobody,
                                                    {.sender_mac = lan.mac(),
                                                     .hardware_type = 1,
                                                     .protocol_type = 0x0800,
                                                     .hardware_length = 6,
                                                     .protocol_length = 4})));
}

TEST_F(HostLearningOnTheWire, TheUnknownAddressIsZeroInOurQuestion) {  // RFC 5227 §2.1.1
  proves("ARP-REQUEST-THA");
  lan.sends(ping_from(nobody));
  EXPECT_THAT(lan.received(),
              OnePacket(arp_request("10.0.1.1", nobody, {.target_mac = MacAddress{}})));
}

TEST_P(LearningOnTheWire, WhoAsksForUsIsLearnt) {
  proves("ARP-LEARN-REQUEST");
  EXPECT_TRUE(asks_for(lan, nobody));
  lan.sends(arp_request("10.0.1.78", "10.0.1.1", {.sender_mac = "02:00:00:00:00:78"}));
  EXPECT_EQ(answers_to(lan, "10.0.1.78"), mac("02:00:00:00:00:78"));
}

TEST_F(HostLearningOnTheWire, WhoAsksForOthersIsNotLearnt) {
  proves("ARP-NO-LEARN-OVERHEARD");
  lan.sends(arp_request(nobody, "10.0.1.78"));
  EXPECT_TRUE(asks_for(lan, nobody));
}

TEST_F(HostLearningOnTheWire, AnAnnouncementMakesNoEntry) {  // RFC 5227 §3
  proves("ARP-GRATUITOUS-NO-CREATE");
  lan.sends(gratuitous_arp(nobody));
  lan.sends(ethernet(stranger, broadcast_mac) / arp_reply(nobody, nobody));
  EXPECT_TRUE(asks_for(lan, nobody));
}

TEST_P(LearningOnTheWire, AnAnnouncementUpdatesAnEntry) {  // RFC 5227 §3
  proves("ARP-GRATUITOUS-UPDATE");
  knows(nobody, "02:00:00:00:00:01");
  lan.sends(gratuitous_arp(nobody, {.sender_mac = "02:00:00:00:00:02"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:02"));
}

TEST_F(HostLearningOnTheWire, AnAnnouncementAsAReplyUpdatesAnEntry) {
  proves("ARP-GRATUITOUS-REPLY-UPDATE");
  knows(nobody, "02:00:00:00:00:01");
  let_a_tick_pass();
  lan.sends(ethernet("02:00:00:00:00:02", broadcast_mac) /
            arp_reply(nobody, nobody, {.sender_mac = "02:00:00:00:00:02"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:02"));
}

TEST_F(HostLearningOnTheWire, AKnownNeighbourThatAsksFromElsewhereIsUpdated) {
  proves("ARP-UPDATE-BY-REQUEST");
  knows(nobody, "02:00:00:00:00:01");
  lan.sends(arp_request(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:02"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:02"));
}

TEST_F(HostLearningOnTheWire, WhatAKnownNeighbourAsksOthersUpdatesItsEntry) {  // the merge step
  proves("ARP-UPDATE-OVERHEARD");
  knows(nobody, "02:00:00:00:00:01");
  let_a_tick_pass();
  lan.sends(arp_request(nobody, "10.0.1.78", {.sender_mac = "02:00:00:00:00:02"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:02"));
}

TEST_P(LearningOnTheWire, AReplyWithAGroupAddressIsNotBelieved) {  // RFC 1812 §3.3.2
  proves("ARP-BAD-SENDER-MAC");
  differs_on_linux("the kernel believes the reply, and sends to the group");
  lan.sends(ping_from(nobody));
  for (const Mac bad : {Mac("ff:ff:ff:ff:ff:ff"), Mac("01:00:5e:01:02:03")})
    lan.sends(ethernet(stranger, lan.mac()) / arp_reply(nobody, "10.0.1.1", {.sender_mac = bad}));
  EXPECT_EQ(count_of(lan.received(), icmp_echo_reply()), 0u);
  lan.sends(arp_reply(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  EXPECT_EQ(count_of(lan.received(),
                     ethernet(lan.mac(), "02:00:00:00:00:01") / ipv4({}) / icmp_echo_reply()),
            1u);
}

TEST_P(LearningOnTheWire, AKnownNeighbourDoesNotMoveToAGroupAddress) {  // RFC 1812 §3.3.2
  proves("ARP-BAD-SENDER-MAC");
  differs_on_linux("the kernel believes it, and sends to the group");
  knows(nobody, "02:00:00:00:00:01");
  for (const char* bad : {"ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03"}) {
    lan.sends(ethernet(stranger, broadcast_mac) / gratuitous_arp(nobody, {.sender_mac = bad}));
    lan.sends(ethernet(stranger, lan.mac()) / arp_reply(nobody, "10.0.1.1", {.sender_mac = bad}));
  }
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:01"));
}

TEST_F(HostLearningOnTheWire, SendersThatNoHostCanBeAreNotLearnt) {  // RFC 1122 §3.2.1.3
  proves("ARP-BAD-SENDER-IP");
  const std::vector<const char*> impossible{"10.0.1.255", "255.255.255.255", "224.0.0.1",
                                            "239.1.2.3", "127.0.0.1"};
  for (const char* sender : impossible) {
    lan.sends(arp_request(sender, "10.0.1.1", {.sender_mac = stranger}));
    lan.sends(ethernet(stranger, lan.mac()) /
              arp_reply(sender, "10.0.1.1", {.sender_mac = stranger}));
  }
  knows(nobody, "02:00:00:00:00:01");
  const std::string known = machine().run("ip neigh show");
  EXPECT_THAT(known, testing::HasSubstr(nobody));
  for (const char* sender : impossible)
    EXPECT_THAT(known, testing::Not(testing::HasSubstr(std::string(sender) + " ")));
}

TEST_F(HostLearningOnTheWire, SendersThatNoHostCanBeDoNoHarm) {  // RFC 1122 §3.2.1.3
  proves("ARP-BAD-SENDER-IP");
  for (const char* sender : {"10.0.1.255", "255.255.255.255", "224.0.0.1", "127.0.0.1"}) {
    lan.sends(arp_request(sender, "10.0.1.1", {.sender_mac = stranger}));
    lan.sends(ethernet(stranger, lan.mac()) / arp_reply(sender, "10.0.1.1"));
  }
  (void)lan.received();
  EXPECT_EQ(answers_to(lan, "10.0.1.9"), default_mac(address("10.0.1.9")));
}

TEST_F(HostLearningOnTheWire, AReplyThatNobodyAskedForChangesNothingOfOurs) {
  proves("ARP-LATE-REPLY-ONLY-ASKED");
  lan.sends(ethernet(stranger, lan.mac()) /
            arp_reply("10.0.1.1", "10.0.1.9", {.sender_mac = stranger}));
  lan.sends(ethernet(stranger, lan.mac()) /
            arp_reply("10.0.1.78", "10.0.1.1", {.sender_mac = stranger}));
  lan.forget();
  // What was asked for counts, also when it comes to all.
  lan.sends(ping_from(nobody));
  lan.sends(ethernet("02:00:00:00:00:01", broadcast_mac) /
            arp_reply(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  EXPECT_THAT(lan.received(),
              testing::ElementsAre(
                  arp_request("10.0.1.1", nobody, {.sender_mac = lan.mac()}),
                  ethernet(lan.mac(), "02:00:00:00:00:01") / ipv4({}) / icmp_echo_reply()));
}

class RouterLearningOnTheWire : public RouterTest {};

TEST_F(RouterLearningOnTheWire, OneWiresArpDoesNotTouchAnothersNeighbours) {  // RFC 1812 §3.3.2
  proves("ARP-CROSS-TALK");
  lan.sends(arp_request(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  wan.sends(gratuitous_arp(nobody, {.sender_mac = stranger}));
  wan.sends(arp_request(nobody, "10.0.2.1", {.sender_mac = stranger}));
  wan.sends(ethernet(stranger, wan.mac()) / arp_reply(nobody, "10.0.2.1"));
  wan.forget();
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:01"));
  EXPECT_TRUE(wan.silent());
}

TEST_F(HostLearningOnTheWire, AFloodOfAskersLeavesRoomForAnother) {  // RFC 1122 §2.3.2.1
  proves("ARP-CACHE-FLOOD");
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const Ipv4Address made_up(0x0a000100u + 2 + i % 250);
    lan.sends(ethernet(stranger, broadcast_mac) /
              arp_request(made_up, "10.0.1.1", {.sender_mac = default_mac(Ipv4Address(i))}));
    if (i % 200 == 0) lan.forget();
  }
  lan.sends(arp_request(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:01"));
}

/// A network with more hosts than any cache holds.
class WideHostOnTheWire : public HostTest {
 protected:
  WideHostOnTheWire() : HostTest({Role::node, {{"10.0.1.1/16"}}, {}}) {}
};

TEST_F(WideHostOnTheWire, AFloodOfMoreAskersThanACacheHoldsLeavesRoomForAnother) {
  proves("ARP-CACHE-FLOOD");
  differs_on_linux(
      "its cache holds 1024 entries, and those of the last five seconds are not evicted");
  for (std::uint32_t i = 0; i < 5000; ++i) {
    lan.sends(arp_request(Ipv4Address(0x0a000200u + i), "10.0.1.1"));
    if (i % 200 == 0) lan.forget();
  }
  lan.sends(arp_request(nobody, "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  EXPECT_EQ(answers_to(lan, nobody), mac("02:00:00:00:00:01"));
  // The kernel's table is one for all namespaces: those of other tests need it too.
  (void)machine().run("ip neigh flush dev eth0");
}

}  // namespace
}  // namespace smolstack::test
