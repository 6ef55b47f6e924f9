// A whole machine: programs on kernel sockets, our stack on the wires, and neighbours there.

#include <fstream>

#include "mirror/mirrored.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack::mirror {
namespace {

using namespace test;
using io::output_of;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr MacAddress eth0_mac{{0x02, 0x42, 10, 1, 1, 2}};
constexpr MacAddress eth1_mac{{0x02, 0x42, 10, 1, 2, 2}};
constexpr Ipv4Address own_address{10, 1, 1, 2};
constexpr Ipv4Address client_address{10, 1, 1, 9};
constexpr Ipv4Address server_address{10, 1, 2, 9};

const Frame question = arp_request("10.1.1.2", "10.1.1.9");
const Frame answer = arp_reply("10.1.1.9", "10.1.1.2");
const Frame echo_out = ipv4("10.1.1.2", "10.1.1.9", {.ttl = 64}) / test::icmp(8, 0);
const Frame echo_back = ipv4("10.1.1.9", "10.1.1.2", {.ttl = 64}) / icmp_echo_reply();

/// The machine 10.1.1.2 and 10.1.2.2 between a client 10.1.1.9 and a server 10.1.2.9, which are
/// stacks without a kernel.
class MachineTest : public InMirroredNamespace {
 protected:
  void SetUp() override {
    InMirroredNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (io::Machine* other : {&client, &server}) other->stack.settings().arp_notify = false;
    client.plug("10.1.1.9/24", machine.plug("eth0", eth0_mac));
    server.plug("10.1.2.9/24", machine.plug("eth1", eth1_mac));
    for (auto& [other, gateway] : {std::pair{&client, "10.1.1.2"}, {&server, "10.1.2.2"}})
      ASSERT_TRUE(other->stack.tables().add_route({.gateway = address(gateway)}, RouteInsert::add));
    machine.start(options);
    ASSERT_TRUE(
        succeeds("ip addr add 10.1.1.2/24 dev eth0 && ip link set eth0 up && "
                 "ip addr add 10.1.2.2/24 dev eth1 && ip link set eth1 up"));
    ASSERT_TRUE(run_until([&] { return machine.interface("eth1").up; }));
  }
  void TearDown() override {
    (void)io::shell("echo 0 > /proc/sys/net/ipv4/icmp_echo_ignore_all");
    InMirroredNamespace::TearDown();
  }

  const StackCounters& counters() const { return machine.stack.counters(); }
  std::optional<NeighborView> neighbor(Ipv4Address address) {
    return machine.stack.arp().cache().find({machine.interface("eth0").index, address});
  }
  /// Sends a datagram of the client's.
  void client_sends(const Frame& payload, const Ipv4Send& how) {
    const Octets octets = encode(payload);
    Packet packet = client.stack.make_payload(octets.size());
    std::ranges::copy(octets, packet.bytes().begin());
    ASSERT_TRUE(client.stack.send(std::move(packet), how, io::EventLoop::now()));
    client.loop.flush();
  }
  /// What the client heard by ICMP, when there were as many messages as that.
  std::vector<Frame> client_hears(std::size_t count) {
    EXPECT_TRUE(run_until([&] { return client.answers.size() >= count; }));
    run_for(50ms);  // for one too many
    std::vector<Frame> heard;
    for (const Packet& message : client.answers) heard.push_back(decode_ipv4(message.bytes()));
    return heard;
  }

  MirrorOptions options;
  io::Machine client{context};
  io::Machine server{context};
  MirroredMachine machine{context};
};

MATCHER_P(IsMessage, expected, "is " + to_string(expected)) {
  const auto why = difference(arg, expected);
  if (why) *result_listener << *why;
  return !why;
}

// --- Programs that send --------------------------------------------------------------------------

TEST_F(MachineTest, APingOutAsksThenSendsThenHears) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
  EXPECT_THAT(tcpdump.frames(), ElementsAre(IsFrame(question), IsFrame(answer), IsFrame(echo_out),
                                            IsFrame(echo_back)));
  EXPECT_EQ(counters().host_route_mismatches, 0u);
  EXPECT_EQ(counters().from_host, 1u);
}

TEST_F(MachineTest, ManyPingsAreEachShownOnce) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(kernel_pings("10.1.1.9", "-c 20 -i 0.002"));
  EXPECT_EQ(count_of(tcpdump.frames(), echo_out), 20u);
  EXPECT_EQ(count_of(tcpdump.frames(), echo_back), 20u);
  EXPECT_THAT(tcpdump.frames(), SizeIs(42));
}

TEST_F(MachineTest, ALongPingGoesInFragments) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(kernel_pings("10.1.1.9", "-c 1 -s 4000"));
  EXPECT_EQ(count_of(tcpdump.frames(), ipv4("10.1.1.2", "10.1.1.9")), 3u);
  EXPECT_EQ(count_of(tcpdump.frames(), ipv4("10.1.1.9", "10.1.1.2")), 3u);
}

TEST_F(MachineTest, ANeighbourThatDoesNotAnswerIsUnreachable) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(succeeds("ping -n -c 1 -W 5 10.1.1.77 >/run/ping; test $? = 1"));
  EXPECT_THAT(output_of("cat /run/ping"),
              HasSubstr("From 10.1.1.2 icmp_seq=1 Destination Host Unreachable"));
  EXPECT_THAT(tcpdump.frames(), SizeIs(3));
  EXPECT_THAT(tcpdump.frames(), Each(IsFrame(arp_request("10.1.1.2", "10.1.1.77"))));
}

TEST_F(MachineTest, WithoutARouteNothingIsOnTheWire) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(succeeds("ping -c 1 172.16.0.1 2>/run/ping; test $? = 2"));
  EXPECT_THAT(output_of("cat /run/ping"), HasSubstr("Network is unreachable"));
  EXPECT_THAT(tcpdump.frames(), IsEmpty());
}

TEST_F(MachineTest, ToItselfAMachineNeedsNoWire) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(kernel_pings("10.1.1.2"));
  EXPECT_TRUE(kernel_pings("10.1.2.2"));
  EXPECT_TRUE(kernel_pings("127.0.0.1"));
  EXPECT_THAT(tcpdump.frames(), IsEmpty());
}

TEST_F(MachineTest, ARouteAddedAMomentAgoCountsForTheNextPacket) {
  EXPECT_TRUE(client.stack.add_address(*client.stack.interfaces().find("eth1"),
                                       *parse_ipv4_subnet("10.9.0.1/16"), io::EventLoop::now()));
  EXPECT_TRUE(
      succeeds("ip route add 10.9.0.0/16 via 10.1.1.9 && ping -q -c 1 -W 1 10.9.0.1 >/dev/null"));
  EXPECT_EQ(counters().host_route_mismatches, 0u);
}

TEST_F(MachineTest, AFrameOfARawProgramGoesOutAsItIs) {
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(succeeds("arping -q -c 1 -w 2 -I eth0 10.1.1.9 || arping -q -c 1 -i eth0 10.1.1.9"));
  EXPECT_GE(count_of(tcpdump.frames(), arp_request("10.1.1.9")), 1u);
  EXPECT_EQ(count_of(tcpdump.frames(), answer),
            count_of(tcpdump.frames(), arp_request("10.1.1.9")));
}

TEST_F(MachineTest, AGroupIsSentByThePrograms) {
  Sniffer wire("eth0");
  const auto before = server.stack.interfaces().find("eth1")->counters.rx_multicast;
  EXPECT_TRUE(succeeds(
      "python3 -c 'import socket\n"
      "s = socket.socket(type=socket.SOCK_DGRAM)\n"
      "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(\"10.1.1.2\"))\n"
      "s.sendto(b\"x\", (\"224.0.0.9\", 520))'"));
  EXPECT_TRUE(run_until(
      [&] { return client.stack.interfaces().find("eth1")->drops[DropReason::no_socket] == 1; }));
  EXPECT_EQ(server.stack.interfaces().find("eth1")->counters.rx_multicast, before);
  EXPECT_THAT(wire.frames(), ElementsAre(IsFrame(ipv4("10.1.1.2", "224.0.0.9") / udp({}, 520))));
}

// --- Others that ask -----------------------------------------------------------------------------

TEST_F(MachineTest, APingInIsAnsweredOnce) {
  Sniffer tcpdump("eth0");
  client.ping(own_address);
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(ipv4("10.1.1.2", "10.1.1.9", {.ttl = 64}) /
                                                     icmp_echo_reply())));
  EXPECT_THAT(tcpdump.frames(),
              ElementsAre(IsFrame(arp_request("10.1.1.9", "10.1.1.2")),
                          IsFrame(arp_reply("10.1.1.2", "10.1.1.9")),
                          IsFrame(ipv4("10.1.1.9", "10.1.1.2") / test::icmp(8, 0)),
                          IsFrame(ipv4("10.1.1.2", "10.1.1.9") / icmp_echo_reply())));
}

TEST_F(MachineTest, ALongPingInIsAnsweredOnce) {
  client.send_icmp(icmpv4_type::echo_request, 4000, own_address);
  client.loop.flush();
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(icmp_echo_reply())));
}

TEST_F(MachineTest, TheFarAddressIsAnsweredFromTheNearWire) {
  Sniffer far("eth1");
  client.ping(Ipv4Address(10, 1, 2, 2));
  EXPECT_THAT(client_hears(1),
              ElementsAre(IsMessage(ipv4("10.1.2.2", "10.1.1.9") / icmp_echo_reply())));
  EXPECT_THAT(far.frames(), IsEmpty());
}

TEST_F(MachineTest, AClosedPortIsRefusedOnce) {
  client_sends(udp(4000, 33434, {.checksum = 0}) / "anybody?",
               {.destination = own_address, .protocol = ip_protocol::udp});
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(ipv4("10.1.1.2", "10.1.1.9") /
                                                     icmp_unreachable(Unreachable::port))));
  EXPECT_EQ(counters().icmp_errors_sent, 0u);
}

TEST_F(MachineTest, AProgramHearsADatagram) {
  io::Child program(
      "timeout 10 python3 -c 'import socket\n"
      "s = socket.socket(type=socket.SOCK_DGRAM); s.bind((\"\", 5000))\n"
      "open(\"/run/listens\", \"w\").close(); print(s.recv(100).decode())' >/run/heard");
  ASSERT_TRUE(run_until([] { return ::access("/run/listens", F_OK) == 0; }));
  client_sends(udp(4000, 5000, {.checksum = 0}) / "hello",
               {.destination = own_address, .protocol = 17});
  EXPECT_TRUE(run_until([&] { return program.ended(); }));
  EXPECT_THAT(output_of("cat /run/heard"), HasSubstr("hello"));
  EXPECT_THAT(client_hears(0), IsEmpty());
}

// --- Transit -------------------------------------------------------------------------------------

class Forwarding : public MachineTest {
 protected:
  Forwarding() { options.sysctls = {{"net.ipv4.ip_forward", "1"}}; }
};

TEST_F(Forwarding, APacketInTransitIsShownOnceOnEachWire) {
  Sniffer near("eth0");
  Sniffer far("eth1");
  client.ping(server_address);
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(ipv4("10.1.2.9", "10.1.1.9", {.ttl = 63}) /
                                                     icmp_echo_reply())));
  const Frame request = ipv4("10.1.1.9", "10.1.2.9") / test::icmp(8, 0);
  const Frame reply = ipv4("10.1.2.9", "10.1.1.9") / icmp_echo_reply();
  EXPECT_THAT(near.frames(),
              ElementsAre(IsFrame(arp_request("10.1.1.2")), IsFrame(arp_reply("10.1.1.2", {})),
                          IsFrame(request), IsFrame(reply)));
  EXPECT_THAT(far.frames(),
              ElementsAre(IsFrame(arp_request("10.1.2.9")), IsFrame(arp_reply("10.1.2.9", {})),
                          IsFrame(request), IsFrame(reply)));
  EXPECT_EQ(counters().forwarded, 2u);
}

TEST_F(Forwarding, FragmentsInTransitAreShownOnceEach) {
  Sniffer far("eth1");
  client.send_icmp(icmpv4_type::echo_request, 4000, server_address);
  client.loop.flush();
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(icmp_echo_reply())));
  EXPECT_EQ(count_of(far.frames(), ipv4("10.1.1.9", "10.1.2.9")), 3u);
  EXPECT_EQ(count_of(far.frames(), ipv4("10.1.2.9", "10.1.1.9")), 3u);
}

TEST_F(Forwarding, ATtlThatRunsOutIsReportedOnce) {
  client_sends(udp(4000, 33434, {.checksum = 0}) / "far?",
               {.destination = server_address, .protocol = 17, .ttl = 1});
  EXPECT_THAT(client_hears(1),
              ElementsAre(IsMessage(ipv4("10.1.1.2", "10.1.1.9") / icmp_time_exceeded())));
}

TEST_F(Forwarding, AFarNeighbourThatDoesNotAnswerIsReportedOnce) {
  client.ping(Ipv4Address(10, 1, 2, 77));
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(ipv4("10.1.1.2", "10.1.1.9") /
                                                     icmp_unreachable(Unreachable::host))));
}

TEST_F(Forwarding, SwitchedOffTransitEndsInSilence) {
  ASSERT_TRUE(succeeds("echo 0 > /proc/sys/net/ipv4/ip_forward"));
  client.ping(server_address);
  EXPECT_TRUE(
      run_until([&] { return machine.interface("eth0").drops[DropReason::forwarding_off] == 1; }));
  EXPECT_THAT(client_hears(0), IsEmpty());
}

// --- Neighbours ----------------------------------------------------------------------------------

TEST_F(MachineTest, WhatWeLearnIsInTheKernelsTable) {
  client.ping(own_address);
  EXPECT_THAT(client_hears(1), SizeIs(1));
  const std::string shown = output_of("ip neigh show 10.1.1.9");
  EXPECT_THAT(shown, AllOf(HasSubstr("10.1.1.9 dev eth0"), HasSubstr("STALE")));
}

TEST_F(MachineTest, WhoAnswersOurQuestionIsReachableInTheKernelsTable) {
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
  EXPECT_THAT(output_of("ip neigh show 10.1.1.9"), HasSubstr("REACHABLE"));
}

TEST_F(MachineTest, APermanentNeighbourOfTheAdministratorIsOurs) {
  ASSERT_TRUE(succeeds("ip neigh add 10.1.1.50 lladdr 02:00:00:00:00:50 dev eth0"));
  ASSERT_TRUE(run_until([&] { return neighbor(Ipv4Address(10, 1, 1, 50)).has_value(); }));
  EXPECT_EQ(neighbor(Ipv4Address(10, 1, 1, 50))->state, NeighborState::permanent);
  EXPECT_EQ(neighbor(Ipv4Address(10, 1, 1, 50))->mac, mac("02:00:00:00:00:50"));
  ASSERT_TRUE(succeeds("ip neigh del 10.1.1.50 dev eth0"));
  EXPECT_TRUE(run_until([&] { return !neighbor(Ipv4Address(10, 1, 1, 50)); }));
  EXPECT_THAT(output_of("ip neigh show 10.1.1.50"), Not(HasSubstr("PERMANENT")));
}

TEST_F(MachineTest, AFlushedNeighbourIsAskedForAgain) {
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
  ASSERT_TRUE(succeeds("ip neigh flush dev eth0"));
  ASSERT_TRUE(run_until([&] { return !neighbor(client_address); }));
  Sniffer tcpdump("eth0");
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
  EXPECT_EQ(count_of(tcpdump.frames(), question), 1u);
  EXPECT_EQ(machine.mirror->counters().failed_pushes, 0u);
}

// --- Links and losses ----------------------------------------------------------------------------

TEST_F(MachineTest, ALinkThatIsDownIsDeafAndComesBack) {
  ASSERT_TRUE(succeeds("ip link set eth0 down"));
  ASSERT_TRUE(run_until([&] { return !machine.interface("eth0").up; }));
  client.ping(own_address);
  EXPECT_TRUE(
      run_until([&] { return machine.interface("eth0").drops[DropReason::interface_down] > 0; }));
  ASSERT_TRUE(succeeds("ip link set eth0 up"));
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
}

TEST_F(MachineTest, ANewLinkAddressHasNewRules) {
  ASSERT_TRUE(
      succeeds("ip link set eth0 down && ip link set eth0 address 02:00:00:00:00:07 && ip link set "
               "eth0 up"));
  ASSERT_TRUE(run_until([&] { return machine.interface("eth0").up; }));
  // By the old rules this would be a frame of our own.
  client.stack.interfaces().find("eth1")->mac = eth0_mac;
  client_sends(udp(4000, 33434, {.checksum = 0}) / "anybody?",
               {.destination = own_address, .protocol = ip_protocol::udp});
  EXPECT_THAT(client_hears(1), ElementsAre(IsMessage(icmp_unreachable(Unreachable::port))));
}

TEST_F(MachineTest, AMirrorThatIsDeletedTakesNoOtherAlong) {
  ASSERT_TRUE(succeeds("ip link del eth0"));
  EXPECT_TRUE(run_until([&] { return !machine.interface("eth0").up; }));
  EXPECT_TRUE(kernel_pings("10.1.2.9"));
}

TEST_F(MachineTest, AGreaterMtuCountsForTheNextPacket) {
  EXPECT_TRUE(kernel_pings("10.1.1.9"));
  // Nobody answers so long a frame here; but it comes to us whole.
  EXPECT_TRUE(
      succeeds("ip link set eth0 mtu 9000 && "
               "{ ping -q -c 1 -W 1 -M do -s 4000 10.1.1.9 >/dev/null; test $? = 1; }"));
  EXPECT_EQ(counters().from_host, 2u);
  EXPECT_EQ(machine.interface("eth0").drops[DropReason::frame_too_long], 0u);
}

class LittleRoom : public MachineTest {
 protected:
  LittleRoom() { options.room = 2048; }
};

TEST_F(LittleRoom, LostNotificationsAreCountedAndMadeUpFor) {
  {
    std::ofstream batch("/run/routes");
    for (int i = 0; i < 3000; ++i)
      batch << "route add 10." << 100 + i / 256 << "." << i % 256 << ".0/24 via 10.1.1.9\n";
  }
  ASSERT_TRUE(io::shell("ip -batch /run/routes"));  // meanwhile the loop hears nothing
  EXPECT_TRUE(run_until([&] { return machine.stack.tables().rib().size() == 3002; }));
  EXPECT_GE(machine.mirror->counters().resyncs, 1u);
}

// --- The beginning -------------------------------------------------------------------------------

TEST_F(MachineTest, AnIdleMachineIsSilent) {
  Sniffer tcpdump("eth0");
  run_for(300ms);
  EXPECT_THAT(tcpdump.frames(), IsEmpty());
}

TEST_F(MachineTest, AnEchoIsIgnoredWhenTheSysctlSaysSo) {
  ASSERT_TRUE(succeeds("echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"));
  // Looked at once a second, while frames arrive.
  EXPECT_TRUE(run_until([&] {
    client.ping(own_address);
    run_for(20ms);
    return machine.interface("eth0").drops[DropReason::echo_ignored] > 0;
  }));
}

TEST(Sysctls, ADotInALinksNameIsASlash) {
  EXPECT_EQ(sysctl_path("net.ipv4.conf.eth0/7.rp_filter"),
            "/proc/sys/net/ipv4/conf/eth0.7/rp_filter");
}

TEST(Sysctls, ASettingThatIsNotThereIsNamed) {
  const auto done = write_sysctl({"net.ipv4.no_such_thing", "1"});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message(), HasSubstr("net.ipv4.no_such_thing"));
}

class SettingsWatchTest : public InMirroredNamespace {};

TEST_F(SettingsWatchTest, SettingsAreLookedAtOnceASecond) {
  SettingsWatch watch;
  Settings settings;
  const Instant start = io::EventLoop::now();
  watch.refresh(settings, start);
  ASSERT_TRUE(
      io::shell("cd /proc/sys/net/ipv4 && echo 99 > ip_default_ttl && "
                "echo 1 > icmp_echo_ignore_all && echo 0 > conf/all/send_redirects"));
  watch.refresh(settings, start + 900ms);
  EXPECT_EQ(settings.default_ttl, 64);
  watch.refresh(settings, start + 1s);
  EXPECT_EQ(settings.default_ttl, 99);
  EXPECT_TRUE(settings.echo_ignore_all);
  EXPECT_FALSE(settings.send_redirects);
  EXPECT_TRUE(
      io::shell("cd /proc/sys/net/ipv4 && echo 64 > ip_default_ttl && "
                "echo 0 > icmp_echo_ignore_all && echo 1 > conf/all/send_redirects"));
}

}  // namespace
}  // namespace smolstack::mirror
