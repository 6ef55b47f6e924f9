#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"

namespace smolstack {
namespace {

using test::shown;
using test::TestMachine;

/// The routes of the comparison with iproute2.
void add_many_routes(TestMachine& machine) {
  for (const char* const route :
       {"add 10.3.0.0/16 via 10.1.1.1", "add 10.3.0.0/16 via 10.1.2.1 metric 10",
        "add 10.3/16 via 10.1.1.2 metric 7", "add 10.4.0.0/16 via 10.1.1.1 proto static",
        "add 10.5.0.0/16 via 10.1.1.1 src 10.1.2.3", "add 10.6.0.0/16 dev eth1 scope link",
        "add blackhole 10.7.0.0/16", "add unreachable 10.8.0.0/16 metric 5",
        "add prohibit 10.9.0.0/16", "add default via 10.1.1.1", "append default via 10.1.2.1",
        "add default via 10.1.2.1 metric 100", "change 10.3.0.0/16 via 10.1.1.7",
        "replace 10.99.0.0/16 via 10.1.1.1", "replace 10.3.0.0/16 via 10.1.2.8"})
    EXPECT_EQ(machine.ip("route " + std::string(route)).error, "") << route;
}

TEST(IpRoute, PrintsWhatIproute2Prints) {
  TestMachine machine;
  EXPECT_EQ(shown(machine, "route"),
            "10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 \n"
            "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 \n");
  add_many_routes(machine);
  EXPECT_EQ(shown(machine, "r"),
            "default via 10.1.1.1 dev eth1 \n"
            "default via 10.1.2.1 dev eth0 \n"
            "default via 10.1.2.1 dev eth0 metric 100 \n"
            "10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 \n"
            "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 \n"
            "10.3.0.0/16 via 10.1.2.8 dev eth0 \n"
            "10.3.0.0/16 via 10.1.1.2 dev eth1 metric 7 \n"
            "10.3.0.0/16 via 10.1.2.1 dev eth0 metric 10 \n"
            "10.4.0.0/16 via 10.1.1.1 dev eth1 proto static \n"
            "10.5.0.0/16 via 10.1.1.1 dev eth1 src 10.1.2.3 \n"
            "10.6.0.0/16 dev eth1 scope link \n"
            "blackhole 10.7.0.0/16 \n"
            "unreachable 10.8.0.0/16 metric 5 \n"
            "prohibit 10.9.0.0/16 \n"
            "10.99.0.0/16 via 10.1.1.1 dev eth1 \n");
}

TEST(IpRoute, JsonHasTheKeysOfIproute2InItsOrder) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("route add unreachable 10.8.0.0/16 metric 5").exit, 0);
  ASSERT_EQ(machine.ip("route add default via 10.1.1.1").exit, 0);
  EXPECT_EQ(shown(machine, "-j route"),
            R"([{"dst":"default","gateway":"10.1.1.1","dev":"eth1","flags":[]},)"
            R"({"dst":"10.1.1.0/24","dev":"eth1","protocol":"kernel","scope":"link",)"
            R"("prefsrc":"10.1.1.3","flags":[]},)"
            R"({"dst":"10.1.2.0/24","dev":"eth0","protocol":"kernel","scope":"link",)"
            R"("prefsrc":"10.1.2.3","flags":[]},)"
            R"({"type":"unreachable","dst":"10.8.0.0/16","metric":5,"flags":[]}])"
            "\n");
}

// --- Several ways ------------------------------------------------------------------------------

constexpr auto two_ways =
    "route add 10.9.0.0/16 proto static metric 5 nexthop via 10.1.1.2 dev eth1 weight 2 nexthop "
    "via "
    "10.1.2.2";

TEST(IpRoute, PrintsSeveralWaysAsIproute2Does) {
  TestMachine machine;
  ASSERT_EQ(machine.ip(two_ways).error, "");
  EXPECT_EQ(shown(machine, "route show 10.9.0.0/16"),
            "10.9.0.0/16 proto static metric 5 \n"
            "\tnexthop via 10.1.1.2 dev eth1 weight 2 \n"
            "\tnexthop via 10.1.2.2 dev eth0 weight 1 \n");
  EXPECT_EQ(shown(machine, "-o route show 10.9.0.0/16"),
            "10.9.0.0/16 proto static metric 5 \\\tnexthop via 10.1.1.2 dev eth1 weight 2 "
            "\\\tnexthop via 10.1.2.2 dev eth0 weight 1 \n");
  EXPECT_EQ(shown(machine, "-j route show 10.9.0.0/16"),
            R"([{"dst":"10.9.0.0/16","protocol":"static","metric":5,"flags":[],"nexthops":[)"
            R"({"gateway":"10.1.1.2","dev":"eth1","weight":2,"flags":[]},)"
            R"({"gateway":"10.1.2.2","dev":"eth0","weight":1,"flags":[]}]}])"
            "\n");
}

TEST(IpRoute, OneNexthopIsARouteLikeOthers) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("route add 10.9.0.0/16 nexthop via 10.1.1.2").error, "");
  EXPECT_EQ(shown(machine, "route show 10.9.0.0/16"), "10.9.0.0/16 via 10.1.1.2 dev eth1 \n");
}

TEST(IpRoute, RemovesSeveralWaysByTheirPrefixOrByAllOfThem) {
  TestMachine machine;
  ASSERT_EQ(machine.ip(two_ways).exit, 0);
  for (const char* const others : {"nexthop via 10.1.1.2 weight 3 nexthop via 10.1.2.2",
                                   "nexthop via 10.1.2.2 nexthop via 10.1.1.2", "via 10.1.2.2",
                                   "dev eth0", "nexthop via 10.1.1.2 nexthop via 10.1.2.9"})
    EXPECT_NE(machine.ip("route del 10.9.0.0/16 " + std::string(others)).exit, 0) << others;
  EXPECT_EQ(machine.ip("route del 10.9.0.0/16 nexthop via 10.1.1.2 nexthop via 10.1.2.2").error, "")
      << "what is not said matches any weight";
  ASSERT_EQ(machine.ip(two_ways).exit, 0);
  EXPECT_EQ(machine.ip("route del 10.9.0.0/16").error, "");
  EXPECT_EQ(shown(machine, "route show 10.9.0.0/16"), "");
}

TEST(IpRoute, RefusesWaysInIproute2sWords) {
  TestMachine machine;
  const auto error = [&](const std::string& words) {
    return machine.ip("route add 10.9.0.0/16 " + words).error;
  };
  EXPECT_EQ(error("nexthop"), "Error: unexpected end of line after \"nexthop\"");
  EXPECT_EQ(error("nexthop via 10.1.1.2 metric 5"),
            "Error: \"nexthop\" or end of line is expected instead of \"metric\"");
  EXPECT_THAT(error("nexthop via 10.1.1.2 weight 0"), testing::HasSubstr("\"weight\" is invalid"));
  EXPECT_THAT(error("nexthop via 10.1.1.2 weight 257"),
              testing::HasSubstr("\"weight\" is invalid"));
  EXPECT_EQ(error("nexthop via 10.1.1.2 nexthop via 172.16.0.1"),
            "Error: Nexthop has invalid gateway.");
  EXPECT_EQ(machine.ip("route add blackhole 10.9.0.0/16 nexthop via 10.1.1.2").error,
            "Error: Gateway, device and multipath can not be specified for this route type.");
}

struct Selection {
  const char* words;
  const char* text;
};

class RouteSelections : public testing::TestWithParam<Selection> {};

TEST_P(RouteSelections, LeaveOutWhatTheyFix) {
  TestMachine machine;
  add_many_routes(machine);
  EXPECT_EQ(shown(machine, "route show " + std::string(GetParam().words)), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    IpRoute, RouteSelections,
    testing::Values(Selection{"10.3.0.0/16",
                              "10.3.0.0/16 via 10.1.2.8 dev eth0 \n"
                              "10.3.0.0/16 via 10.1.1.2 dev eth1 metric 7 \n"
                              "10.3.0.0/16 via 10.1.2.1 dev eth0 metric 10 \n"},
                    Selection{"10.3.1.1", ""},
                    Selection{"match 10.4.1.1",
                              "default via 10.1.1.1 dev eth1 \n"
                              "default via 10.1.2.1 dev eth0 \n"
                              "default via 10.1.2.1 dev eth0 metric 100 \n"
                              "10.4.0.0/16 via 10.1.1.1 dev eth1 proto static \n"},
                    Selection{"root 10.4.0.0/14",
                              "10.4.0.0/16 via 10.1.1.1 dev eth1 proto static \n"
                              "10.5.0.0/16 via 10.1.1.1 dev eth1 src 10.1.2.3 \n"
                              "10.6.0.0/16 dev eth1 scope link \n"
                              "blackhole 10.7.0.0/16 \n"},
                    Selection{"dev eth0",
                              "default via 10.1.2.1 \n"
                              "default via 10.1.2.1 metric 100 \n"
                              "10.1.2.0/24 proto kernel scope link src 10.1.2.3 \n"
                              "10.3.0.0/16 via 10.1.2.8 \n"
                              "10.3.0.0/16 via 10.1.2.1 metric 10 \n"},
                    Selection{"proto static", "10.4.0.0/16 via 10.1.1.1 dev eth1 \n"},
                    Selection{"proto kernel",
                              "10.1.1.0/24 dev eth1 scope link src 10.1.1.3 \n"
                              "10.1.2.0/24 dev eth0 scope link src 10.1.2.3 \n"},
                    Selection{"scope link",
                              "10.1.1.0/24 dev eth1 proto kernel src 10.1.1.3 \n"
                              "10.1.2.0/24 dev eth0 proto kernel src 10.1.2.3 \n"
                              "10.6.0.0/16 dev eth1 \n"},
                    Selection{"src 10.1.2.3",
                              "10.1.2.0/24 dev eth0 proto kernel scope link \n"
                              "10.5.0.0/16 via 10.1.1.1 dev eth1 \n"},
                    Selection{"type blackhole", "blackhole 10.7.0.0/16 \n"},
                    Selection{"metric 10", "10.3.0.0/16 via 10.1.2.1 dev eth0 \n"},
                    Selection{"cache", ""}));

TEST(IpRoute, TableLocalHasTheOwnAddresses) {
  TestMachine machine;
  EXPECT_THAT(shown(machine, "route show table local"),
              testing::HasSubstr("local 10.1.1.3 dev eth1 proto kernel scope host src 10.1.1.3 \n"
                                 "broadcast 10.1.1.255 dev eth1 proto kernel scope link src "
                                 "10.1.1.3 \n"));
  EXPECT_THAT(
      shown(machine, "route show table local"),
      testing::HasSubstr("local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 \n"
                         "local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 \n"));
  EXPECT_THAT(shown(machine, "route show table all"),
              testing::HasSubstr("local 10.1.1.3 dev eth1 table local proto kernel scope host"));
}

TEST(IpRoute, RoutesWithoutCarrierAreMarked) {
  TestMachine machine;
  machine.stack.set_running(*machine.stack.interfaces().find("eth1"), false, io::EventLoop::now());
  EXPECT_THAT(
      shown(machine, "route"),
      testing::HasSubstr("10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 linkdown \n"));
}

TEST(IpRoute, DeletedByWhatIsSaid) {
  TestMachine machine;
  add_many_routes(machine);
  EXPECT_EQ(machine.ip("route del 10.3.0.0/16 metric 10").exit, 0);
  EXPECT_EQ(machine.ip("route del blackhole 10.7.0.0/16").exit, 0);
  EXPECT_EQ(machine.ip("route del 10.8.0.0/16").exit, 0);
  EXPECT_EQ(machine.ip("route del default").exit, 0);
  EXPECT_EQ(machine.ip("route flush proto static").exit, 0);
  EXPECT_EQ(machine.ip("route flush 10.99.0.0/16").exit, 0);
  EXPECT_EQ(shown(machine, "route"),
            "default via 10.1.2.1 dev eth0 \n"
            "default via 10.1.2.1 dev eth0 metric 100 \n"
            "10.1.1.0/24 dev eth1 proto kernel scope link src 10.1.1.3 \n"
            "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3 \n"
            "10.3.0.0/16 via 10.1.2.8 dev eth0 \n"
            "10.3.0.0/16 via 10.1.1.2 dev eth1 metric 7 \n"
            "10.5.0.0/16 via 10.1.1.1 dev eth1 src 10.1.2.3 \n"
            "10.6.0.0/16 dev eth1 scope link \n"
            "prohibit 10.9.0.0/16 \n");
}

TEST(IpRoute, GetPrintsWhatIproute2Prints) {
  TestMachine machine;
  const std::string uid = std::to_string(::geteuid());
  ASSERT_EQ(machine.ip("route add 10.3.0.0/16 via 10.1.1.1").exit, 0);
  EXPECT_EQ(shown(machine, "route get 10.3.1.1"),
            "10.3.1.1 via 10.1.1.1 dev eth1 src 10.1.1.3 uid " + uid + " \n    cache \n");
  EXPECT_EQ(shown(machine, "route get 10.1.1.3"),
            "local 10.1.1.3 dev lo src 10.1.1.3 uid " + uid + " \n    cache <local> \n");
  EXPECT_EQ(shown(machine, "route get 10.1.1.9"),
            "10.1.1.9 dev eth1 src 10.1.1.3 uid " + uid + " \n    cache \n");
  EXPECT_EQ(
      shown(machine, "route get 10.1.1.255"),
      "broadcast 10.1.1.255 dev eth1 src 10.1.1.3 uid " + uid + " \n    cache <local,brd> \n");
  EXPECT_EQ(shown(machine, "-j route get 10.3.1.1"),
            R"([{"dst":"10.3.1.1","gateway":"10.1.1.1","dev":"eth1","prefsrc":"10.1.1.3",)"
            R"("flags":[],"uid":)" +
                uid + ",\"cache\":[]}]\n");
}

TEST(IpRoute, GetSaysWhyThereIsNoWay) {
  TestMachine machine;
  add_many_routes(machine);
  EXPECT_EQ(machine.ip("route get 10.7.1.1").error, "RTNETLINK answers: Invalid argument");
  EXPECT_EQ(machine.ip("route get 10.8.1.1").error, "RTNETLINK answers: No route to host");
  EXPECT_EQ(machine.ip("route get 10.9.1.1").error, "RTNETLINK answers: Permission denied");
}

}  // namespace
}  // namespace smolstack
