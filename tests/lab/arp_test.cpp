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
  for (const auto& entry : drop_reason_entries)
    EXPECT_EQ(host.drops(0, entry.reason), 0u) << entry.word;
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
  EXPECT_EQ(host.drops(0, DropReason::arp_conflict), 50u);
  for (int i = 0; i < 50; ++i) lan.sends(gratuitous_arp("10.0.1.1", {.sender_mac = stranger}));
  EXPECT_THAT(host.stack().arp().take_conflicts(), SizeIs(64)) << "so many are kept to be told";
  EXPECT_THAT(host.stack().arp().take_conflicts(), IsEmpty());

  lab.run_for(9999ms);
  lan.forget();
  lan.sends(gratuitous_arp("10.0.1.1", {.sender_mac = stranger}));
  EXPECT_TRUE(lan.silent()) << "not before ten seconds have passed";
  lab.run_for(1ms);
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
  EXPECT_TRUE(lan.silent()) << "nor answered";
  EXPECT_EQ(host.drops(0, DropReason::arp_bad_sender), 7u);
}

TEST_F(ArpTest, WhoIsNotOnTheLinkIsAnsweredAndNotLearnt) {  // RFC 826
  lan.sends(arp_request("10.77.0.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.77.0.9")));
  EXPECT_THAT(host.stack().arp().cache().entries(), IsEmpty());
}

TEST_F(ArpTest, OurOwnMacInAnothersFrameIsNotBelieved) {
  lan.sends(ethernet(stranger, broadcast_mac) /
            arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = lan.mac()}));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::own_frame), 1u);
}

TEST_F(ArpTest, RequestsAndRepliesAreCounted) {
  const auto& counters = host.stack().counters();
  const auto requests = counters.arp_requests_sent;
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_EQ(counters.arp_replies_sent, 1u);
  EXPECT_EQ(counters.arp_requests_sent, requests);
  lan.sends(ping("10.0.1.8"));
  EXPECT_EQ(counters.arp_replies_sent, 1u);
  EXPECT_EQ(counters.arp_requests_sent, requests + 1);
}

TEST_F(ArpTest, WhoIsWantedTwiceIsAskedForOnce) {  // RFC 1122 §2.3.2.1
  for (int i = 0; i < 2; ++i)
    host.stack().want_neighbor(lan.interface(), address("10.0.1.8"), lab.now());
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.1", "10.0.1.8")));
}

TEST_F(ArpTest, WhoIsWantedIsInUseAndOutstaysTheOthers) {
  StackOptions options;
  options.neighbor_limits.entries = 2;
  Node& small = lab.host({"10.0.5.1/24"}, options);
  Port& wire = small.port(0);
  for (const char* neighbor : {"10.0.5.8", "10.0.5.9"}) {
    wire.has_neighbor(neighbor);
    wire.sends(arp_request(neighbor, "10.0.5.1"));
  }
  small.stack().want_neighbor(wire.interface(), address("10.0.5.9"), lab.now());
  lab.run_for(60s);
  ASSERT_EQ(small.neighbor(0, "10.0.5.9"), NeighborState::stale);
  wire.sends(arp_request("10.0.5.10", "10.0.5.1"));
  EXPECT_EQ(small.neighbor(0, "10.0.5.10"), NeighborState::stale);
  EXPECT_EQ(small.neighbor(0, "10.0.5.9"), NeighborState::stale);
  EXPECT_EQ(small.neighbor(0, "10.0.5.8"), NeighborState::none);
}

TEST_F(ArpTest, BroadcastsAreLimitedInRate) {  // RFC 1122 §2.3.2.1
  const auto& counters = host.stack().counters();
  const auto before = counters.arp_requests_sent;
  lan.stop_recording();
  lan.add_address("10.1.0.1/16");
  lab.run_for(10s);
  const auto announcements = counters.arp_requests_sent - before;
  for (std::uint32_t i = 0; i < 1000; ++i)
    host.stack().want_neighbor(lan.interface(), Ipv4Address(0x0a010100u + i), lab.now());
  EXPECT_EQ(counters.arp_requests_sent, before + announcements + 256u);
  EXPECT_EQ(counters.arp_requests_limited, 1000u - 256u);
  lab.run_for(1s);
  EXPECT_EQ(counters.arp_requests_sent, before + announcements + 256u + 100u);
}

TEST_F(ArpTest, BroadcastsAreLimitedOnEachInterfaceByItself) {
  Port& other = host.add_port("10.2.0.1/16");
  const auto& counters = host.stack().counters();
  const auto asks = [&](Port& port, std::uint32_t first) {
    const auto before = counters.arp_requests_sent;
    for (std::uint32_t i = 0; i < 300; ++i)
      host.stack().want_neighbor(port.interface(), Ipv4Address(first + i), lab.now());
    return counters.arp_requests_sent - before;
  };
  lan.add_address("10.1.0.1/16");
  lab.run_for(10s);
  lan.stop_recording();
  other.stop_recording();
  EXPECT_EQ(asks(other, 0x0a020100u), 256u);
  EXPECT_EQ(asks(lan, 0x0a010100u), 256u);
  EXPECT_EQ(asks(other, 0x0a020300u), 0u);
}

TEST_F(ArpTest, TheNextDeadlineIsTheFirstOfAll) {
  host.stack().want_neighbor(lan.interface(), address("10.0.1.8"), lab.now());
  for (const Duration later : {0ms, 100ms})
    EXPECT_TRUE(host.stack().add_address(
        lan.interface(), parse_ipv4_subnet(later == 0ms ? "10.0.7.1/24" : "10.0.8.1/24").value(),
        lab.now() + later));
  EXPECT_LE(host.stack().next_deadline(), lab.now() + 1s) << "the neighbour's";
  EXPECT_TRUE(host.stack().remove_neighbor({lan.index(), address("10.0.1.8")}));
  EXPECT_EQ(host.stack().next_deadline(), lab.now() + 2s) << "the first announcement's";
}

TEST_F(ArpTest, WhatTheAdministratorSaysIsTrueAtOnce) {
  lan.sends(ping());
  lan.forget();
  host.stack().arp().set({lan.index(), address("10.0.1.9")}, *stranger, NeighborState::permanent,
                         lab.now());
  lab.settle();
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), stranger) / ipv4({}) / icmp_echo_reply()));
}

/// What the stack asks, unjudged: these links have neighbours of no network of theirs.
class AskedFrom : public testing::Test {
 protected:
  Frame request_for(Interface& interface, const char* neighbor) {
    Batch batch;
    (void)host.stack().drain(interface.index, batch);  // its announcements
    batch.clear();
    host.stack().want_neighbor(interface, address(neighbor), lab.now());
    EXPECT_TRUE(host.stack().drain(interface.index, batch));
    return batch.empty() ? Frame() : decode(batch.packets()[0].bytes());
  }
  Ipv4Address sender(const Frame& frame) {
    const auto* arp = layer<ArpLayer>(frame);
    return arp == nullptr ? Ipv4Address(255, 255, 255, 255) : *arp->sender;
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
};

TEST_F(AskedFrom, TheAddressOfTheNeighboursNetworkOrElseTheFirst) {  // RFC 826
  Interface& two = host.stack().add_interface({.name = "two"});
  for (const char* subnet : {"10.2.0.1/24", "10.3.0.1/24"})
    EXPECT_TRUE(host.stack().add_address(two, parse_ipv4_subnet(subnet).value(), lab.now()));
  EXPECT_EQ(sender(request_for(two, "10.3.0.9")), address("10.3.0.1"));
  EXPECT_EQ(sender(request_for(two, "10.9.0.9")), address("10.2.0.1"));
}

TEST_F(AskedFrom, NoAddressWhereThereIsNone) {
  Interface& bare = host.stack().add_interface({.name = "bare", .mac = *stranger});
  EXPECT_EQ(sender(request_for(bare, "10.9.0.9")), Ipv4Address());
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
  EXPECT_THAT(lan.received(), Each(ethernet(lan.mac(), broadcast_mac) / arp_request("10.0.1.9")));
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

TEST_F(ArpTest, OnlyAnAnswerToUsAloneSaysThatANeighbourHearsUs) {  // RFC 4861 §7.2.3
  struct Row {
    Frame frame;
    NeighborState state;
  };
  const Row rows[] = {
      {ethernet(stranger, lan.mac()) / arp_reply("10.0.1.9", "10.0.1.1"), NeighborState::reachable},
      {ethernet(stranger, broadcast_mac) / arp_reply("10.0.1.9", "10.0.1.1"), NeighborState::stale},
      {ethernet(stranger, lan.mac()) / arp_reply("10.0.1.9", "10.0.1.7"), NeighborState::stale},
      {ethernet(stranger, lan.mac()) / arp_request("10.0.1.9", "10.0.1.1"), NeighborState::stale},
      {ethernet(stranger, lan.mac()) / arp_request("10.0.1.9", "10.0.1.7"), NeighborState::stale},
  };
  for (const Row& row : rows) {
    host.stack().want_neighbor(lan.interface(), address("10.0.1.9"), lab.now());
    lan.sends(row.frame);
    EXPECT_EQ(host.neighbor(0, "10.0.1.9"), row.state) << row.frame;
    EXPECT_TRUE(host.stack().remove_neighbor({lan.index(), address("10.0.1.9")}));
  }
}

TEST_F(ArpTest, AReachableNeighbourThatSaysTheSameStaysSo) {
  host.stack().want_neighbor(lan.interface(), address("10.0.1.9"), lab.now());
  lan.sends(ethernet(stranger, lan.mac()) / arp_reply("10.0.1.9", "10.0.1.1"));
  lan.sends(gratuitous_arp("10.0.1.9"));
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::reachable);
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
  lab.run_for(1999ms);
  EXPECT_EQ(count_of(lan.received(), gratuitous_arp("10.0.7.1")), 1u);
  lab.run_for(5s);
  EXPECT_EQ(count_of(lan.received(), arp_request("0.0.0.0", "10.0.7.1")), 1u);
  EXPECT_EQ(count_of(lan.received(), gratuitous_arp("10.0.7.1", {.sender_mac = lan.mac()})), 2u);
}

TEST_F(ArpTest, AnAddressThatIsGoneIsNotAnnouncedAgain) {
  lan.add_address("10.0.7.1/24");
  lan.remove_address("10.0.7.1/24");
  lab.run_for(5s);
  EXPECT_EQ(count_of(lan.received(), gratuitous_arp("10.0.7.1")), 1u);
  lan.forget();
  lan.add_address("10.0.8.1/24");
  lan.goes_down();
  lab.run_for(5s);
  EXPECT_EQ(count_of(lan.received(), gratuitous_arp("10.0.8.1")), 1u);
}

TEST_F(ArpTest, NothingIsAnnouncedWhereNobodyHearsIt) {
  lan.goes_down();
  lan.add_address("10.0.7.1/24");
  EXPECT_TRUE(lan.silent());
  Interface& tunnel =
      host.stack().add_interface({.name = "tun0", .link = LinkType::point_to_point});
  EXPECT_TRUE(
      host.stack().add_address(tunnel, parse_ipv4_subnet("10.0.8.1/24").value(), lab.now()));
  Batch batch;
  EXPECT_FALSE(host.stack().drain(tunnel.index, batch));
  EXPECT_EQ(host.stack().next_deadline(), std::nullopt);
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
  EXPECT_FALSE(lan.interface().addresses[0].duplicate);
  EXPECT_TRUE(lan.interface().addresses[1].duplicate);
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
