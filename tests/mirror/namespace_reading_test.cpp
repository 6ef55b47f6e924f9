// What the kernel says of a namespace, beside what `ip` put there.

#include "smolstack/mirror/namespace_reading.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "mirror/mirrored.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::mirror {
namespace {

using io::shell;
using testing::Contains;
using testing::Field;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;

constexpr MacAddress eth0_mac{{0x02, 0x42, 10, 1, 1, 2}};

class NamespaceReading : public InMirroredNamespace {
 protected:
  void SetUp() override {
    InMirroredNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    mirror = open_mirror("eth0", eth0_mac);
    ASSERT_TRUE(shell("ip addr add 10.1.1.2/24 dev eth0 && ip link set eth0 up"));
    eth0 = ::if_nametoindex("eth0");
  }

  std::vector<RouteRow> routes() {
    auto rows = read_routes();
    EXPECT_TRUE(rows);
    return rows ? *rows : std::vector<RouteRow>();
  }
  /// A route through eth0 as it is read back.
  RouteRow route(const char* prefix, Ipv4Address gateway = {}) const {
    RouteRow row;
    row.route.prefix = *parse_ipv4_prefix(prefix);
    row.route.gateway = gateway;
    row.ifindex = eth0;
    return row;
  }

  std::unique_ptr<io::TapDevice> mirror;
  unsigned eth0 = 0;
};

TEST_F(NamespaceReading, ALinkHasItsNameAddressMtuAndState) {
  ASSERT_TRUE(shell("ip link set eth0 mtu 1400"));
  const auto links = read_links();
  ASSERT_TRUE(links);
  EXPECT_THAT(*links, Contains(LinkRow{.ifindex = eth0,
                                       .name = "eth0",
                                       .mac = eth0_mac,
                                       .mtu = 1400,
                                       .up = true,
                                       .carrier = true}));
}

TEST_F(NamespaceReading, AnUnpluggedCableShows) {
  ASSERT_TRUE(mirror->set_carrier(false));
  const auto links = read_links();
  ASSERT_TRUE(links);
  EXPECT_THAT(*links, Contains(AllOf(Field(&LinkRow::ifindex, eth0), Field(&LinkRow::up, true),
                                     Field(&LinkRow::carrier, false))));
}

TEST_F(NamespaceReading, AddressesOfAllLinksAreRead) {
  ASSERT_TRUE(shell("ip addr add 192.0.2.1/32 dev lo"));
  const auto addresses = read_addresses();
  ASSERT_TRUE(shell("ip addr del 192.0.2.1/32 dev lo"));
  ASSERT_TRUE(addresses);
  EXPECT_THAT(*addresses,
              UnorderedElementsAre(AddressRow{loopback_ifindex, *parse_ipv4_subnet("127.0.0.1/8")},
                                   AddressRow{loopback_ifindex, *parse_ipv4_subnet("192.0.2.1/32")},
                                   AddressRow{eth0, *parse_ipv4_subnet("10.1.1.2/24")}));
}

TEST_F(NamespaceReading, AnAddressWithAPeerStandsAlone) {
  ASSERT_TRUE(shell("ip addr add 10.9.0.1 peer 10.9.0.2/32 dev eth0"));
  const auto addresses = read_addresses();
  ASSERT_TRUE(addresses);
  EXPECT_THAT(*addresses, Contains(AddressRow{eth0, *parse_ipv4_subnet("10.9.0.1/32")}));
}

TEST_F(NamespaceReading, AConnectedRouteIsTheKernels) {
  RouteRow connected = route("10.1.1.0/24");
  connected.route.protocol = RouteProtocol::kernel;
  connected.route.preferred_source = Ipv4Address(10, 1, 1, 2);
  connected.scope = RT_SCOPE_LINK;
  EXPECT_THAT(routes(), UnorderedElementsAre(connected));
}

TEST_F(NamespaceReading, ARouteKeepsGatewayMetricProtocolAndSource) {
  ASSERT_TRUE(shell("ip route add 10.2.0.0/16 via 10.1.1.3 metric 7 proto static src 10.1.1.2"));
  RouteRow row = route("10.2.0.0/16", Ipv4Address(10, 1, 1, 3));
  row.route.metric = 7;
  row.route.protocol = RouteProtocol::administrator;
  row.route.preferred_source = Ipv4Address(10, 1, 1, 2);
  EXPECT_THAT(routes(), Contains(row));
}

TEST_F(NamespaceReading, RoutesThatLeadNowhereHaveNoLink) {
  ASSERT_TRUE(shell("ip route add blackhole 10.3.0.0/16 && ip route add prohibit 10.4.0.0/16"));
  RouteRow blackhole = route("10.3.0.0/16");
  blackhole.route.kind = RouteKind::blackhole;
  RouteRow prohibit = route("10.4.0.0/16");
  prohibit.route.kind = RouteKind::prohibit;
  blackhole.ifindex = prohibit.ifindex = 0;
  const auto all = routes();
  ASSERT_TRUE(shell("ip route del blackhole 10.3.0.0/16; ip route del prohibit 10.4.0.0/16"));
  EXPECT_THAT(all, IsSupersetOf({blackhole, prohibit}));
}

TEST_F(NamespaceReading, SeveralNextHopsAreReadWithTheirWeights) {
  ASSERT_TRUE(shell("ip route add 10.2.0.0/16 nexthop via 10.1.1.3 weight 2 nexthop via 10.1.1.4"));
  RouteRow row = route("10.2.0.0/16");
  row.ifindex = 0;
  row.scope = 0;
  row.paths = {{Ipv4Address(10, 1, 1, 3), eth0, 2}, {Ipv4Address(10, 1, 1, 4), eth0, 1}};
  EXPECT_THAT(routes(), Contains(row));
}

TEST_F(NamespaceReading, OtherTablesAreNotRead) {
  ASSERT_TRUE(shell("ip route add 10.2.0.0/16 via 10.1.1.3 table 77"));
  EXPECT_THAT(routes(), testing::Not(Contains(Field(&RouteRow::table, 77u))));
}

TEST_F(NamespaceReading, SettingsAreReadForAllAndEachLink) {
  ASSERT_TRUE(
      shell("cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo 2 > conf/eth0/rp_filter"));
  const auto rows = read_netconf();
  ASSERT_TRUE(rows);
  EXPECT_THAT(*rows, Contains(AllOf(Field(&NetconfRow::ifindex, NetconfRow::all),
                                    Field(&NetconfRow::forwarding, 1))));
  EXPECT_THAT(*rows,
              Contains(AllOf(Field(&NetconfRow::ifindex, static_cast<int>(eth0)),
                             Field(&NetconfRow::forwarding, 1), Field(&NetconfRow::rp_filter, 2))));
}

TEST_F(NamespaceReading, NeighboursAreRead) {
  ASSERT_TRUE(shell("ip neigh add 10.1.1.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent"));
  const auto rows = read_neighbors();
  ASSERT_TRUE(rows);
  EXPECT_THAT(*rows, Contains(AllOf(Field(&NeighborRow::address, Ipv4Address(10, 1, 1, 9)),
                                    Field(&NeighborRow::mac, test::mac("02:00:00:00:00:09")),
                                    Field(&NeighborRow::state, NUD_PERMANENT))));
}

TEST_F(NamespaceReading, AProgramThatListensIsFound) {
  EXPECT_THAT(listening_ports(), IsEmpty());
  io::Child server(
      "exec python3 -c 'import socket, time\n"
      "s = socket.socket(); s.bind((\"10.1.1.2\", 80)); s.listen()\n"
      "u = socket.socket(type=socket.SOCK_DGRAM); u.bind((\"\", 514)); time.sleep(60)'");
  EXPECT_TRUE(run_until([] { return listening_ports().size() == 2; }));
  EXPECT_THAT(listening_ports(),
              testing::ElementsAre(ListeningPort{ip_protocol::tcp, Ipv4Address(10, 1, 1, 2), 80},
                                   ListeningPort{ip_protocol::udp, Ipv4Address(), 514}));
}

}  // namespace
}  // namespace smolstack::mirror
