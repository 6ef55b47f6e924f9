#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"

namespace smolstack {
namespace {

using test::shown;
using test::TestMachine;

TEST(IpNeighbor, PrintsWhatIproute2Prints) {
  TestMachine machine;
  EXPECT_EQ(shown(machine, "-j neigh"), "[]\n");
  ASSERT_EQ(machine.ip("n a 10.1.1.5 lladdr 02:00:00:00:00:05 dev eth1").exit, 0);
  ASSERT_EQ(machine.ip("n a 10.1.1.7 lladdr 02:00:00:00:00:07 dev eth1 nud stale").exit, 0);
  ASSERT_EQ(machine.ip("n replace 10.1.1.5 lladdr 02:00:00:00:00:06 dev eth1").exit, 0);
  EXPECT_EQ(shown(machine, "neigh"),
            "10.1.1.5 dev eth1 lladdr 02:00:00:00:00:06 PERMANENT \n"
            "10.1.1.7 dev eth1 lladdr 02:00:00:00:00:07 STALE \n");
  EXPECT_EQ(shown(machine, "neigh show dev eth1 nud stale"),
            "10.1.1.7 lladdr 02:00:00:00:00:07 STALE \n");
  EXPECT_EQ(shown(machine, "neigh show to 10.1.1.0/30"), "");
  EXPECT_EQ(shown(machine, "neigh get 10.1.1.5 dev eth1"),
            "10.1.1.5 dev eth1 lladdr 02:00:00:00:00:06 PERMANENT \n");
  EXPECT_EQ(shown(machine, "-j neigh"),
            R"([{"dst":"10.1.1.5","dev":"eth1","lladdr":"02:00:00:00:00:06",)"
            R"("state":["PERMANENT"]},{"dst":"10.1.1.7","dev":"eth1",)"
            R"("lladdr":"02:00:00:00:00:07","state":["STALE"]}])"
            "\n");
}

TEST(IpNeighbor, AnUnansweredOneHasNoAddress) {
  TestMachine machine;
  Packet payload = machine.stack.make_payload(8);
  Ipv4Send how;
  how.destination = Ipv4Address(10, 1, 1, 99);
  how.protocol = 17;
  ASSERT_TRUE(machine.stack.send(std::move(payload), how, io::EventLoop::now()).has_value());
  EXPECT_EQ(shown(machine, "neigh"), "10.1.1.99 dev eth1 INCOMPLETE \n");
}

TEST(IpNeighbor, FlushKeepsPermanentOnes) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("n a 10.1.1.5 lladdr 02:00:00:00:00:05 dev eth1").exit, 0);
  ASSERT_EQ(machine.ip("n a 10.1.1.7 lladdr 02:00:00:00:00:07 dev eth1 nud reachable").exit, 0);
  EXPECT_EQ(machine.ip("n change 10.1.1.7 nud stale dev eth1").exit, 0);
  EXPECT_EQ(machine.ip("neigh flush dev eth1").exit, 0);
  EXPECT_EQ(shown(machine, "neigh"), "10.1.1.5 dev eth1 lladdr 02:00:00:00:00:05 PERMANENT \n");
  EXPECT_EQ(machine.ip("neigh del 10.1.1.5 dev eth1").exit, 0);
  EXPECT_EQ(shown(machine, "neigh"), "");
}

}  // namespace
}  // namespace smolstack
