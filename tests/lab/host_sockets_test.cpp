// The stack beside a kernel that serves the machine's programs: who answers what.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

StackOptions beside_a_kernel() {
  StackOptions options;
  options.host_sockets = true;
  return options;
}

std::uint64_t all_drops(const Interface& interface) {
  return interface.drops.total(DropKind::malformed) + interface.drops.total(DropKind::refused);
}

class HostSockets : public testing::Test {
 protected:
  HostSockets() {
    lan.has_neighbor("10.0.1.9");
    host.stack().listen_icmp(false);
  }
  std::uint64_t delivered() { return host.stack().counters().delivered; }
  /// Neither an answer nor a drop: the kernel has had its copy.
  void expect_left_to_the_kernel(std::uint64_t datagrams = 1) {
    EXPECT_TRUE(lan.silent());
    EXPECT_EQ(all_drops(lan.interface()), 0u);
    EXPECT_EQ(delivered(), datagrams);
  }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24"}, beside_a_kernel());
  Port& lan = host.port(0);
};

TEST_F(HostSockets, TransportsAreLeftToTheKernel) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / tcp(1, 2, {.flags = tcp_flag::syn}));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.protocol = 132}) / bytes(20));
  expect_left_to_the_kernel(3);
}

TEST_F(HostSockets, SoIsABrokenTransportChecksum) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2, {.checksum = 0x1234}) / "x");
  expect_left_to_the_kernel();
}

TEST_F(HostSockets, FragmentsOfTransportsAreNotReassembled) {
  for (const Frame& each :
       fragments_of(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2) / bytes(3000), 1500))
    lan.sends(each);
  lab.run_for(90s);
  EXPECT_EQ(host.stack().counters().fragments_received, 0u);
  expect_left_to_the_kernel(3);
}

TEST_F(HostSockets, EchoIsOurs) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
}

TEST_F(HostSockets, EchoInFragmentsIsOurs) {
  for (const Frame& each :
       fragments_of(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(3000), 1500))
    lan.sends(each);
  EXPECT_EQ(host.stack().counters().echo_replies_sent, 1u);
}

TEST_F(HostSockets, TimestampsAreOurs) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp(13, 0) / bytes(12));
  EXPECT_THAT(lan.received(), OnePacket(icmp(14, 0)));
}

TEST_F(HostSockets, ArpIsOurs) {
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(HostSockets, OtherIcmpIsLeftToTheKernel) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_unreachable(port) / ipv4("10.0.1.1", "10.0.1.9") /
            udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp(17, 0) / bytes(8));
  expect_left_to_the_kernel(3);
}

TEST_F(HostSockets, OtherIcmpIsHeardByWhoeverListensHere) {
  host.stack().listen_icmp(true);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo_reply(7, 1));
  EXPECT_EQ(host.heard().size(), 1u);
}

TEST_F(HostSockets, RedirectsAreObeyed) {
  host.route("10.3.0.0/16", "10.0.1.9");
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_redirect("10.0.1.8") /
            ipv4("10.0.1.1", "10.3.0.1") / udp(1, 2));
  EXPECT_EQ(host.stack().counters().redirects_obeyed, 1u);
}

TEST_F(HostSockets, GroupsAreLeftToTheKernel) {  // RFC 1112 §7.2
  for (const char* group : {"224.0.0.1", "224.0.0.5", "224.0.0.251", "239.1.2.3"})
    lan.sends(ipv4("10.0.1.9", group, {.ttl = 1}) / udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "224.0.0.5", {.ttl = 1, .protocol = 89}) / bytes(44));
  expect_left_to_the_kernel(5);
}

TEST_F(HostSockets, SoAreBroadcasts) {
  lan.sends(ipv4("10.0.1.9", "255.255.255.255") / udp(1, 2));
  lan.sends(ipv4("10.0.1.9", "10.0.1.255") / udp(1, 2));
  expect_left_to_the_kernel(2);
}

TEST_F(HostSockets, WhoHasNoAddressYetMayAskEverybody) {  // RFC 1122 §3.2.1.3(a)
  lan.sends(ipv4("0.0.0.0", "255.255.255.255") / udp(68, 67));
  expect_left_to_the_kernel();
  lan.sends(ethernet("02:00:00:00:00:66", broadcast_mac) / ipv4("127.0.0.1", "255.255.255.255") /
            udp(68, 67));
  EXPECT_EQ(host.drops(0, DropReason::martian_source), 1u);
  lan.sends(ipv4("0.0.0.0", "10.0.1.1") / udp(68, 67));
  EXPECT_EQ(host.drops(0, DropReason::martian_source), 2u);
}

TEST_F(HostSockets, ARouterStillOwesItsErrors) {
  Node& router = lab.router({"10.0.5.1/24", "10.0.6.1/24"}, beside_a_kernel());
  router.port(0).has_neighbor("10.0.5.9");
  router.port(0).sends(ipv4("10.0.5.9", "10.0.6.7", {.ttl = 1}) / udp(1, 2));
  EXPECT_THAT(router.port(0).received(), OnePacket(icmp_time_exceeded()));
}

TEST_F(HostSockets, ANeighbourWantedByTheKernelIsAskedFor) {
  host.stack().want_neighbor(lan.interface(), address("10.0.1.8"), lab.now());
  lab.settle();
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.1", "10.0.1.8")));
  EXPECT_EQ(host.neighbor(0, "10.0.1.8"), NeighborState::incomplete);
}

TEST_F(HostSockets, AndFailsWithoutAWordWhenNobodyAnswers) {
  host.stack().arp().watch(true);
  host.stack().want_neighbor(lan.interface(), address("10.0.1.8"), lab.now());
  lab.run_for(4s);
  EXPECT_EQ(count_of(lan.received(), arp_request("10.0.1.1", "10.0.1.8")), 3u);
  const auto changes = host.stack().arp().take_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].state, NeighborState::failed);
  EXPECT_EQ(all_drops(lan.interface()), 0u);
}

TEST_F(HostSockets, AKnownNeighbourIsReCheckedWhenTheKernelUsesIt) {
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  host.stack().want_neighbor(lan.interface(), address("10.0.1.9"), lab.now());
  EXPECT_EQ(host.neighbor(0, "10.0.1.9"), NeighborState::delay);
}

TEST_F(HostSockets, NobodyIsAskedOnALinkThatIsDown) {
  lan.goes_down();
  host.stack().want_neighbor(lan.interface(), address("10.0.1.8"), lab.now());
  lab.settle();
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.neighbor(0, "10.0.1.8"), NeighborState::none);
}

}  // namespace
}  // namespace smolstack::test
