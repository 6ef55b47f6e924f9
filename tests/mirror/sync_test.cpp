// The stack's tables after those of the kernel, as `ip` and sysctl change them.

#include "smolstack/mirror/sync.hpp"

#include <fstream>

#include "mirror/mirrored.hpp"
#include "smolstack/mirror/subscription.hpp"

namespace smolstack::mirror {
namespace {

using io::shell;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MacAddress eth0_mac{{0x02, 0x42, 10, 1, 1, 2}};

/// A stack that follows the namespace by hand: no loop, so that a test says when.
class SyncTest : public InMirroredNamespace {
 protected:
  void SetUp() override {
    InMirroredNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    mirror = open_mirror("eth0", eth0_mac);
    ASSERT_TRUE(shell("ip addr add 10.1.1.2/24 dev eth0 && ip link set eth0 up"));
    follow();
  }
  void follow(int room = 1 << 20) {
    links.emplace(std::vector<MirrorLink>{{eth0.index, ::if_nametoindex("eth0")}});
    sync.emplace(stack, *links);
    auto opened = Subscription::open(room);
    ASSERT_TRUE(opened);
    subscription.emplace(std::move(*opened));
    ASSERT_TRUE(sync->all(now));
  }
  /// Hears what there is to hear, and makes the stack agree. True: messages were lost.
  bool catch_up() {
    bool lost = false;
    while (true) {
      const auto got = subscription->receive([&](const nlmsghdr& m) { sync->notice(m); });
      if (got == Subscription::Received::nothing) break;
      lost = lost || got == Subscription::Received::lost;
    }
    if (lost) sync->doubt();
    EXPECT_TRUE(sync->settle(now));
    return lost;
  }
  /// Runs a shell command and hears of what it did.
  void does(const std::string& command) {
    ASSERT_TRUE(shell(command)) << command;
    EXPECT_FALSE(catch_up());
  }

  /// The routes but for the connected one, as prefixes and gateways in words.
  std::vector<std::string> routes() {
    std::vector<std::string> text;
    for (const Ipv4Route& route : stack.tables().rib().routes()) {
      if (route.protocol == RouteProtocol::kernel) continue;
      std::string line = to_string(route.prefix);
      if (route.kind != RouteKind::unicast) line += " " + std::string(to_string(route.kind));
      if (route.has_gateway()) line += " via " + to_string(route.gateway);
      if (route.metric != 0) line += " metric " + std::to_string(route.metric);
      text.push_back(line);
    }
    return text;
  }
  std::vector<std::string> addresses(const Interface& interface) {
    std::vector<std::string> text;
    for (const auto& own : interface.addresses) text.push_back(to_string(own.subnet));
    return text;
  }
  bool is_forwarding() const { return stack.settings().forwarding && eth0.forwarding; }

  const Instant now = io::EventLoop::now();
  Stack stack{mirrored_options()};
  Interface& eth0 = stack.add_interface({.name = "eth0", .mac = eth0_mac});
  std::unique_ptr<io::TapDevice> mirror;
  std::optional<LinkMap> links;
  std::optional<Sync> sync;
  std::optional<Subscription> subscription;
};

TEST_F(SyncTest, TheFirstLookFindsWhatIsThere) {
  EXPECT_TRUE(eth0.up);
  EXPECT_THAT(addresses(eth0), ElementsAre("10.1.1.2/24"));
  ASSERT_THAT(stack.tables().rib().routes(), SizeIs(1));
  const Ipv4Route connected = stack.tables().rib().routes().front();
  EXPECT_EQ(connected.prefix, *parse_ipv4_prefix("10.1.1.0/24"));
  EXPECT_EQ(connected.protocol, RouteProtocol::kernel);
  EXPECT_EQ(connected.preferred_source, Ipv4Address(10, 1, 1, 2));
}

TEST_F(SyncTest, ASecondLookChangesNothing) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3");
  const auto before = stack.tables().rib().routes();
  EXPECT_TRUE(sync->all(now));
  EXPECT_EQ(stack.tables().rib().routes(), before);
  EXPECT_THAT(addresses(eth0), ElementsAre("10.1.1.2/24"));
}

// --- Routes --------------------------------------------------------------------------------------

TEST_F(SyncTest, ARouteWithSeveralWaysComesAndGoes) {
  const auto ways = [&] {
    const Ipv4Route* const route = stack.tables().find(*parse_ipv4_prefix("10.2.0.0/16"));
    return route == nullptr ? std::vector<Ipv4Path>() : route->paths.list();
  };
  does("ip route add 10.2.0.0/16 nexthop via 10.1.1.3 weight 2 nexthop via 10.1.1.4");
  EXPECT_THAT(ways(), ElementsAre(Ipv4Path{Ipv4Address(10, 1, 1, 3), eth0.index, 2},
                                  Ipv4Path{Ipv4Address(10, 1, 1, 4), eth0.index, 1}));
  does("ip route append 10.2.0.0/16 nexthop via 10.1.1.5 nexthop via 10.1.1.6");
  EXPECT_EQ(stack.tables().rib().size(), 3u) << "with the connected one";
  does("ip route del 10.2.0.0/16 nexthop via 10.1.1.3 nexthop via 10.1.1.4");
  EXPECT_THAT(ways(), ElementsAre(Ipv4Path{Ipv4Address(10, 1, 1, 5), eth0.index, 1},
                                  Ipv4Path{Ipv4Address(10, 1, 1, 6), eth0.index, 1}));
  does("ip route replace 10.2.0.0/16 via 10.1.1.3");
  EXPECT_THAT(routes(), ElementsAre("10.2.0.0/16 via 10.1.1.3"));
  EXPECT_THAT(ways(), IsEmpty());
}

TEST_F(SyncTest, ARouteComesAndGoes) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3");
  EXPECT_THAT(routes(), ElementsAre("10.2.0.0/16 via 10.1.1.3"));
  does("ip route del 10.2.0.0/16");
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(SyncTest, AReplacedRouteTakesThePlaceOfTheOldOne) {
  does("ip route add default via 10.1.1.3");
  does("ip route replace default via 10.1.1.4");
  EXPECT_THAT(routes(), ElementsAre("0.0.0.0/0 via 10.1.1.4"));
}

TEST_F(SyncTest, AppendedRoutesStandBehindAndComeForwardWhenTheFirstGoes) {
  does("ip route add default via 10.1.1.3");
  does("ip route append default via 10.1.1.4");
  EXPECT_THAT(routes(), ElementsAre("0.0.0.0/0 via 10.1.1.3", "0.0.0.0/0 via 10.1.1.4"));
  EXPECT_EQ(stack.tables().fib().lookup(Ipv4Address(9, 9, 9, 9))->gateway,
            Ipv4Address(10, 1, 1, 3));
  does("ip route del default via 10.1.1.3");
  EXPECT_THAT(routes(), ElementsAre("0.0.0.0/0 via 10.1.1.4"));
}

TEST_F(SyncTest, APrependedRouteComesFirst) {
  does("ip route add default via 10.1.1.3");
  does("ip route prepend default via 10.1.1.4");
  EXPECT_THAT(routes(), ElementsAre("0.0.0.0/0 via 10.1.1.4", "0.0.0.0/0 via 10.1.1.3"));
}

TEST_F(SyncTest, MetricsStandSideBySide) {
  does("ip route add default via 10.1.1.4 metric 20 && ip route add default via 10.1.1.3");
  EXPECT_THAT(routes(), ElementsAre("0.0.0.0/0 via 10.1.1.3", "0.0.0.0/0 via 10.1.1.4 metric 20"));
}

TEST_F(SyncTest, ARouteThatLeadsNowhereIsKeptAsThat) {
  does("ip route add blackhole 10.3.0.0/16");
  EXPECT_THAT(routes(), ElementsAre("10.3.0.0/16 blackhole"));
  does("ip route del blackhole 10.3.0.0/16");
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(SyncTest, AGatewayOffTheLinkIsTheKernelsToJudge) {
  does("ip route add 10.2.0.0/16 via 172.16.0.1 dev eth0 onlink");
  EXPECT_THAT(routes(), ElementsAre("10.2.0.0/16 via 172.16.0.1"));
}

TEST_F(SyncTest, TheProtocolOfADaemonStays) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3 proto bird");
  EXPECT_EQ(stack.tables().find(Ipv4Prefix::of(Ipv4Address(10, 2, 0, 0), 16))->protocol,
            static_cast<RouteProtocol>(12));
}

TEST_F(SyncTest, OtherTablesAreIgnored) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3 table 77");
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(SyncTest, RoutesByLinksThatAreNoMirrorsAreIgnored) {
  does(
      "ip tuntap add other0 mode tap && ip addr add 10.8.0.1/24 dev other0 && "
      "ip link set other0 up && ip route add 10.9.0.0/16 via 10.8.0.2");
  EXPECT_THAT(routes(), IsEmpty());
  EXPECT_FALSE(stack.tables().is_own(Ipv4Address(10, 8, 0, 1)));
  does("ip link del other0");
}

TEST_F(SyncTest, ARouteByLoopbackIsABlackhole) {
  does("ip route add 192.0.2.0/24 dev lo");
  EXPECT_THAT(routes(), ElementsAre("192.0.2.0/24 blackhole"));
  does("ip route del 192.0.2.0/24");
  EXPECT_THAT(routes(), IsEmpty());
}

// --- Addresses -----------------------------------------------------------------------------------

TEST_F(SyncTest, AnAddressBringsItsRouteAndTakesItAlong) {
  does("ip addr add 10.7.0.1/16 dev eth0");
  EXPECT_THAT(addresses(eth0), ElementsAre("10.1.1.2/24", "10.7.0.1/16"));
  EXPECT_NE(stack.tables().fib().lookup(Ipv4Address(10, 7, 3, 4)), nullptr);
  does("ip addr del 10.7.0.1/16 dev eth0");
  EXPECT_THAT(addresses(eth0), ElementsAre("10.1.1.2/24"));
  EXPECT_EQ(stack.tables().fib().lookup(Ipv4Address(10, 7, 3, 4)), nullptr);
}

TEST_F(SyncTest, RoutesByAnAddressThatGoesGoWithIt) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3");
  does("ip addr flush dev eth0");
  EXPECT_THAT(stack.tables().rib().routes(), IsEmpty());
}

TEST_F(SyncTest, TheFirstAddressIsTheOneThatPacketsLeaveWith) {
  does("ip addr add 10.1.1.5/24 dev eth0 && ip addr add 10.7.0.1/16 dev eth0");
  EXPECT_EQ(addresses(eth0).front(), "10.1.1.2/24");
  EXPECT_THAT(addresses(eth0), SizeIs(3));
  EXPECT_TRUE(eth0.find(Ipv4Address(10, 1, 1, 5))->secondary);
}

TEST_F(SyncTest, AnAddressOfLoopbackIsOurs) {
  does("ip addr add 192.0.2.1/32 dev lo");
  EXPECT_TRUE(stack.tables().is_own(Ipv4Address(192, 0, 2, 1)));
  does("ip addr del 192.0.2.1/32 dev lo");
  EXPECT_FALSE(stack.tables().is_own(Ipv4Address(192, 0, 2, 1)));
}

// --- Links ---------------------------------------------------------------------------------------

TEST_F(SyncTest, ALinkThatGoesDownTakesAllItsRoutesAlong) {
  does("ip route add 10.2.0.0/16 via 10.1.1.3");
  does("ip link set eth0 down");
  EXPECT_FALSE(eth0.up);
  EXPECT_THAT(stack.tables().rib().routes(), IsEmpty());
}

TEST_F(SyncTest, ALinkThatComesUpHasItsConnectedRouteBack) {
  does("ip link set eth0 down");
  does("ip link set eth0 up");
  EXPECT_TRUE(eth0.up);
  EXPECT_NE(stack.tables().fib().lookup(Ipv4Address(10, 1, 1, 9)), nullptr);
}

TEST_F(SyncTest, TheMtuFollows) {
  does("ip link set eth0 mtu 1400");
  EXPECT_EQ(eth0.mtu, 1400u);
}

TEST_F(SyncTest, AnotherLinkAddressIsANewIdentity) {
  const auto before = sync->identities();
  does(
      "ip link set eth0 down && ip link set eth0 address 02:00:00:00:00:07 && "
      "ip link set eth0 up");
  EXPECT_EQ(eth0.mac, test::mac("02:00:00:00:00:07"));
  EXPECT_GT(sync->identities(), before);
}

TEST_F(SyncTest, ALinkThatIsDeletedIsDown) {
  mirror.reset();
  EXPECT_FALSE(catch_up());
  EXPECT_FALSE(eth0.up);
  EXPECT_THAT(stack.tables().rib().routes(), IsEmpty());
}

TEST_F(SyncTest, AnUnpluggedMirrorIsNotTheLinksOwnState) {
  ASSERT_TRUE(mirror->set_carrier(false));
  EXPECT_FALSE(catch_up());
  EXPECT_TRUE(eth0.up);
  EXPECT_TRUE(eth0.running);
}

// --- Settings ------------------------------------------------------------------------------------

TEST_F(SyncTest, ForwardingFollowsItsSysctl) {
  EXPECT_FALSE(is_forwarding());
  does("echo 1 > /proc/sys/net/ipv4/ip_forward");
  EXPECT_TRUE(is_forwarding());
  does("echo 0 > /proc/sys/net/ipv4/ip_forward");
  EXPECT_FALSE(is_forwarding());
}

TEST_F(SyncTest, ALinkForwardsByItsOwnSwitchAlone) {
  does("echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding");
  EXPECT_TRUE(is_forwarding());
  does(
      "echo 1 > /proc/sys/net/ipv4/ip_forward && "
      "echo 0 > /proc/sys/net/ipv4/conf/eth0/forwarding");
  EXPECT_FALSE(is_forwarding());
}

TEST_F(SyncTest, OfTwoReversePathFiltersTheGreaterCounts) {
  does("echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter");
  EXPECT_EQ(eth0.rp_filter, ReversePath::strict);
  does("echo 2 > /proc/sys/net/ipv4/conf/eth0/rp_filter");
  EXPECT_EQ(eth0.rp_filter, ReversePath::loose);
}

// --- Losses --------------------------------------------------------------------------------------

TEST_F(SyncTest, LostMessagesAreMadeUpForByReadingAnew) {
  follow(2048);
  {
    std::ofstream batch("/run/routes");
    for (int i = 0; i < 3000; ++i)
      batch << "route add 10." << 100 + i / 256 << "." << i % 256 << ".0/24 via 10.1.1.3\n";
  }
  ASSERT_TRUE(shell("ip -batch /run/routes"));
  EXPECT_TRUE(catch_up());
  EXPECT_THAT(routes(), SizeIs(3000));
  does("ip route del 10.100.7.0/24");
  EXPECT_THAT(routes(), SizeIs(2999));
}

TEST_F(SyncTest, ThousandsOfRoutesComeByMessagesToo) {
  follow(16 << 20);
  {
    std::ofstream batch("/run/routes");
    for (int i = 0; i < 2000; ++i)
      batch << "route add 10." << 100 + i / 256 << "." << i % 256 << ".0/24 via 10.1.1.3\n";
  }
  ASSERT_TRUE(shell("ip -batch /run/routes"));
  (void)catch_up();  // an unprivileged namespace may not ask for that much room
  EXPECT_THAT(routes(), SizeIs(2000));
}

}  // namespace
}  // namespace smolstack::mirror
