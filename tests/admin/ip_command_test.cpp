#include "smolstack/admin/ip_command.hpp"

#include <gtest/gtest.h>

#include "control/machine.hpp"

namespace smolstack {
namespace {

using control::parse_ip;
using test::Answered;
using test::split;
using test::TestMachine;

struct Abbreviation {
  const char* words;
  control::IpObject object;
  control::IpVerb verb;
};

class Abbreviations : public testing::TestWithParam<Abbreviation> {};

TEST_P(Abbreviations, MeanWhatTheyMeanToIproute2) {
  const auto request = parse_ip(split(GetParam().words));
  ASSERT_TRUE(request.has_value()) << request.error().error;
  EXPECT_EQ(request->object, GetParam().object);
  EXPECT_EQ(request->verb, GetParam().verb);
}

using control::IpObject;
using control::IpVerb;
INSTANTIATE_TEST_SUITE_P(
    Ip, Abbreviations,
    testing::Values(Abbreviation{"a", IpObject::address, IpVerb::show},
                    Abbreviation{"ad s", IpObject::address, IpVerb::show},
                    Abbreviation{"addr ls", IpObject::address, IpVerb::show},
                    Abbreviation{"addr l", IpObject::address, IpVerb::show},
                    Abbreviation{"-br addr sho", IpObject::address, IpVerb::show},
                    Abbreviation{"a d", IpObject::address, IpVerb::remove},
                    Abbreviation{"r", IpObject::route, IpVerb::show},
                    Abbreviation{"ro l", IpObject::route, IpVerb::show},
                    Abbreviation{"r g", IpObject::route, IpVerb::get},
                    Abbreviation{"r a", IpObject::route, IpVerb::add},
                    Abbreviation{"r r", IpObject::route, IpVerb::replace},
                    Abbreviation{"r ap", IpObject::route, IpVerb::append},
                    Abbreviation{"n", IpObject::neighbor, IpVerb::show},
                    Abbreviation{"neigh f", IpObject::neighbor, IpVerb::flush},
                    Abbreviation{"neighbour list", IpObject::neighbor, IpVerb::show},
                    Abbreviation{"l", IpObject::link, IpVerb::show},
                    Abbreviation{"link s", IpObject::link, IpVerb::set},
                    Abbreviation{"-s -j link show", IpObject::link, IpVerb::show}));

struct Refusal {
  const char* words;
  int exit;
  const char* error;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.words;
}

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, AreWordedAsIproute2WordsThem) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("route add 10.3.0.0/16 via 10.1.1.1").exit, 0);
  ASSERT_EQ(machine.ip("neigh add 10.1.1.5 lladdr 02:00:00:00:00:05 dev eth1").exit, 0);
  const Answered answered = machine.ip(GetParam().words);
  EXPECT_EQ(answered.error, GetParam().error);
  EXPECT_EQ(answered.exit, GetParam().exit);
  EXPECT_EQ(answered.ends, 1);
  EXPECT_TRUE(answered.rows.empty());
}

// Each line was compared with iproute2 6.1.0 in a network namespace.
INSTANTIATE_TEST_SUITE_P(
    Ip, Refusals,
    testing::Values(Refusal{"foo", 1, "Object \"foo\" is unknown, try \"ip help\"."},
                    Refusal{"-foo", 255, "Option \"-foo\" is unknown, try \"ip -help\"."},
                    Refusal{"route foo", 255, "Command \"foo\" is unknown, try \"ip route help\"."},
                    Refusal{"addr foo", 255,
                            "Command \"foo\" is unknown, try \"ip address help\"."},
                    Refusal{"neigh foo", 255, "Command \"foo\" is unknown, try \"ip neigh help\"."},
                    Refusal{"link foo", 255, "Command \"foo\" is unknown, try \"ip link help\"."}));

INSTANTIATE_TEST_SUITE_P(
    Address, Refusals,
    testing::Values(
        Refusal{"addr add 10.1.1.3/24 dev eth1", 2, "RTNETLINK answers: File exists"},
        Refusal{"addr add 10.1.1.9/24", 1, "Not enough information: \"dev\" argument is required."},
        Refusal{"addr add", 1, "Not enough information: \"dev\" argument is required."},
        Refusal{"addr add dev eth1", 2, "RTNETLINK answers: Operation not supported"},
        Refusal{"addr add default dev eth1", 2, "RTNETLINK answers: Operation not supported"},
        Refusal{"addr add 10.1.1.9/24 dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"addr add 10.1.1.9/33 dev eth1", 1,
                "Error: any valid prefix is expected rather than \"10.1.1.9/33\"."},
        Refusal{"addr add x dev eth1", 1, "Error: any valid prefix is expected rather than \"x\"."},
        Refusal{"addr add 10.1.1.9/24 foo dev eth1", 255,
                "Error: either \"local\" is duplicate, or \"foo\" is a garbage."},
        Refusal{"addr add 10.1.1.9/24 dev", 255,
                "Command line is not complete. Try option \"help\""},
        Refusal{"addr add 224.0.0.1/24 dev eth1", 2, "RTNETLINK answers: Invalid argument"},
        Refusal{"addr del 10.1.1.77/24 dev eth1", 2,
                "RTNETLINK answers: Cannot assign requested address"},
        Refusal{"addr del 10.1.1.3/25 dev eth1", 2,
                "RTNETLINK answers: Cannot assign requested address"},
        Refusal{"addr del 10.1.1.77/24", 1,
                "Not enough information: \"dev\" argument is required."},
        Refusal{"addr show eth9", 1, "Device \"eth9\" does not exist."},
        Refusal{"addr show dev eth1 bar", 255,
                "Error: either \"dev\" is duplicate, or \"bar\" is a garbage."},
        Refusal{"addr flush", 1, "Flush requires arguments."},
        Refusal{"addr flush dev eth9", 1, "Device \"eth9\" does not exist."}));

INSTANTIATE_TEST_SUITE_P(
    Route, Refusals,
    testing::Values(
        Refusal{"route add 10.3.0.0/16 via 10.1.1.1", 2, "RTNETLINK answers: File exists"},
        Refusal{"route add 10.4.0.0/16 via 10.77.1.1", 2, "Error: Nexthop has invalid gateway."},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.1 dev eth0", 2,
                "Error: Nexthop has invalid gateway."},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.1 scope link", 2,
                "Error: Nexthop has invalid gateway."},
        Refusal{"route add 10.4.0.0/16 via x", 1,
                "Error: inet address is expected rather than \"x\"."},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.300", 1,
                "Error: inet address is expected rather than \"10.1.1.300\"."},
        Refusal{"route add 10.4.0.0/16 via", 255,
                "Command line is not complete. Try option \"help\""},
        Refusal{"route add 10.4.0.1/16 via 10.1.1.1", 2,
                "Error: Invalid prefix for given prefix length."},
        Refusal{"route add 10.4.0.0/33 via 10.1.1.1", 1,
                "Error: any valid prefix is expected rather than \"10.4.0.0/33\"."},
        Refusal{"route add 10.4.0.0/16", 2, "RTNETLINK answers: No such device"},
        Refusal{"route add 10.4.0.0/16 dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.1 foo", 255,
                "Error: either \"to\" is duplicate, or \"foo\" is a garbage."},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.1 metric x", 255,
                "Error: argument \"x\" is wrong: \"metric\" value is invalid"},
        Refusal{"route add 10.4.0.0/16 via 10.1.1.1 proto x", 255,
                "Error: argument \"x\" is wrong: \"protocol\" value is invalid"},
        Refusal{"route add 10.4.0.0/16 dev eth1 scope x", 255,
                "Error: argument \"x\" is wrong: invalid \"scope\" value"},
        Refusal{"route add 10.4.0.0/16 dev eth1 table x", 255,
                "Error: argument \"x\" is wrong: \"table\" value is invalid"},
        Refusal{"route add 10.5.0.0/16 via 10.1.1.1 src 10.99.1.1", 2,
                "Error: Invalid prefsrc address."},
        Refusal{"route add blackhole 10.4.0.0/16 via 10.1.1.1", 2,
                "Error: Gateway, device and multipath can not be specified for this route type."},
        Refusal{"route change 10.99.0.0/16 via 10.1.1.1", 2,
                "RTNETLINK answers: No such file or directory"},
        Refusal{"route show dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"route show table foo", 255,
                "Error: argument \"foo\" is wrong: table id value is invalid"},
        Refusal{"route show x", 1, "Error: any valid prefix is expected rather than \"x\"."},
        Refusal{"route del 10.55.0.0/16", 2, "RTNETLINK answers: No such process"},
        Refusal{"route del 10.3.0.0/16 via 10.9.9.9", 2, "RTNETLINK answers: No such process"},
        Refusal{"route del 10.3.0.0/16 dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"route flush", 1, "\"ip route flush\" requires arguments."},
        Refusal{"route get 10.99.1.1", 2, "RTNETLINK answers: Network is unreachable"},
        Refusal{"route get x", 1, "Error: any valid prefix is expected rather than \"x\"."},
        Refusal{"route get", 1, "need at least a destination address"},
        Refusal{"route get 10.3.1.1 foo", 1,
                "Error: inet prefix is expected rather than \"foo\"."}));

INSTANTIATE_TEST_SUITE_P(
    Neighbor, Refusals,
    testing::Values(
        Refusal{"neigh add 10.1.1.5 lladdr 02:00:00:00:00:05 dev eth1", 2,
                "RTNETLINK answers: File exists"},
        Refusal{"neigh add 10.1.1.11 dev eth1", 2, "Error: No link layer address given."},
        Refusal{"neigh add 10.1.1.11 lladdr x dev eth1", 1, "\"x\" is invalid lladdr."},
        Refusal{"neigh add 10.1.1.11 lladdr 02:00:00:00:00 dev eth1", 2,
                "Error: Invalid link address."},
        Refusal{"neigh add 10.1.1.12 lladdr 02:00:00:00:00:06", 255,
                "Device and destination are required arguments."},
        Refusal{"neigh add 10.1.1.12 lladdr 02:00:00:00:00:06 dev eth9", 1,
                "Cannot find device \"eth9\""},
        Refusal{"neigh add 10.1.1.12 lladdr 02:00:00:00:00:06 dev eth1 nud foo", 255,
                "Error: argument \"foo\" is wrong: nud state is bad"},
        Refusal{"neigh add 10.1.1.12 lladdr 02:00:00:00:00:06 dev eth1 foo", 255,
                "Error: either \"to\" is duplicate, or \"foo\" is a garbage."},
        Refusal{"neigh add 10.1.1.12/24 lladdr 02:00:00:00:00:06 dev eth1", 1,
                "Error: any valid address is expected rather than \"10.1.1.12/24\"."},
        Refusal{"neigh add 10.1.1.12 lladdr", 255,
                "Command line is not complete. Try option \"help\""},
        Refusal{"neigh change 10.1.1.66 lladdr 02:00:00:00:00:66 dev eth1", 2,
                "RTNETLINK answers: No such file or directory"},
        Refusal{"neigh del 10.1.1.55 dev eth1", 2, "RTNETLINK answers: No such file or directory"},
        Refusal{"neigh del 10.1.1.5", 255, "Device and destination are required arguments."},
        Refusal{"neigh get 10.1.1.77 dev eth1", 2, "Error: Neighbour entry not found."},
        Refusal{"neigh show dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"neigh show foo", 1, "Error: any valid prefix is expected rather than \"foo\"."},
        Refusal{"neigh flush", 1, "Flush requires arguments."}));

INSTANTIATE_TEST_SUITE_P(
    Link, Refusals,
    testing::Values(
        Refusal{"link set eth9 up", 1, "Cannot find device \"eth9\""},
        Refusal{"link set eth1 mtu 60", 2, "Error: mtu less than device minimum."},
        Refusal{"link set eth1 mtu 70000", 2, "Error: mtu greater than device maximum."},
        Refusal{"link set eth1 mtu x", 255,
                "Error: argument \"x\" is wrong: Invalid \"mtu\" value"},
        Refusal{"link set eth1 foo", 255,
                "Error: either \"dev\" is duplicate, or \"foo\" is a garbage."},
        Refusal{"link set up", 255, "Not enough information: \"dev\" argument is required."},
        Refusal{"link show eth9", 1, "Device \"eth9\" does not exist."}));

}  // namespace
}  // namespace smolstack
