#include "smolstack/admin/impair_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/machine.hpp"
#include "smolstack/admin/impair_talk.hpp"
#include "smolstack/io/pair.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using io::Direction;
using test::Answered;
using testing::HasSubstr;

class Impair : public testing::Test {
 protected:
  Impair() {
    machine.machine.impairments = &impairments;
    for (const char* const name : {"eth0", "eth1"}) {
      const IfIndex index = machine.stack.interfaces().find(name)->index;
      auto [near, far] = io::PairDevice::make();
      machine.loop.attach(index, impairments.wrap(index, std::move(near), {name, 1}));
      ends.push_back(std::move(far));
    }
  }

  Answered ask(std::string_view words) { return machine.ask("impair", words); }
  std::string set_on(const char* name, Direction direction) {
    const IfIndex index = machine.stack.interfaces().find(name)->index;
    return to_string(impairments.find(index)->lane(direction).options());
  }
  std::string refused(std::string_view words) {
    const Answered answered = ask(words);
    EXPECT_EQ(answered.exit, control::exit_code::wrong) << words;
    EXPECT_TRUE(answered.rows.empty()) << words;
    EXPECT_EQ(set_on("eth0", Direction::out), "off") << words;
    return answered.error;
  }

  test::TestMachine machine;
  io::Impairments impairments;
  std::vector<std::unique_ptr<io::PairDevice>> ends;
};

TEST_F(Impair, SetsWhatTheMachineSends) {
  const Answered answered = ask("eth0 --delay 50ms --loss=2%");
  EXPECT_EQ(answered.exit, 0) << answered.error;
  EXPECT_EQ(set_on("eth0", Direction::out), "delay 50ms loss 2%");
  EXPECT_EQ(set_on("eth0", Direction::in), "off");
  EXPECT_EQ(set_on("eth1", Direction::out), "off");
}

TEST_F(Impair, AnswersWithWhatIsSetNow) {
  const Answered answered = ask("eth0 --delay 50ms --rate 1mbit");
  ASSERT_EQ(answered.rows.size(), 1u);
  EXPECT_EQ(answered.rows[0].dump(),
            R"({"node":"router","ifname":"eth0","direction":"out",)"
            R"("impairment":"delay 50ms rate 1mbit","options":{"delay":0.05,"jitter":0.0,)"
            R"("loss":0.0,"duplicate":0.0,"reorder":0.0,"corrupt":0.0,"rate":1000000,)"
            R"("limit":1000,"seed":0},"passed":0,"lost":0,"duplicated":0,"reordered":0,)"
            R"("corrupted":0,"queue_full":0,"waiting":0})");
}

TEST_F(Impair, SetsTheDirectionThatIsNamed) {
  ask("eth0 --direction in --delay 5ms");
  EXPECT_EQ(set_on("eth0", Direction::out), "off");
  EXPECT_EQ(set_on("eth0", Direction::in), "delay 5ms");
  ask("eth0 --loss 1% --direction both");
  EXPECT_EQ(set_on("eth0", Direction::out), "loss 1%");
  EXPECT_EQ(set_on("eth0", Direction::in), "loss 1%");
}

TEST_F(Impair, WhatIsNotNamedIsOff) {
  ask("eth0 --delay 5ms --loss 1%");
  ask("eth0 --loss 3%");
  EXPECT_EQ(set_on("eth0", Direction::out), "loss 3%");
}

TEST_F(Impair, ClearsBothDirectionsOrTheOneThatIsNamed) {
  ask("eth0 --direction both --delay 5ms");
  ask("eth0 --clear --direction in");
  EXPECT_EQ(set_on("eth0", Direction::out), "delay 5ms");
  EXPECT_EQ(set_on("eth0", Direction::in), "off");
  ask("eth0 --direction both --delay 5ms");
  ask("eth0 --clear");
  EXPECT_EQ(set_on("eth0", Direction::out), "off");
  EXPECT_EQ(set_on("eth0", Direction::in), "off");
}

TEST_F(Impair, WithoutAnInterfaceItIsEachOfThem) {
  EXPECT_EQ(ask("--delay 5ms").rows.size(), 2u);
  EXPECT_EQ(set_on("eth0", Direction::out), "delay 5ms");
  EXPECT_EQ(set_on("eth1", Direction::out), "delay 5ms");
  EXPECT_EQ(ask("--clear").rows.size(), 4u);
  EXPECT_EQ(set_on("eth1", Direction::out), "off");
}

TEST_F(Impair, ShowsAllOrOneAndChangesNothing) {
  ask("eth1 --delay 5ms");
  EXPECT_EQ(ask("").rows.size(), 4u);
  EXPECT_EQ(ask("eth1").rows.size(), 2u);
  const Answered one = ask("eth1 --direction out");
  ASSERT_EQ(one.rows.size(), 1u);
  EXPECT_EQ(one.rows[0]["impairment"], "delay 5ms");
}

TEST_F(Impair, ShowsWhatBecameOfFrames) {
  ask("eth1 --loss 100%");
  (void)machine.stack.arp().set(
      {machine.stack.interfaces().find("eth1")->index, Ipv4Address(10, 1, 1, 9)},
      default_mac({10, 1, 1, 9}), NeighborState::permanent, io::EventLoop::now());
  Packet payload = machine.stack.make_payload(64);
  Ipv4Send how;
  how.destination = {10, 1, 1, 9};
  how.protocol = ip_protocol::udp;
  ASSERT_TRUE(machine.stack.send(std::move(payload), how, io::EventLoop::now()));
  machine.loop.flush();
  EXPECT_EQ(ask("eth1").rows.at(0)["lost"], 1);
}

TEST_F(Impair, SaysWhatWouldBeRight) {
  EXPECT_THAT(refused("eth9 --delay 5ms"), HasSubstr("no interface `eth9`; it has eth0, eth1"));
  EXPECT_THAT(refused("eth0 --delay 50"), HasSubstr("impair: --delay 50: lacks its unit"));
  EXPECT_THAT(refused("eth0 --delay"), HasSubstr("--delay: needs a value"));
  EXPECT_THAT(refused("eth0 delay 5ms"), HasSubstr("`delay` is no option; there are --direction"));
  EXPECT_THAT(refused("eth0 --dealy 5ms"), HasSubstr("`--dealy` is no option"));
  EXPECT_THAT(refused("eth0 --direction up --delay 5ms"), HasSubstr("none of out, in and both"));
  EXPECT_THAT(refused("eth0 --clear --delay 5ms"), HasSubstr("--clear: belongs to no other"));
  EXPECT_THAT(refused("eth0 --reorder 5%"), HasSubstr("--reorder: needs a delay"));
}

TEST_F(Impair, AMachineWithoutWiresSaysSo) {
  machine.machine.impairments = nullptr;
  const Answered answered = ask("--delay 5ms");
  EXPECT_EQ(answered.exit, control::exit_code::no);
  EXPECT_THAT(answered.error, HasSubstr("no wire"));
}

TEST_F(Impair, TheTableHasALineForEachRow) {
  ask("eth0 --delay 50ms --loss 2%");
  EXPECT_EQ(control::format_impairments(ask("eth0").json()),
            "interface   way     passed    lost  copied reorder corrupt    full waiting  "
            "impairment\n"
            "router:eth0 out          0       0       0       0       0       0       0  "
            "delay 50ms loss 2%\n"
            "router:eth0 in           0       0       0       0       0       0       0  off\n");
}

}  // namespace
}  // namespace smolstack
