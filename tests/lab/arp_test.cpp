// ARP: RFC 826, RFC 1122 §2.3.2, RFC 5227.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Mac stranger = "02:00:00:00:00:66";

class ArpTest : public testing::Test {
 protected:
  Frame ping(Address from = "10.0.1.9") {
    return ipv4(from, "10.0.1.1") / icmp_echo(7, 1) / "ping";
  }
  /// To whom the stack sends its next answer.
  MacAddress answers_to(Address from) {
    lan.forget();
    lan.sends(ethernet(stranger, lan.mac()) / ping(from));
    if (lan.received().empty()) return {};
    return *layer<EthernetLayer>(decode(lan.received().back().bytes))->destination;
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
  Port& lan = host.port(0);
};

TEST_F(ArpTest, ARequestForUsIsAnsweredOnceAndByUnicast) {  // RFC 826
  lan.sends(arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = "02:00:00:00:00:09"}));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), "02:00:00:00:00:09", 0x0806) /
                        arp_reply("10.0.1.1", "10.0.1.9",
                                  {.sender_mac = lan.mac(), .target_mac = "02:00:00:00:00:09"})));
  EXPECT_EQ(lan.received().front().bytes.size(), 42u);
}

TEST_F(ArpTest, AUnicastRequestIsAnswered) {  // RFC 1122 §2.3.2.1
  lan.sends(ethernet(stranger, lan.mac()) / arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(ArpTest, PaddingIsIgnored) {
  lan.sends(sized(arp_request("10.0.1.9", "10.0.1.1"), 60, 0xff));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(ArpTest, AddressesThatAreNotOursAreNotAnswered) {  // RFC 826; RFC 1122 §3.2.1.3
  for (const char* target : {"10.0.1.7", "10.0.1.0", "10.0.1.255", "255.255.255.255", "127.0.0.1",
                             "224.0.0.1", "0.0.0.0", "10.0.2.1"})
    lan.sends(arp_request("10.0.1.9", target));
  EXPECT_TRUE(lan.silent());
}

TEST_F(ArpTest, EachInterfaceAnswersForItsOwnAddressesOnly) {  // RFC 1812 §3.3.2
  Node& router = lab.router({"10.0.1.3/24", "10.0.2.3/24"});
  router.port(0).sends(arp_request("10.0.1.9", "10.0.2.3"));
  EXPECT_TRUE(router.port(0).silent());
  EXPECT_TRUE(router.port(1).silent());
}

TEST_F(ArpTest, ForeignAndImpossibleFormatsAreIgnored) {  // RFC 826 "Packet Reception"
  const std::vector<ArpFields> wrong{
      {.hardware_type = 6},   {.hardware_type = 0xffff}, {.protocol_type = 0x86dd},
      {.protocol_type = 0},   {.hardware_length = 0},    {.hardware_length = 255},
      {.protocol_length = 0}, {.protocol_length = 16},   {.operation = 0},
      {.operation = 3},       {.operation = 8},          {.operation = 0xffff}};
  for (const auto& fields : wrong) {
    Frame frame = arp_request("10.0.1.9", "10.0.1.1", fields);
    lan.sends(ethernet(stranger, broadcast_mac) / frame);
  }
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::arp_malformed), wrong.size());
}

TEST_F(ArpTest, TruncatedPacketsOfAnyLengthAreIgnored) {
  for (std::size_t length = 14; length < 42; ++length)
    lan.sends(sized(arp_request("10.0.1.9", "10.0.1.1"), length));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::arp_malformed), 28u);
}

TEST_F(ArpTest, AReplyIsNeverAnswered) {
  lan.sends(arp_reply("10.0.1.9", "10.0.1.1"));
  EXPECT_TRUE(lan.silent());
}

TEST_F(ArpTest, AProbeIsAnsweredAndNotLearnt) {  // RFC 5227 §2.1.1
  lan.sends(arp_request("0.0.0.0", "10.0.1.1", {.sender_mac = stranger}));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), stranger) /
                        arp_reply("10.0.1.1", "0.0.0.0", {.target_mac = stranger})));
  EXPECT_THAT(host.stack().arp().cache().entries(), IsEmpty());
}

TEST_F(ArpTest, TheReplyGoesToTheAddressInThePacket) {  // RFC 826
  lan.sends(ethernet(stranger, broadcast_mac) /
            arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = "02:00:00:00:00:09"}));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), "02:00:00:00:00:09")));
}

TEST_F(ArpTest, OurOwnRequestIsByTheBook) {  // RFC 826; RFC 1122 §2.3.2
  lan.sends(ping());
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), broadcast_mac) /
                                        arp_request("10.0.1.1", "10.0.1.9",
                                                    {.sender_mac = lan.mac(),
                                                     .target_mac = MacAddress{},
                                                     .hardware_type = 1,
                                                     .protocol_type = 0x0800,
                                                     .hardware_length = 6,
                                                     .protocol_length = 4})));
  EXPECT_EQ(lan.received().front().bytes.size(), 42u) << "not padded";
}

TEST_F(ArpTest, WhoAsksForUsIsLearnt) {  // RFC 826
  lan.sends(arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = stranger}));
  EXPECT_EQ(answers_to("10.0.1.9"), *stranger);
}

TEST_F(ArpTest, WhoAsksForOthersIsNotLearnt) {  // RFC 826
  lan.sends(arp_request("10.0.1.9", "10.0.1.7"));
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::none);
}

TEST_F(ArpTest, AGratuitousArpMakesNoEntry) {  // RFC 5227 §3
  lan.sends(gratuitous_arp("10.0.1.9"));
  lan.sends(ethernet(stranger, broadcast_mac) / arp_reply("10.0.1.9", "10.0.1.9"));
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::none);
}

TEST_F(ArpTest, WhateverAKnownNeighbourSendsUpdatesItsEntry) {  // RFC 826: the merge step
  lan.sends(arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = "02:00:00:00:00:01"}));
  EXPECT_EQ(answers_to("10.0.1.9"), mac("02:00:00:00:00:01"));
  lan.sends(gratuitous_arp("10.0.1.9", {.sender_mac = "02:00:00:00:00:02"}));
  EXPECT_EQ(answers_to("10.0.1.9"), mac("02:00:00:00:00:02"));
  lan.sends(ethernet(stranger, broadcast_mac) /
            arp_reply("10.0.1.9", "10.0.1.9", {.sender_mac = "02:00:00:00:00:03"}));
  EXPECT_EQ(answers_to("10.0.1.9"), mac("02:00:00:00:00:03"));
  lan.sends(arp_request("10.0.1.9", "10.0.1.7", {.sender_mac = "02:00:00:00:00:04"}));
  EXPECT_EQ(answers_to("10.0.1.9"), mac("02:00:00:00:00:04"));
}

TEST_F(ArpTest, AnImpostorOfOurAddressIsAnsweredByDefenceOnce) {  // RFC 5227 §2.4
  for (int i = 0; i < 50; ++i)
    lan.sends(arp_request("10.0.1.1", "10.0.1.7", {.sender_mac = stranger}));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), broadcast_mac) /
                                        gratuitous_arp("10.0.1.1", {.sender_mac = lan.mac()})));
  EXPECT_EQ(host.neighbor(0, "10.0.1.1"), NeighborState::none);
  EXPECT_TRUE(lan.interface().addresses.front().duplicate);
  EXPECT_FALSE(host.stack().arp().take_conflicts().empty());

  lab.run_for(11s);
  lan.forget();
  lan.sends(gratuitous_arp("10.0.1.1", {.sender_mac = stranger}));
  EXPECT_THAT(lan.received(), SizeIs(1)) << "ten seconds later it is defended again";
}

TEST_F(ArpTest, AnImpostorDoesNotStopUsFromAnswering) {
  lan.has_neighbor("10.0.1.9");
  lan.sends(arp_reply("10.0.1.1", "10.0.1.1", {.sender_mac = stranger}));
  lan.forget();
  lan.sends(ping());
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply()));
}

TEST_F(ArpTest, GroupAddressesAreNobodysLinkAddress) {  // RFC 1812 §3.3.2
  lan.sends(ping());
  for (const Mac bad : {Mac("ff:ff:ff:ff:ff:ff"), Mac("01:00:5e:01:02:03"), Mac(MacAddress{})}) {
    lan.forget();
    lan.sends(ethernet(stranger, lan.mac()) /
              arp_reply("10.0.1.9", "10.0.1.1", {.sender_mac = bad}));
    lan.sends(ethernet(stranger, broadcast_mac) /
              arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = bad}));
    EXPECT_TRUE(lan.silent());
  }
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::incomplete);
}

TEST_F(ArpTest, ImpossibleSendersAreNotLearnt) {  // RFC 1122 §3.2.1.3
  for (const char* sender : {"10.0.1.255", "255.255.255.255", "224.0.0.1", "127.0.0.1", "10.0.1.0",
                             "0.1.2.3", "240.0.0.1"})
    lan.sends(arp_request(sender, "10.0.1.1"));
  EXPECT_THAT(host.stack().arp().cache().entries(), IsEmpty());
}

TEST_F(ArpTest, WhoIsNotOnTheLinkIsNotLearnt) {
  lan.sends(arp_request("10.77.0.9", "10.0.1.1"));
  EXPECT_THAT(host.stack().arp().cache().entries(), IsEmpty());
}

TEST_F(ArpTest, PacketsWaitAndGoOutInOrderWhenTheAnswerComes) {  // RFC 1122 §2.3.2.2
  for (std::uint16_t i = 1; i <= 3; ++i) lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, i));
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.9")));
  lan.forget();
  lan.sends(arp_reply("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(),
              ElementsAre(icmp_echo_reply(7, 1), icmp_echo_reply(7, 2), icmp_echo_reply(7, 3)));
}

TEST_F(ArpTest, RequestsAreOneASecondHoweverManyPacketsWait) {  // RFC 1122 §2.3.2.1
  for (int i = 0; i < 25; ++i) {
    lan.sends(ping());
    lab.run_for(100ms);
  }
  ASSERT_THAT(lan.received(), SizeIs(3));
  EXPECT_THAT(lan.received(), Each(arp_request("10.0.1.9")));
  EXPECT_GE(lan.received()[1].at - lan.received()[0].at, 1s);
  EXPECT_GE(lan.received()[2].at - lan.received()[1].at, 1s);
}

TEST_F(ArpTest, ANeighbourThatComesLateIsFound) {  // RFC 1122 §2.3.2.1
  lan.sends(ping());
  lab.run_for(10s);
  lan.forget();
  lan.has_neighbor("10.0.1.9");
  lan.sends(ping());
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply()));
}

TEST_F(ArpTest, ABroadcastReplyResolvesWhatWasAsked) {
  lan.sends(ping());
  lan.forget();
  lan.sends(ethernet(stranger, broadcast_mac) / arp_reply("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply()));
}

TEST_F(ArpTest, ANeighbourInUseIsReCheckedByUnicast) {  // RFC 1122 §2.3.2.1
  lan.sends(arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = stranger}));
  lan.forget();
  lan.sends(ethernet(stranger, lan.mac()) / ping());
  lab.run_for(5100ms);
  EXPECT_THAT(lan.received(),
              ElementsAre(icmp_echo_reply(),
                          ethernet(lan.mac(), stranger) / arp_request("10.0.1.1", "10.0.1.9")));
}

TEST_F(ArpTest, ANeighbourThatStoppedAnsweringIsGivenUp) {  // RFC 1122 §3.3.1.4
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  for (int i = 0; i < 12; ++i) {
    lan.sends(ping());
    lab.run_for(1s);
  }
  lan.forget();
  lan.sends(ping());
  EXPECT_THAT(lan.received(), Each(arp_request("10.0.1.9"))) << "nothing goes to the old address";
}

TEST_F(ArpTest, AnAddressIsProbedAndAnnouncedTwiceWhenItComesUp) {  // RFC 5227 §2.1.1, §2.3
  lan.add_address("10.0.7.1/24");
  lab.run_for(5s);
  EXPECT_EQ(count_of(lan.received(), arp_request("0.0.0.0", "10.0.7.1")), 1u);
  EXPECT_EQ(count_of(lan.received(), gratuitous_arp("10.0.7.1", {.sender_mac = lan.mac()})), 2u);
}

TEST_F(ArpTest, ASecondAddressAnswersAtOnce) {
  lan.add_address("10.0.7.1/24");
  lan.forget();
  lan.sends(arp_request("10.0.7.9", "10.0.7.1"));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.7.1", "10.0.7.9")));
}

TEST_F(ArpTest, AnotherHostWithOurAddressIsNoticed) {  // RFC 5227 §2.4
  lan.add_address("10.0.7.1/24");
  lan.sends(arp_reply("10.0.7.1", "0.0.0.0", {.sender_mac = stranger}));
  const auto conflicts = host.stack().arp().take_conflicts();
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_EQ(conflicts[0].address, address("10.0.7.1"));
  EXPECT_EQ(conflicts[0].other, *stranger);
}

TEST_F(ArpTest, OneInterfacesArpDoesNotTouchAnothersEntries) {  // RFC 1812 §3.3.2
  Node& router = lab.router({"10.0.1.3/24", "10.0.2.3/24"});
  router.port(0).sends(arp_request("10.0.1.9", "10.0.1.3"));
  router.port(1).sends(gratuitous_arp("10.0.1.9", {.sender_mac = stranger}));
  router.port(1).sends(arp_request("10.0.1.9", "10.0.2.3", {.sender_mac = stranger}));
  const auto entries = router.stack().arp().cache().entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].mac, default_mac(address("10.0.1.9")));
}

}  // namespace
}  // namespace smolstack::test
