#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"

namespace smolstack {
namespace {

using test::shown;
using test::TestMachine;

TEST(IpAddress, PrintsWhatIproute2Prints) {
  TestMachine machine;
  EXPECT_EQ(shown(machine, "addr"),
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default "
            "qlen 1000\n"
            "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
            "    inet 127.0.0.1/8 scope host lo\n"
            "       valid_lft forever preferred_lft forever\n"
            "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group "
            "default qlen 1000\n"
            "    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff\n"
            "    inet 10.1.2.3/24 brd 10.1.2.255 scope global eth0\n"
            "       valid_lft forever preferred_lft forever\n"
            "3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group "
            "default qlen 1000\n"
            "    link/ether 02:42:0a:01:01:03 brd ff:ff:ff:ff:ff:ff\n"
            "    inet 10.1.1.3/24 brd 10.1.1.255 scope global eth1\n"
            "       valid_lft forever preferred_lft forever\n");
}

TEST(IpAddress, JsonHasTheKeysOfIproute2InItsOrder) {
  TestMachine machine;
  EXPECT_EQ(shown(machine, "-j addr show dev eth0"),
            R"([{"ifindex":2,"ifname":"eth0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],)"
            R"("mtu":1500,"qdisc":"noqueue","operstate":"UP","group":"default","txqlen":1000,)"
            R"("link_type":"ether","address":"02:42:0a:01:02:03","broadcast":"ff:ff:ff:ff:ff:ff",)"
            R"("addr_info":[{"family":"inet","local":"10.1.2.3","prefixlen":24,)"
            R"("broadcast":"10.1.2.255","scope":"global","label":"eth0",)"
            R"("valid_life_time":4294967295,"preferred_life_time":4294967295}]}])"
            "\n");
}

TEST(IpAddress, BriefOnelineAndInetOnly) {
  TestMachine machine;
  machine.stack.set_running(*machine.stack.interfaces().find("eth1"), false, io::EventLoop::now());
  EXPECT_EQ(shown(machine, "-br addr"),
            "lo               UNKNOWN        127.0.0.1/8 \n"
            "eth0             UP             10.1.2.3/24 \n"
            "eth1             DOWN           10.1.1.3/24 \n");
  EXPECT_EQ(shown(machine, "-o addr show dev lo"),
            "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft "
            "forever\n");
  EXPECT_EQ(shown(machine, "-4 addr show lo"),
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default "
            "qlen 1000\n"
            "    inet 127.0.0.1/8 scope host lo\n"
            "       valid_lft forever preferred_lft forever\n");
  EXPECT_EQ(shown(machine, "-j -br addr show eth0"),
            R"([{"ifname":"eth0","operstate":"UP","addr_info":[{"local":"10.1.2.3",)"
            R"("prefixlen":24}]}])"
            "\n");
}

TEST(IpAddress, ShowsSecondaryAndDuplicateAddresses) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("addr add 10.1.1.4/24 brd + dev eth1").exit, 0);
  for (auto& own : machine.stack.interfaces().find("eth1")->addresses) own.duplicate = true;
  EXPECT_THAT(shown(machine, "addr show eth1"),
              testing::HasSubstr("inet 10.1.1.4/24 brd 10.1.1.255 scope global secondary "
                                 "duplicate eth1\n"));
  const auto info = machine.ip("addr show eth1").rows.at(0)["addr_info"];
  EXPECT_EQ(info.at(0).value("duplicate", false), true);
  EXPECT_EQ(info.at(1).value("secondary", false), true);
}

TEST(IpAddress, AddedReplacedDeletedAndFlushed) {
  TestMachine machine;
  Interface& eth1 = *machine.stack.interfaces().find("eth1");
  EXPECT_EQ(machine.ip("a a 10.9/16 dev eth1").exit, 2);  // a network is nobody's address
  EXPECT_EQ(machine.ip("a a 10.9.9.9 dev eth1").exit, 0);
  EXPECT_NE(eth1.find(Ipv4Address(10, 9, 9, 9)), nullptr);
  EXPECT_EQ(machine.ip("a replace 10.9.9.9/32 dev eth1").exit, 0);
  EXPECT_EQ(machine.ip("a del 10.9.9.9 dev eth1").exit, 0);
  EXPECT_EQ(machine.ip("a del 10.1.1.3 dev eth1").exit, 0);
  EXPECT_TRUE(eth1.addresses.empty());
  EXPECT_EQ(machine.ip("a flush dev eth0").exit, 0);
  EXPECT_EQ(shown(machine, "-br addr show eth0"), "eth0             UP             \n");
  EXPECT_EQ(shown(machine, "route"), "");
}

TEST(IpLink, PrintsWhatIproute2Prints) {
  TestMachine machine;
  (void)machine.stack.add_interface({.name = "tun0", .link = LinkType::point_to_point});
  machine.stack.set_running(*machine.stack.interfaces().find("eth1"), false, io::EventLoop::now());
  machine.stack.set_up(*machine.stack.interfaces().find("eth0"), false, io::EventLoop::now());
  EXPECT_EQ(shown(machine, "link"),
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT "
            "group default qlen 1000\n"
            "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
            "2: eth0: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group "
            "default qlen 1000\n"
            "    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff\n"
            "3: eth1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN mode "
            "DEFAULT group default qlen 1000\n"
            "    link/ether 02:42:0a:01:01:03 brd ff:ff:ff:ff:ff:ff\n"
            "4: tun0: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500 qdisc noqueue state "
            "UNKNOWN mode DEFAULT group default qlen 1000\n"
            "    link/none \n");
  EXPECT_EQ(shown(machine, "-br link"),
            "lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> \n"
            "eth0             DOWN           02:42:0a:01:02:03 <BROADCAST,MULTICAST> \n"
            "eth1             DOWN           02:42:0a:01:01:03 "
            "<NO-CARRIER,BROADCAST,MULTICAST,UP> \n"
            "tun0             UNKNOWN        <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> \n");
  EXPECT_EQ(shown(machine, "-j link show tun0"),
            R"([{"ifindex":4,"ifname":"tun0","flags":["POINTOPOINT","MULTICAST","NOARP","UP",)"
            R"("LOWER_UP"],"mtu":1500,"qdisc":"noqueue","operstate":"UNKNOWN",)"
            R"("linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"none"}])"
            "\n");
}

TEST(IpLink, StatisticsStandInColumns) {
  TestMachine machine;
  Interface& eth0 = *machine.stack.interfaces().find("eth0");
  eth0.counters = {.rx_packets = 12,
                   .rx_bytes = 12345678901,
                   .rx_multicast = 3,
                   .tx_packets = 1,
                   .tx_bytes = 42};
  eth0.drops.count(DropReason::bad_checksum, 4);
  eth0.drops.count(DropReason::no_route, 5);
  eth0.drops.count(DropReason::device_full, 6);
  EXPECT_EQ(shown(machine, "-s link show eth0"),
            "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode "
            "DEFAULT group default qlen 1000\n"
            "    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff\n"
            "    RX:   bytes packets errors dropped  missed   mcast           \n"
            "    12345678901      12      4       5       0       3 \n"
            "    TX:  bytes packets errors dropped carrier collsns           \n"
            "            42       1      0       6       0       0 \n");
  EXPECT_THAT(shown(machine, "-j -s link show eth0"),
              testing::HasSubstr(R"("tx":{"bytes":42,"packets":1,"errors":0,"dropped":6,)"
                                 R"("carrier_errors":0,"collisions":0}})"));
}

TEST(IpLink, SetUpDownAndMtu) {
  TestMachine machine;
  const Interface& eth1 = *machine.stack.interfaces().find("eth1");
  EXPECT_EQ(machine.ip("link set eth1 down mtu 1280").exit, 0);
  EXPECT_FALSE(eth1.up);
  EXPECT_EQ(eth1.mtu, 1280u);
  EXPECT_EQ(machine.ip("route add 10.65.0.0/16 dev eth1").error,
            "Error: Device for nexthop is not up.");
  EXPECT_EQ(shown(machine, "-br link show up"),
            "lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> \n"
            "eth0             UP             02:42:0a:01:02:03 "
            "<BROADCAST,MULTICAST,UP,LOWER_UP> \n");
  EXPECT_EQ(machine.ip("l s up dev eth1").exit, 0);
  EXPECT_TRUE(eth1.up);
}

}  // namespace
}  // namespace smolstack
