#include "smolstack/inspect/lab_snapshot.hpp"

#include <gtest/gtest.h>

#include "inspect/labs.hpp"
#include "smolstack/inspect/fault.hpp"

namespace smolstack::inspect {
namespace {

using test::lab_of;

const std::string file = R"(
name: small
networks:
  wire: { subnet: 10.1.1.0/24, mtu: 1280, host: 10.1.1.1/24 }
nodes:
  a:
    networks: { wire: 10.1.1.2 }
    sysctls: [net.ipv4.conf.all.rp_filter=1, net.ipv4.conf.eth0.rp_filter=2]
    extra_hosts: ["b:10.1.1.3"]
  b: { kind: router, networks: { wire: 10.1.1.3 } }
  k: { stack: kernel, networks: { wire: 10.1.1.4 }, sysctls: [net.ipv4.ip_forward=1] }
stages:
  up:
    exec:
      a:
        - ip addr add 10.9.9.9/32 dev eth0
        - ip route add default via 10.1.1.3
        - ip route add 10.2.0.0/16 via 10.8.8.8
      b: [sysctl -w net.ipv4.ip_forward=0, ip link set eth0 down]
)";

TEST(LabSnapshot, HasAddressesAndTheirRoutes) {
  const LabSnapshot lab = lab_of(file);
  const MachineSnapshot& a = *lab.find("a");
  ASSERT_EQ(a.interfaces.size(), 1u);
  EXPECT_EQ(a.interfaces[0].network, "wire");
  EXPECT_EQ(a.interfaces[0].mtu, 1280u);
  EXPECT_EQ(a.interfaces[0].mac, default_mac(Ipv4Address(10, 1, 1, 2)));
  ASSERT_EQ(a.routes.size(), 1u);
  EXPECT_EQ(to_string(a.routes[0].route.prefix), "10.1.1.0/24");
  EXPECT_EQ(a.hosts.size(), 1u);
}

TEST(LabSnapshot, HasKindsAndSettings) {
  const LabSnapshot lab = lab_of(file);
  EXPECT_FALSE(lab.find("a")->forwarding);
  EXPECT_TRUE(lab.find("b")->forwarding);
  EXPECT_TRUE(lab.find("k")->forwarding);
  EXPECT_EQ(lab.find("k")->stack, topology::StackKind::kernel);
  EXPECT_EQ(lab.find("a")->rp_filter, 1);
  EXPECT_EQ(lab.find("a")->interfaces[0].rp_filter, 2);
}

TEST(LabSnapshot, TheLabsOwnNamespaceIsAMachineToo) {
  const LabSnapshot lab = lab_of(file);
  ASSERT_NE(lab.find("host"), nullptr);
  EXPECT_NE(lab.find("host")->holder_of(Ipv4Address(10, 1, 1, 1)), nullptr);
}

TEST(LabSnapshot, WhatAStageRunsIsDone) {
  const LabSnapshot lab = lab_of(file, "up");
  EXPECT_NE(lab.find("a")->holder_of(Ipv4Address(10, 9, 9, 9)), nullptr);
  EXPECT_TRUE(route_towards(*lab.find("a"), Ipv4Address(8, 8, 8, 8)) != nullptr);
  EXPECT_FALSE(lab.find("b")->forwarding);
  EXPECT_FALSE(lab.find("b")->interfaces[0].up);
  EXPECT_TRUE(lab.find("b")->routes.empty());
}

TEST(LabSnapshot, WhatIsRefusedIsToldAndChangesNothing) {
  std::vector<RefusedCommand> refused;
  const LabSnapshot lab = snapshot_of(test::read(file), "up", &refused);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].command.machine, "a");
  EXPECT_EQ(refused[0].error, "Error: Nexthop has invalid gateway.");
  EXPECT_EQ(lab.find("a")->routes.size(), 2u);
}

TEST(Apply, ALinkThatGoesDownTakesItsRoutesAlong) {
  LabSnapshot lab = test::smol_internet();
  test::run(lab, "client", "ip link set eth0 down");
  EXPECT_TRUE(lab.find("client")->routes.empty());
  test::run(lab, "client", "ip link set eth0 up");
  EXPECT_EQ(lab.find("client")->routes.size(), 1u);  // the connected one alone
}

TEST(Apply, CablesAndMachinesHaveWordsOfTheirOwn) {
  LabSnapshot lab = test::smol_internet();
  test::run(lab, "client", "smolstack link router:eth1 down");
  EXPECT_FALSE(lab.find("router")->find("eth1")->carrier);
  lab.find("server")->running = false;
  test::run(lab, "client", "smolstack restart server");
  EXPECT_TRUE(lab.find("server")->running);
}

TEST(Apply, RefusesWhatItDoesNotKnow) {
  LabSnapshot lab = test::smol_internet();
  for (const char* const bad :
       {"rm -rf /", "smolstack link router up", "smolstack link nobody:eth0 up",
        "smolstack restart nobody", "sysctl -w net.ipv4.colour=1", "ip route add 10.0.0.0/8",
        "sysctl -w net.ipv4.conf.eth9.rp_filter=1", "sysctl -w net.ipv4.conf.all.rp_filter=7"})
    EXPECT_NE(apply(lab, "client", bad).exit, 0) << bad;
  EXPECT_NE(apply(lab, "nobody", "ip route").exit, 0);
}

}  // namespace
}  // namespace smolstack::inspect
