#include "smolstack/inspect/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/labs.hpp"

namespace smolstack::inspect {
namespace {

using test::run;
using test::smol_internet;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Ipv4Address client_address(10, 1, 1, 2);
const Ipv4Address server_address(10, 1, 2, 2);

Probe ping(std::string from, Ipv4Address to) {
  Probe probe;
  probe.from = std::move(from);
  probe.destination = to;
  return probe;
}

Probe udp(std::string from, Ipv4Address to, std::uint16_t port) {
  Probe probe = ping(std::move(from), to);
  probe.protocol = ip_protocol::udp;
  probe.port = port;
  return probe;
}

Trace trace_of(const LabSnapshot& lab, const Probe& probe) {
  return Simulation(lab, probe).run(probe);
}

std::string line_of(const Hop& hop) {
  return std::string(to_string(hop.leg)) + ' ' + hop.machine + " in " + hop.in + " out " + hop.out +
         " to " + to_string(hop.next_hop) + " ttl " + std::to_string(hop.ttl);
}

std::vector<std::string> lines_of(const Trace& trace) {
  std::vector<std::string> lines;
  for (const Hop& hop : trace.hops) lines.push_back(line_of(hop));
  return lines;
}

TEST(Simulation, FollowsARequestAndItsReply) {
  const Trace trace = trace_of(smol_internet(), ping("client", server_address));
  EXPECT_TRUE(trace.answered);
  EXPECT_THAT(trace.losses, IsEmpty());
  EXPECT_THAT(lines_of(trace), ElementsAre("request client in  out eth0 to 10.1.1.3 ttl 64",
                                           "request router in eth1 out eth0 to 10.1.2.2 ttl 63",
                                           "request server in eth0 out  to 0.0.0.0 ttl 63",
                                           "reply server in  out eth0 to 10.1.2.3 ttl 64",
                                           "reply router in eth0 out eth1 to 10.1.1.2 ttl 63",
                                           "reply client in eth0 out  to 0.0.0.0 ttl 63"));
}

TEST(Simulation, SaysWhereARequestEnds) {
  LabSnapshot lab = smol_internet();
  run(lab, "router", "sysctl -w net.ipv4.ip_forward=0");
  const Trace trace = trace_of(lab, ping("client", server_address));
  EXPECT_FALSE(trace.answered);
  EXPECT_FALSE(trace.delivered);
  ASSERT_THAT(trace.losses, SizeIs(1));
  EXPECT_EQ(trace.losses[0].machine, "router");
  EXPECT_EQ(trace.losses[0].reason, DropReason::forwarding_off);
  EXPECT_EQ(trace.losses[0].in, "eth1");
}

TEST(Simulation, TellsTheReplysLossFromTheRequests) {
  const Trace trace = trace_of(smol_internet("half"), ping("server", client_address));
  EXPECT_EQ(trace.delivered, "client");
  ASSERT_THAT(trace.losses, SizeIs(1));
  EXPECT_EQ(trace.losses[0].leg, Leg::reply);
  EXPECT_EQ(trace.losses[0].reason, DropReason::no_route);
  EXPECT_EQ(trace.losses[0].machine, "client");
}

TEST(Simulation, WaitsForANeighbourUntilItFails) {
  LabSnapshot lab = smol_internet();
  lab.find("server")->running = false;
  const Trace trace = trace_of(lab, ping("client", server_address));
  ASSERT_THAT(trace.losses, SizeIs(1));
  EXPECT_EQ(trace.losses[0].machine, "router");
  EXPECT_EQ(trace.losses[0].reason, DropReason::neighbor_unresolved);
  EXPECT_EQ(trace.losses[0].out, "eth0");
  ASSERT_THAT(trace.notices, SizeIs(1));
  EXPECT_EQ(trace.notices[0].from, Ipv4Address(10, 1, 1, 3));
  EXPECT_EQ(trace.notices[0].code, 1);  // host unreachable
}

TEST(Simulation, APacketToOneselfSeesNoWire) {
  const LabSnapshot lab = smol_internet();
  for (const auto own : {client_address, Ipv4Address(127, 0, 0, 1)}) {
    const Probe probe = ping("client", own);
    Simulation simulation(lab, probe);
    EXPECT_TRUE(simulation.run(probe).answered);
    EXPECT_EQ(simulation.frames(), 0u);
  }
}

TEST(Simulation, ADatagramIsAnsweredByWhoListens) {
  LabSnapshot lab = smol_internet();
  lab.find("server")->listening.push_back({ip_protocol::udp, {}, 53});
  EXPECT_TRUE(trace_of(lab, udp("client", server_address, 53)).answered);
  const Trace refused = trace_of(lab, udp("client", server_address, 54));
  EXPECT_EQ(refused.delivered, "server");
  ASSERT_FALSE(refused.losses.empty());
  EXPECT_EQ(refused.losses[0].reason, DropReason::no_socket);
  EXPECT_EQ(refused.losses[0].leg, Leg::request);
}

TEST(Simulation, ASocketOfAnotherAddressDoesNotListen) {
  LabSnapshot lab = smol_internet();
  lab.find("server")->listening.push_back({ip_protocol::udp, Ipv4Address(127, 0, 0, 1), 53});
  EXPECT_FALSE(trace_of(lab, udp("client", server_address, 53)).answered);
}

TEST(Simulation, ASynIsAnsweredByWhoListens) {
  LabSnapshot lab = smol_internet();
  Probe probe = udp("client", server_address, 80);
  probe.protocol = ip_protocol::tcp;
  EXPECT_FALSE(trace_of(lab, probe).answered);
  lab.find("server")->listening.push_back({ip_protocol::tcp, server_address, 80});
  EXPECT_TRUE(trace_of(lab, probe).answered);
}

TEST(Simulation, ADatagramOfAnySizeGoesInFragments) {
  Probe probe = ping("client", server_address);
  probe.size = 65507;
  const Trace trace = trace_of(smol_internet(), probe);
  EXPECT_TRUE(trace.answered);
  EXPECT_THAT(trace.fragmented_by, ElementsAre("client", "server"));
  EXPECT_THAT(trace.path(Leg::request), SizeIs(3));
}

TEST(Simulation, ALoopEndsByItsTtl) {
  LabSnapshot lab = test::triangle();
  run(lab, "r2", "ip route replace 10.2.0.0/24 via 10.0.12.1");
  Probe probe = ping("a", Ipv4Address(10, 2, 0, 2));
  probe.ttl = 255;
  const Trace trace = trace_of(lab, probe);
  ASSERT_FALSE(trace.losses.empty());
  EXPECT_EQ(trace.losses[0].reason, DropReason::ttl_expired);
  EXPECT_GT(trace.hops.size(), 250u);
}

TEST(Simulation, AFrameToALinkAddressThatNobodyHasIsLost) {
  LabSnapshot lab = smol_internet();
  run(lab, "client", "ip neigh add 10.1.1.3 lladdr 02:00:00:00:00:99 dev eth0 nud permanent");
  const Trace trace = trace_of(lab, ping("client", server_address));
  ASSERT_THAT(trace.losses, SizeIs(1));
  EXPECT_EQ(trace.losses[0].reason, DropReason::other_mac);
  EXPECT_EQ(trace.losses[0].machine, "client");
}

TEST(Simulation, OneRunDoesNotMisleadTheNext) {
  const LabSnapshot lab = smol_internet();
  const Probe there = ping("client", server_address);
  Simulation simulation(lab, there);
  const auto first = lines_of(simulation.run(there));
  EXPECT_TRUE(simulation.run(ping("server", client_address)).answered);
  EXPECT_FALSE(simulation.run(ping("client", Ipv4Address(10, 1, 2, 99))).answered);
  EXPECT_EQ(lines_of(simulation.run(there)), first);
}

TEST(Simulation, AMachineThatIsNotThereSendsNothing) {
  const Trace trace = trace_of(smol_internet(), ping("nobody", server_address));
  EXPECT_THAT(trace.hops, IsEmpty());
  EXPECT_FALSE(trace.answered);
}

}  // namespace
}  // namespace smolstack::inspect
