#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"
#include "smolstack/admin/format.hpp"
#include "smolstack/admin/sysctl_command.hpp"
#include "smolstack/admin/talk.hpp"

namespace smolstack {
namespace {

using test::Answered;
using test::TestMachine;

TEST(Sysctl, ReadsAndSetsWithDotsAndSlashes) {
  TestMachine machine;
  EXPECT_EQ(control::format_setting(machine.ask("sysctl", "net.ipv4.ip_forward").rows.at(0)),
            "net.ipv4.ip_forward = 0\n");
  EXPECT_EQ(control::format_setting(machine.ask("sysctl", "net/ipv4/ip_forward=1").rows.at(0)),
            "net.ipv4.ip_forward = 1\n");
  EXPECT_TRUE(machine.stack.settings().forwarding);
  EXPECT_EQ(machine.ask("sysctl", "-w net.ipv4.ipfrag_time=7").exit, 0);
  EXPECT_EQ(machine.stack.settings().fragment_time, std::chrono::seconds(7));
}

TEST(Sysctl, EverySettingKeepsWhatItIsSetTo) {
  TestMachine machine;
  for (const auto& entry : control::sysctl_names()) {
    entry.set(machine.stack.settings(), entry.least);
    EXPECT_EQ(entry.get(machine.stack.settings()), entry.least) << entry.name;
    entry.set(machine.stack.settings(), entry.most);
    EXPECT_EQ(entry.get(machine.stack.settings()), entry.most) << entry.name;
  }
}

TEST(Sysctl, AllAndDirectories) {
  TestMachine machine;
  EXPECT_EQ(machine.ask("sysctl", "-a").rows.size(), control::sysctl_names().size());
  EXPECT_EQ(machine.ask("sysctl", "net.ipv4").rows.size(), control::sysctl_names().size());
  EXPECT_EQ(machine.ask("sysctl", "net.ipv4.conf.all").rows.size(), 4u);
}

TEST(Sysctl, RefusesAsProcpsDoesAndGoesOn) {
  TestMachine machine;
  const Answered answered =
      machine.ask("sysctl", "net.ipv4.foo net.ipv4.ip_default_ttl net.ipv4.ip_forward=x");
  EXPECT_EQ(answered.exit, 1);
  EXPECT_EQ(answered.error,
            "sysctl: cannot stat /proc/sys/net/ipv4/foo: No such file or directory\n"
            "sysctl: setting key \"net.ipv4.ip_forward\": Invalid argument");
  ASSERT_EQ(answered.rows.size(), 1u);
  EXPECT_EQ(answered.rows[0]["value"], 64);
  for (const char* const wrong :
       {"net.ipv4.ip_default_ttl=0", "net.ipv4.ip_default_ttl=256", "net.ipv4.ip_forward=2",
        "net.ipv4.ip_forward=", "net.ipv4.ip_forward=-1", "net.ipv4.ip_forward=1x"})
    EXPECT_EQ(machine.ask("sysctl", wrong).exit, 1) << wrong;
  EXPECT_FALSE(machine.stack.settings().forwarding);
}

TEST(Stats, SaysWhatWasDroppedAndWhy) {
  TestMachine machine;
  Interface& eth0 = *machine.stack.interfaces().find("eth0");
  eth0.drops.count(DropReason::no_route, 3);
  const Answered answered = machine.ask("stats", "");
  ASSERT_EQ(answered.rows.size(), 4u);
  EXPECT_EQ(answered.rows[1]["drops"].dump(),
            R"json([{"reason":"no_route","count":3,)json"
            R"json("text":"no route to the destination (RFC 1812 §5.2.4)"}])json");
  EXPECT_TRUE(answered.rows[2]["drops"].empty());
  EXPECT_EQ(machine.ask("stats", "-a").rows[2]["drops"].size(), drop_reasons);
  EXPECT_THAT(control::format_stats(answered.json()),
              testing::HasSubstr("  dropped             3  no_route             no route to the "
                                 "destination (RFC 1812 §5.2.4)\n"));
}

TEST(Stats, ShowsWhatTheDeviceDoes) {
  TestMachine machine;
  machine.stack.interfaces().find("eth0")->offloads = {.checksum = true, .tso4 = true};
  const Answered answered = machine.ask("stats", "");
  EXPECT_EQ(answered.rows[1]["offloads"].dump(), R"(["checksum","tso4"])");
  EXPECT_THAT(control::format_stats(answered.json()),
              testing::HasSubstr("  offloads     checksum tso4\n"));
  EXPECT_THAT(control::format_stats(answered.json()), testing::HasSubstr("  offloads     none\n"));
}

TEST(Stats, ShowsLevelsWithTheirHighest) {
  TestMachine machine;
  ASSERT_EQ(machine.ip("n a 10.1.1.5 lladdr 02:00:00:00:00:05 dev eth1").exit, 0);
  ASSERT_EQ(machine.ip("n del 10.1.1.5 dev eth1").exit, 0);
  const auto object = control::stats_object(machine.ask("stats", "").json());
  EXPECT_EQ(object["interfaces"].size(), 3u);
  EXPECT_EQ(object["levels"]["neighbours"].dump(), R"({"now":0,"highest":1})");
  EXPECT_TRUE(object["stack"].contains("forwarded"));
  EXPECT_THAT(control::format_stats(machine.ask("stats", "").json()),
              testing::ContainsRegex("  neighbours +0 +1\n"));
}

TEST(Stats, RefusesWhatItDoesNotKnow) {
  TestMachine machine;
  EXPECT_EQ(machine.ask("stats", "foo").exit, control::exit_code::wrong);
}

}  // namespace
}  // namespace smolstack
