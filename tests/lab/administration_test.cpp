// What an administrator does while packets are under way: links, addresses, neighbours, listeners,
// the time of day.

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

StackOptions few_neighbors() {
  StackOptions options;
  options.neighbor_limits.incomplete = 2;
  return options;
}

class Administration : public testing::Test {
 protected:
  Administration() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
  }
  /// A datagram of our own that lies ready for the device: the lab does not carry it on yet.
  void has_one_ready_for(Address destination) {
    Ipv4Send how;
    how.destination = destination.value();
    how.protocol = 253;
    EXPECT_TRUE(stack.send(stack.make_payload(8), how, lab.now()));
  }
  void knows(Address destination) {
    EXPECT_TRUE(router.pings(destination));
    wan.forget();
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"}, few_neighbors());
  Port& lan = router.port(0);
  Port& wan = router.port(1);
  Stack& stack = router.stack();
};

TEST_F(Administration, DownDropsWhatIsReadyToLeave) {
  knows("10.0.2.7");
  has_one_ready_for("10.0.2.7");
  wan.goes_down();
  EXPECT_EQ(router.drops(1, DropReason::interface_down), 1u);
  wan.comes_up();
  EXPECT_EQ(count_of(wan.received(), ipv4("10.0.2.1", "10.0.2.7")), 0u);
}

TEST_F(Administration, DownDropsWhatWaitsForNeighboursWhereItCameIn) {
  lan.sends(ipv4("10.0.1.9", "10.0.2.99") / udp(1, 2));
  has_one_ready_for("10.0.2.99");
  wan.goes_down();
  EXPECT_EQ(router.drops(0, DropReason::interface_down), 1u);
  EXPECT_EQ(router.drops(1, DropReason::interface_down), 1u) << "our own, where it would leave";
}

TEST_F(Administration, WithoutCarrierWhatIsReadyIsDropped) {
  knows("10.0.2.7");
  has_one_ready_for("10.0.2.7");
  stack.set_running(wan.interface(), false, lab.now());
  EXPECT_EQ(router.drops(1, DropReason::device_down), 1u);
  lab.settle();
  EXPECT_TRUE(wan.silent());
}

TEST_F(Administration, ACarrierThatComesBackLosesNothingAndAnnouncesTheAddress) {  // RFC 5227 §2.3
  stack.set_running(wan.interface(), false, lab.now());
  EXPECT_TRUE(wan.silent());
  stack.set_running(wan.interface(), true, lab.now());
  lab.settle();
  EXPECT_EQ(count_of(wan.received(), gratuitous_arp("10.0.2.1")), 1u);
  EXPECT_EQ(router.drops(1, DropReason::device_down), 0u);
}

TEST_F(Administration, WhatIsUpAlreadyIsNotAnnouncedAnew) {
  wan.comes_up();
  stack.set_running(wan.interface(), true, lab.now());
  lab.settle();
  EXPECT_TRUE(wan.silent());
}

TEST_F(Administration, AnnouncementsAreRepeatedTwoSecondsAfterTheChange) {  // RFC 5227 §1.1
  const auto expect_repeated = [&](Instant when) {
    EXPECT_EQ(stack.next_deadline(), when + 2s);
    lab.run_for(20s);
    EXPECT_EQ(stack.next_deadline(), std::nullopt);
  };
  wan.goes_down();
  stack.set_up(wan.interface(), true, lab.now() + 10s);
  expect_repeated(lab.now() + 10s);
  stack.set_running(wan.interface(), false, lab.now());
  stack.set_running(wan.interface(), true, lab.now() + 10s);
  expect_repeated(lab.now() + 10s);
  EXPECT_TRUE(stack.add_address(wan.interface(), parse_ipv4_subnet("10.0.5.1/24").value(),
                                lab.now() + 10s));
  expect_repeated(lab.now() + 10s);
}

TEST_F(Administration, AnnouncementsCanBeSwitchedOff) {
  stack.settings().arp_notify = false;
  wan.goes_down();
  wan.comes_up();
  wan.add_address("10.0.5.1/24");
  EXPECT_TRUE(wan.silent());
}

TEST_F(Administration, AnAddressThatCannotBeGivenIsNotAnnounced) {
  for (const char* subnet : {"10.0.2.1/24", "10.0.2.255/24", "224.0.0.1/24"})
    EXPECT_FALSE(stack.add_address(wan.interface(), parse_ipv4_subnet(subnet).value(), lab.now()))
        << subnet;
  lab.settle();
  EXPECT_TRUE(wan.silent());
}

TEST_F(Administration, AnInterfaceWithoutALinkAddressGetsOneFromItsFirstAddress) {
  Interface& bare = stack.add_interface({.name = "eth2"});
  Interface& tunnel = stack.add_interface({.name = "tun0", .link = LinkType::point_to_point});
  EXPECT_TRUE(stack.add_address(bare, parse_ipv4_subnet("10.0.6.1/24").value(), lab.now()));
  EXPECT_TRUE(stack.add_address(bare, parse_ipv4_subnet("10.0.7.1/24").value(), lab.now()));
  EXPECT_TRUE(stack.add_address(tunnel, parse_ipv4_subnet("10.0.8.1/24").value(), lab.now()));
  EXPECT_EQ(bare.mac, default_mac(address("10.0.6.1")));
  EXPECT_TRUE(tunnel.mac.is_zero());
}

TEST_F(Administration, ANeighbourThatIsRemovedTakesWhatWaitedWithIt) {
  lan.sends(ipv4("10.0.1.9", "10.0.2.99") / udp(1, 2));
  has_one_ready_for("10.0.2.99");
  EXPECT_TRUE(stack.remove_neighbor({wan.index(), address("10.0.2.99")}));
  EXPECT_EQ(router.drops(0, DropReason::neighbor_unresolved), 1u);
  EXPECT_EQ(router.drops(1, DropReason::neighbor_unresolved), 1u);
  EXPECT_FALSE(stack.remove_neighbor({wan.index(), address("10.0.2.99")}));
  EXPECT_EQ(router.drops(0, DropReason::neighbor_unresolved), 1u);
}

TEST_F(Administration, ANeighbourThatIsWantedIsAskedForAgainASecondLater) {  // RFC 1122 §2.3.2.1
  stack.want_neighbor(wan.interface(), address("10.0.2.99"), lab.now() + 10s);
  EXPECT_EQ(stack.next_deadline(), lab.now() + 11s);
}

TEST_F(Administration, ANeighbourThatIsWantedMayTakeThePlaceOfAnother) {
  has_one_ready_for("10.0.2.98");
  has_one_ready_for("10.0.2.99");
  stack.want_neighbor(wan.interface(), address("10.0.2.100"), lab.now());
  EXPECT_EQ(router.neighbor(1, "10.0.2.98"), NeighborState::none);
  EXPECT_EQ(router.drops(1, DropReason::neighbor_table_full), 1u);
}

TEST_F(Administration, WhatArrivesIsDatedByItsArrival) {  // RFC 1122 §2.3.2.1
  const Octets frame = encode(ethernet(default_mac(address("10.0.1.9")), lan.mac()) /
                              ipv4("10.0.1.9", "10.0.2.99") / udp(1, 2));
  Batch batch;
  Packet packet = stack.pool().allocate(frame.size());
  std::ranges::copy(frame, packet.append(frame.size()).begin());
  batch.push(std::move(packet));
  stack.receive(lan.index(), batch, lab.now() + 10s);
  EXPECT_EQ(stack.next_deadline(), lab.now() + 11s);
}

TEST_F(Administration, TheNextDeadlineIsThatOfNeighboursOrOfFragments) {
  const auto fragment = [&](std::uint16_t id) {
    lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.id = id, .more = true, .protocol = 253}) / bytes(8));
  };
  fragment(1);
  EXPECT_GT(stack.next_deadline(), lab.now() + 10s);
  stack.want_neighbor(wan.interface(), address("10.0.2.99"), lab.now());
  EXPECT_LE(stack.next_deadline(), lab.now() + 1s) << "the neighbour's";
  stack.settings().fragment_time = 200ms;
  fragment(2);
  EXPECT_LE(stack.next_deadline(), lab.now() + 200ms) << "the fragment's";
  EXPECT_GT(stack.next_deadline(), lab.now());
}

TEST_F(Administration, AnErrorAboutFragmentsAsksForItsNeighbourOnceASecond) {  // RFC 1122 §2.3.2.1
  lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) /
            ipv4("10.0.1.66", "10.0.1.1", {.more = true, .protocol = 253}) / bytes(8));
  lab.run_for(70s);
  ASSERT_EQ(lan.received().size(), 3u);
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(lan.received()[i], arp_request("10.0.1.66"));
    EXPECT_GE(lan.received()[i].at - lan.received()[i - 1].at, 1s);
  }
}

/// Who listens to ICMP: the lab itself is one listener already.
class Listeners : public testing::Test {
 protected:
  Listeners() { lan.has_neighbor("10.0.1.9"); }
  std::size_t hears() {
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
    return host.heard().size();
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
  Port& lan = host.port(0);
  Stack& stack = host.stack();
};

TEST_F(Listeners, EachMayLeaveWithoutTheOthers) {
  stack.listen_icmp(true);
  stack.listen_icmp(false);
  EXPECT_EQ(hears(), 1u);
  stack.listen_icmp(false);
  EXPECT_EQ(hears(), 0u);
  EXPECT_EQ(host.drops(0, DropReason::icmp_ignored), 1u);
}

TEST_F(Listeners, WhoNeverCameCannotLeave) {
  for (int i = 0; i < 3; ++i) stack.listen_icmp(false);
  EXPECT_EQ(hears(), 0u);
  stack.listen_icmp(true);
  EXPECT_EQ(hears(), 1u);
}

TEST_F(Listeners, AreToldWhenAMessageCame) {
  lab.run_for(10s);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
  PacketQueue inbox = stack.take_icmp();
  const Packet message = inbox.pop();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->arrived_at, lab.now());
  EXPECT_EQ(message->arrived_on, lan.index());
}

TEST_F(Listeners, OneThatLeavesKeepsTheOthersMessages) {
  stack.listen_icmp(true);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
  stack.listen_icmp(false);
  EXPECT_EQ(host.heard().size(), 1u);
}

TEST_F(Listeners, TheLastThatLeavesEmptiesTheInbox) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
  stack.listen_icmp(false);
  stack.listen_icmp(true);
  EXPECT_TRUE(host.heard().empty());
  EXPECT_EQ(stack.pool().small_in_use().level(), 0u);
}

TEST_F(Listeners, AnInboxHolds256Messages) {
  for (std::uint16_t i = 0; i < 300; ++i)
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, i));
  EXPECT_EQ(host.heard().size(), 256u);
  EXPECT_EQ(host.drops(0, DropReason::inbox_full), 44u);
}

/// The timestamp that an ICMP Timestamp request is answered with.
class TimeOfDay : public testing::Test {
 protected:
  TimeOfDay() { lan.has_neighbor("10.0.1.9"); }
  std::uint32_t asked() {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp(13, 0) / bytes(12));
    const Octets data = data_of(lan.received().at(0));
    std::uint32_t receive = 0;
    for (std::size_t i = 4; i < 8; ++i)
      receive = receive << 8 | std::to_integer<std::uint32_t>(data.at(i));
    return receive;
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"});
  Port& lan = host.port(0);
};

TEST_F(TimeOfDay, IsMillisecondsSinceMidnightInUniversalTime) {  // RFC 792 page 16
  host.stack().set_time_of_day(lab.now(), 3h);
  EXPECT_EQ(asked(), 10'800'000u);
  lab.run_for(1500ms);
  EXPECT_EQ(asked(), 10'801'500u);
}

TEST_F(TimeOfDay, BeginsAnewAtMidnight) {
  host.stack().set_time_of_day(lab.now(), 24h - 1ms);
  EXPECT_EQ(asked(), 86'399'999u);
  lab.run_for(1ms);
  EXPECT_EQ(asked(), 0u);
  lab.run_for(24h + 5ms);
  EXPECT_EQ(asked(), 5u);
}

TEST_F(TimeOfDay, SaysByItsHighBitThatItIsNotUniversal) {  // RFC 792 page 17
  EXPECT_EQ(asked(), 0x80000000u + static_cast<std::uint32_t>(lab.now().time_since_epoch() / 1ms));
}

}  // namespace
}  // namespace smolstack::test
