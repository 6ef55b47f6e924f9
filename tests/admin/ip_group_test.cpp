#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"

namespace smolstack {
namespace {

using test::shown;
using test::TestMachine;
using testing::HasSubstr;

TEST(IpGroup, PrintsWhatIproute2Prints) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("maddr add 239.1.2.3 dev eth1").exit, 0);
  ASSERT_EQ(machine.ip("maddr add dev eth1 address 239.129.2.3").exit, 0);
  EXPECT_EQ(shown(machine, "maddr"),
            "1:\tlo\n"
            "\tinet  224.0.0.1\n"
            "2:\teth0\n"
            "\tlink  01:00:5e:00:00:01\n"
            "\tinet  224.0.0.1\n"
            "3:\teth1\n"
            "\tlink  01:00:5e:00:00:01\n"
            "\tlink  01:00:5e:01:02:03\n"
            "\tinet  239.1.2.3\n"
            "\tinet  239.129.2.3\n"
            "\tinet  224.0.0.1\n");
  EXPECT_EQ(shown(machine, "-o maddr show dev eth0"),
            "2:\teth0\\\tlink  01:00:5e:00:00:01\n"
            "2:\teth0\\\tinet  224.0.0.1\n");
  EXPECT_EQ(shown(machine, "-j m s eth0"),
            R"([{"ifindex":2,"ifname":"eth0","maddr":[{"link":"01:00:5e:00:00:01"},)"
            R"({"family":"inet","address":"224.0.0.1"}]}])"
            "\n");
}

TEST(IpGroup, IsJoinedAndLeft) {
  TestMachine machine;
  const Interface& eth1 = *machine.stack.interfaces().find("eth1");
  ASSERT_EQ(machine.ip("maddr add 239.1.2.3 dev eth1").exit, 0);
  EXPECT_TRUE(eth1.is_member(Ipv4Address(239, 1, 2, 3)));
  EXPECT_EQ(machine.stack.counters().igmp_reports_sent, 1u);
  ASSERT_EQ(machine.ip("maddr del 239.1.2.3 dev eth1").exit, 0);
  EXPECT_FALSE(eth1.is_member(Ipv4Address(239, 1, 2, 3)));
}

struct Refusal {
  const char* words;
  int exit;
  const char* error;
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.words;
}
class GroupRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(GroupRefusals, SayWhatIsWrong) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("maddr add 239.1.2.3 dev eth1").exit, 0);
  const auto answered = machine.ip(GetParam().words);
  EXPECT_EQ(answered.error, GetParam().error);
  EXPECT_EQ(answered.exit, GetParam().exit);
}

INSTANTIATE_TEST_SUITE_P(
    Ip, GroupRefusals,
    testing::Values(
        Refusal{"maddr add 239.1.2.3 dev eth1", 2, "RTNETLINK answers: File exists"},
        Refusal{"maddr add 224.0.0.1 dev eth1", 2, "RTNETLINK answers: File exists"},
        Refusal{"maddr add 10.1.1.9 dev eth1", 1,
                "Error: multicast group is expected rather than \"10.1.1.9\"."},
        Refusal{"maddr del 10.1.1.2 dev eth1", 1,
                "Error: multicast group is expected rather than \"10.1.1.2\"."},
        Refusal{"maddr add 239.1.2.3 dev lo", 2, "RTNETLINK answers: Operation not supported"},
        Refusal{"maddr del 239.9.9.9 dev eth1", 2,
                "RTNETLINK answers: Cannot assign requested address"},
        Refusal{"maddr del 224.0.0.1 dev eth1", 2, "RTNETLINK answers: Operation not supported"},
        Refusal{"maddr add 239.1.2.4 dev eth9", 1, "Cannot find device \"eth9\""},
        Refusal{"maddr show dev eth9", 1, "Device \"eth9\" does not exist."},
        Refusal{"maddr add", 255, "Not enough information: \"dev\" is required."},
        Refusal{"maddr add dev eth1", 255, "Not enough information: a group is required."},
        Refusal{"maddr add 239.1.2.3 239.1.2.4 dev eth1", 255,
                "Error: either \"address\" is duplicate, or \"239.1.2.4\" is a garbage."},
        Refusal{"maddr add 01:00:5e:01:02:03 dev eth1", 1,
                "Error: inet address is expected rather than \"01:00:5e:01:02:03\"."},
        Refusal{"maddr foo", 255, "Command \"foo\" is unknown, try \"ip maddr help\"."}));

TEST(IpGroup, HelpSaysThatItTakesAGroup) {
  TestMachine machine;
  const auto answered = machine.ip("maddr help");
  EXPECT_EQ(answered.exit, 255);
  EXPECT_THAT(answered.error, HasSubstr("ip maddr [ add | del ] GROUP dev IF"));
}

}  // namespace
}  // namespace smolstack
