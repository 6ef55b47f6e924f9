// Groups of a host and of a router on whole stacks: RFC 1112, RFC 1812 §5.2.3, RFC 3376.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class Multicast : public testing::Test {
 protected:
  Multicast() { lan.has_neighbor("10.0.1.9"); }

  void join(Port& on, const char* group) {
    const auto joined = on.node().stack().join_group(on.interface(), address(group), lab.now());
    ASSERT_TRUE(joined) << joined.error().message();
    lab.settle();
  }
  void leave(Port& on, const char* group) {
    ASSERT_TRUE(on.node().stack().leave_group(on.interface(), address(group), lab.now()));
    lab.settle();
  }
  /// Joined long ago: nothing more is said of it.
  void has_joined(Port& on, const char* group) {
    join(on, group);
    lab.run_for(30s);
    on.forget();
  }
  std::uint64_t delivered() { return host.stack().counters().delivered; }

  Lab lab;
  Node& host = lab.host({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = host.port(0);
  Port& other = host.port(1);
  const Frame from_querier = ipv4_of_igmp("10.0.1.9", "224.0.0.1");
};

// --- What comes in -----------------------------------------------------------------------------

TEST_F(Multicast, AJoinedGroupIsDelivered) {
  has_joined(lan, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3", {.ttl = 1}) / udp(4000, 5000) / "x");
  EXPECT_EQ(delivered(), 1u);
  EXPECT_EQ(host.drops(0, DropReason::no_socket), 1u);
  EXPECT_TRUE(lan.silent()) << "no ICMP error is ever sent about a group (RFC 1122 §3.2.2)";
}

TEST_F(Multicast, AGroupThatWasLeftIsNot) {
  has_joined(lan, "239.1.2.3");
  leave(lan, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3") / udp(4000, 5000));
  EXPECT_EQ(delivered(), 0u);
  EXPECT_EQ(host.drops(0, DropReason::not_for_us), 1u);
}

TEST_F(Multicast, ALinkThatIsDownIsToldNothingOfGroups) {
  join(lan, "239.1.2.3");
  lan.goes_down();
  lan.forget();
  lab.run_for(30s);
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::interface_down), 0u) << "nor is anything made for it";
}

TEST_F(Multicast, AReportIsADatagramOfOurOwn) {
  const auto before = host.stack().counters().originated;
  join(lan, "239.1.2.3");
  EXPECT_EQ(host.stack().counters().originated, before + 1);
  leave(lan, "239.1.2.3");
  EXPECT_EQ(host.stack().counters().originated, before + 2) << "leaving is told at once";
}

TEST_F(Multicast, AQueryIsNoDrop) {
  lan.sends(from_querier / igmpv3_query(10));
  for (const DropKind kind : {DropKind::malformed, DropKind::refused})
    EXPECT_EQ(lan.interface().drops.total(kind), 0u);
}

TEST_F(Multicast, AGroupIsJoinedOnOneInterface) {  // RFC 1112 §7.1
  has_joined(other, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3") / udp(4000, 5000));
  EXPECT_EQ(host.drops(0, DropReason::not_for_us), 1u);
}

TEST_F(Multicast, AGroupOfTheSameLinkAddressIsAnother) {  // RFC 1112 §6.4: 32 groups to a MAC
  has_joined(lan, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.129.2.3") / udp(4000, 5000));
  EXPECT_EQ(delivered(), 0u);
  EXPECT_EQ(host.drops(0, DropReason::not_for_us), 1u);
}

TEST_F(Multicast, GroupsOfTheLinkAreDeliveredUnasked) {  // RFC 5771 §4: RIP, OSPF, mDNS
  for (const char* group : {"224.0.0.5", "224.0.0.6", "224.0.0.9"})
    lan.sends(ipv4("10.0.1.9", group, {.ttl = 1}) / udp(520, 520));
  lan.sends(ipv4("10.0.1.9", "224.0.0.251", {.ttl = 255}) / udp(5353, 5353));
  EXPECT_EQ(delivered(), 4u);
  EXPECT_TRUE(lan.silent());
}

TEST_F(Multicast, ABrokenDatagramToAGroupIsAnsweredWithSilence) {  // RFC 1812 §4.3.2.7
  has_joined(lan, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3", {.protocol = 200}) / "x");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3", {.options = octets({7, 7, 3, 0, 0, 0, 0, 0})}) /
            udp(4000, 5000));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Multicast, AnEchoToAGroupIsAnsweredByItsMembersWhenAllowed) {  // RFC 1122 §3.2.2.6
  has_joined(lan, "239.1.2.3");
  lan.sends(ipv4("10.0.1.9", "239.1.2.3") / icmp_echo(7, 1));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(host.drops(0, DropReason::echo_ignored), 1u);
  host.stack().settings().echo_ignore_broadcasts = false;
  lan.sends(ipv4("10.0.1.9", "239.1.2.3") / icmp_echo(7, 1));
  lan.sends(ipv4("10.0.1.9", "224.0.0.5") / icmp_echo(7, 2));
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, 1)));
}

class RoutedMulticast : public testing::TestWithParam<const char*> {};

TEST_P(RoutedMulticast, IsNeverForwarded) {  // RFC 1812 §5.2.3, whatever the TTL
  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  router.route("224.0.0.0/4", "10.0.2.9");
  router.port(1).has_neighbor("10.0.2.9");
  ASSERT_TRUE(
      router.stack().join_group(router.port(0).interface(), address("239.1.2.3"), lab.now()));
  lab.run_for(30s);
  for (Port* const port : {&router.port(0), &router.port(1)}) port->forget();
  constexpr std::uint8_t ttls[] = {1, 2, 64, 255};
  for (const std::uint8_t ttl : ttls)
    router.port(0).sends(ipv4("10.0.1.9", GetParam(), {.ttl = ttl}) / udp(4000, 5000));
  EXPECT_TRUE(router.port(0).silent());
  EXPECT_TRUE(router.port(1).silent());
  EXPECT_EQ(router.stack().counters().forwarded, 0u);
}
INSTANTIATE_TEST_SUITE_P(Groups, RoutedMulticast,
                         testing::Values("224.0.0.9", "239.1.2.3", "239.9.9.9", "224.2.0.1"));

// --- What is said of groups --------------------------------------------------------------------

TEST_F(Multicast, JoiningIsToldToTheRoutersOfTheLink) {  // RFC 3376 §4.2.14
  join(lan, "239.1.2.3");
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), "01:00:5e:00:00:16") /
                                        ipv4_of_igmp("10.0.1.1", "224.0.0.22") /
                                        igmpv3_report({to_exclude("239.1.2.3")})));
  EXPECT_TRUE(other.silent());
}

TEST_F(Multicast, AQueryIsAnswered) {
  has_joined(lan, "239.1.2.3");
  lan.sends(from_querier / igmpv3_query(50));
  lab.run_for(5001ms);
  EXPECT_THAT(lan.received(), OnePacket(ipv4_of_igmp("10.0.1.1", "224.0.0.22") /
                                        igmpv3_report({is_excluded("239.1.2.3")})));
  EXPECT_EQ(host.stack().counters().igmp_queries_received, 1u);
}

TEST_F(Multicast, AnOldReportGoesToTheGroupsOwnLinkAddress) {  // RFC 2236 §9
  has_joined(lan, "239.1.2.3");
  lan.sends(from_querier / igmpv2_query(10));
  lab.run_for(2s);
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), "01:00:5e:01:02:03") /
                        ipv4_of_igmp("10.0.1.1", "239.1.2.3") / igmpv2_report("239.1.2.3")));
}

TEST_F(Multicast, ASwitchAsksInNobodysName) {  // RFC 4541 §2.1.1
  has_joined(lan, "239.1.2.3");
  lan.sends(ipv4_of_igmp("0.0.0.0", "224.0.0.1") / igmpv2_query(10));
  lab.run_for(2s);
  EXPECT_THAT(lan.received(), SizeIs(1));
}

TEST_F(Multicast, NobodyElseMayBeNameless) {
  lan.sends(ipv4("0.0.0.0", "224.0.0.9") / udp(520, 520));
  EXPECT_EQ(host.drops(0, DropReason::martian_source), 1u);
}

TEST_F(Multicast, AHostSuppressesTheOthersOfItsLink) {  // RFC 2236 §3
  Node& second = lab.host({"10.0.1.2/24"});
  Lab::link(lan, second.port(0));
  has_joined(lan, "239.1.2.3");
  has_joined(second.port(0), "239.1.2.3");
  lan.forget();
  // Only one link: the querier's words reach each host by a frame of its own.
  lan.sends(from_querier / igmpv2_query(100));
  second.port(0).sends(from_querier / igmpv2_query(100));
  lab.run_for(20s);
  EXPECT_EQ(lan.received().size() + second.port(0).received().size(), 1u);
}

TEST_F(Multicast, ALinkThatComesUpTellsAnew) {
  has_joined(lan, "239.1.2.3");
  lan.goes_down();
  lab.run_for(10s);
  EXPECT_TRUE(lan.silent());
  lan.comes_up();
  EXPECT_EQ(count_of(lan.received(), igmpv3_report({to_exclude("239.1.2.3")})), 1u);
}

TEST_F(Multicast, BrokenMessagesAreNamed) {
  lan.sends(from_querier / Frame(Layer(IgmpLayer{0x11, 10, {}, 0x1234})));
  lan.sends(ipv4("10.0.1.9", "224.0.0.1") / igmpv3_query(10));
  lan.sends(ipv4_of_igmp("10.0.1.9", "224.0.0.22") / igmpv3_report({to_exclude("239.1.2.3")}));
  EXPECT_EQ(host.drops(0, DropReason::igmp_malformed), 1u);
  EXPECT_EQ(host.drops(0, DropReason::igmp_untrusted), 1u);
  EXPECT_EQ(host.drops(0, DropReason::igmp_ignored), 1u);
}

// --- Beside a kernel ---------------------------------------------------------------------------

TEST_F(Multicast, BesideAKernelGroupsAreItsOwn) {
  StackOptions options;
  options.host_sockets = true;
  Node& beside = lab.host({"10.0.3.1/24"}, options);
  Port& port = beside.port(0);
  EXPECT_EQ(
      beside.stack().join_group(port.interface(), address("239.1.2.3"), lab.now()).error().code,
      std::errc::operation_not_supported);
  EXPECT_EQ(
      beside.stack().leave_group(port.interface(), address("239.1.2.3"), lab.now()).error().code,
      std::errc::operation_not_supported);
  port.sends(ipv4_of_igmp("10.0.3.9", "224.0.0.1") / igmpv3_query(10));
  port.sends(ipv4("10.0.3.9", "239.1.2.3") / udp(4000, 5000));
  lab.run_for(20s);
  EXPECT_TRUE(port.silent());
  EXPECT_EQ(beside.stack().counters().delivered, 2u);
}

// --- What goes out -----------------------------------------------------------------------------

TEST_F(Multicast, OfOurOwnStaysOnTheLinkUnlessToldOtherwise) {  // RFC 1112 §6.1
  ASSERT_TRUE(host.pings("239.1.2.3", 1, {}, bound_to(lan)));
  Ipv4Send far = bound_to(lan);
  far.ttl = 9;
  ASSERT_TRUE(host.pings("239.1.2.3", 2, {}, far));
  const Frame mac = ethernet(lan.mac(), "01:00:5e:01:02:03");
  EXPECT_THAT(lan.received(), ElementsAre(IsFrame(mac / ipv4({}, "239.1.2.3", {.ttl = 1})),
                                          IsFrame(mac / ipv4({}, "239.1.2.3", {.ttl = 9}))));
}

TEST_F(Multicast, WithoutARouteThereIsNoWay) {
  EXPECT_EQ(host.pings("239.1.2.3").error(), DropReason::no_route);
}

TEST_F(Multicast, ARouteForAllGroupsLeadsByItsInterface) {  // ip route add 224.0.0.0/4 dev eth1
  ASSERT_TRUE(host.stack().tables().add_route(
      {.prefix = *parse_ipv4_prefix("224.0.0.0/4"), .interface = other.index()}, RouteInsert::add));
  ASSERT_TRUE(host.pings("239.1.2.3"));
  EXPECT_TRUE(lan.silent());
  EXPECT_THAT(other.received(), OnePacket(ethernet(other.mac(), "01:00:5e:01:02:03") /
                                          ipv4("10.0.2.1", "239.1.2.3")));
}

TEST_F(Multicast, ADefaultRouteLeadsPastItsGateway) {  // the group is on the link itself
  host.route("0.0.0.0/0", "10.0.1.9");
  ASSERT_TRUE(host.pings("239.1.2.3"));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), "01:00:5e:01:02:03") / ipv4("10.0.1.1", "239.1.2.3")));
}

TEST_F(Multicast, TheSourceChoosesTheInterface) {
  Ipv4Send how;
  how.source = address("10.0.2.1");
  ASSERT_TRUE(host.pings("239.1.2.3", 1, {}, how));
  EXPECT_TRUE(lan.silent());
  EXPECT_THAT(other.received(), OnePacket(ipv4("10.0.2.1", "239.1.2.3")));
}

}  // namespace
}  // namespace smolstack::test
