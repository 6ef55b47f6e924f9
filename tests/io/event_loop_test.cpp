// The loop with a real context, real descriptors in memory and the monotonic clock.

#include "smolstack/io/event_loop.hpp"

#include <functional>
#include <sys/eventfd.h>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/machine.hpp"
#include "smolstack/io/pair.hpp"

namespace smolstack::io {
namespace {

using testing::ElementsAre;

/// What a device of a test does, shared by the test and the loop that owns the device.
struct Script {
  std::size_t frames = 0;   ///< that wait to be received
  ReceiveResult beside{};   ///< reported once beside the frames
  bool readable = false;    ///< the descriptor says so whatever waits
  std::size_t refused = 0;  ///< of each batch, for lack of room
  DeviceState state = DeviceState::ready;
  bool repaired = false;

  unsigned receives = 0;
  unsigned transmits = 0;
  unsigned reopens = 0;
  std::uint32_t mtu = 0;
  std::function<void()> on_receive = [] {};
  Descriptor event{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

  void wake() { ::eventfd_write(event.number(), 1); }
  void set(DeviceState next) {
    state = next;
    wake();
  }
};

class ScriptedDevice final : public Device {
 public:
  explicit ScriptedDevice(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  ReceiveResult receive(PacketPool& pool, Batch& into) override {
    ++script_->receives;
    script_->on_receive();
    eventfd_t count = 0;
    if (!script_->readable && script_->frames == 0) ::eventfd_read(script_->event.number(), &count);
    ReceiveResult result = std::exchange(script_->beside, {});
    for (; script_->frames > 0 && !into.full(); --script_->frames, ++result.frames) {
      Packet frame = pool.allocate(60);
      frame.append(60);
      into.push(std::move(frame));
    }
    result.more = script_->frames > 0;
    return result;
  }
  TransmitResult transmit(Batch& from) override {
    ++script_->transmits;
    TransmitResult result;
    if (script_->state == DeviceState::ready) {
      result.full = std::min(script_->refused, from.size());
      result.sent = from.size() - result.full;
    } else {
      result.down = from.size();
    }
    from.clear();
    return result;
  }
  int descriptor() const override {
    return script_->state == DeviceState::gone ? -1 : script_->event.number();
  }
  DeviceState state() const override { return script_->state; }
  bool reopen() override {
    ++script_->reopens;
    if (script_->repaired) script_->state = DeviceState::ready;
    return script_->repaired;
  }
  void set_mtu(std::uint32_t mtu) override { script_->mtu = mtu; }

 private:
  std::shared_ptr<Script> script_;
};

bool is_error_message(const Packet& datagram) {
  const auto& ip = datagram.header<wire::Ipv4Header>();
  return is_icmpv4_error(
      header_at<wire::Icmpv4Header>(datagram.bytes().subspan(ip.header_length())).type);
}

std::shared_ptr<Script> plug_script(Machine& machine, const char* address,
                                    Interface** interface = nullptr) {
  auto script = std::make_shared<Script>();
  Interface& made = machine.plug(address, std::make_unique<ScriptedDevice>(script));
  if (interface != nullptr) *interface = &made;
  return script;
}

constexpr Ipv4Address left_address{10, 0, 0, 1};
constexpr Ipv4Address right_address{10, 0, 0, 2};

/// Two machines on one link.
class Link : public Loop {
 protected:
  void SetUp() override {
    auto [a, b] = PairDevice::make();
    near_end = a.get();
    near = &left.plug("10.0.0.1/24", std::move(a));
    right.plug("10.0.0.2/24", std::move(b));
  }
  /// Echo and timestamp replies to `left`, and nothing else, so many in all.
  bool answered(std::size_t times = 1) {
    run_until([&] { return left.answers.size() >= times; });
    return left.answers.size() == times &&
           std::none_of(left.answers.begin(), left.answers.end(), is_error_message);
  }

  Machine left{context};
  Machine right{context};
  PairDevice* near_end = nullptr;
  Interface* near = nullptr;
};

TEST_F(Link, APingIsAnswered) {
  left.ping(right_address);
  ASSERT_TRUE(answered());
  const auto& ip = left.answers[0].header<wire::Ipv4Header>();
  EXPECT_EQ(ip.source, right_address);
  EXPECT_EQ(ip.destination, left_address);
  EXPECT_THAT(left.reports, ElementsAre());
}

TEST_F(Link, APingSentFromADeliveryIsTransmitted) {
  unsigned replies = 0;
  left.loop.on_icmp([&](PacketQueue) {
    if (++replies < 50) left.ping(right_address);
  });
  left.ping(right_address);
  EXPECT_TRUE(run_until([&] { return replies == 50; }));
}

TEST_F(Link, AFloodToOurselvesLeavesTheOthersTheirTurn) {
  bool flooding = true;
  unsigned to_ourselves = 0;
  left.loop.on_icmp([&](PacketQueue) {
    ++to_ourselves;
    if (flooding) left.ping(left_address);
  });
  right.ping(left_address);
  left.ping(left_address);
  EXPECT_TRUE(run_until([&] { return !right.answers.empty() && to_ourselves > 100; }));
  flooding = false;
}

TEST_F(Link, TheStackKnowsTheTimeOfDay) {
  const auto of_day = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch() % std::chrono::days(1);
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
  const auto before = of_day();
  left.send_icmp(icmpv4_type::timestamp, sizeof(wire::Icmpv4Timestamp), right_address);
  left.loop.flush();
  ASSERT_TRUE(answered());
  Packet& reply = left.answers[0];
  reply.pull(reply.header<wire::Ipv4Header>().header_length());
  const std::int64_t said = reply.header<wire::Icmpv4Timestamp>().receive;
  const auto after = of_day();
  if (before <= after) {  // not just past midnight
    EXPECT_GE(said + 1, before);
    EXPECT_LE(said - 1, after);
  }
}

TEST_F(Link, TimersOfTheStackRun) {
  left.ping(Ipv4Address(10, 0, 0, 9));  // nobody: given up after three requests
  EXPECT_TRUE(run_until([&] { return near->drops[DropReason::neighbor_unresolved] == 1; }));
}

TEST_F(Link, ALinkThatIsDownRecoversByItself) {
  left.ping(right_address);
  ASSERT_TRUE(answered());
  near_end->set_state(DeviceState::down);
  left.ping(right_address);
  EXPECT_EQ(near->drops[DropReason::device_down], 1u);
  EXPECT_TRUE(near->running);
  near_end->set_state(DeviceState::ready);
  left.ping(right_address);
  EXPECT_TRUE(answered(2));
  EXPECT_THAT(left.reports, ElementsAre("the kernel's end of the device is down",
                                        "the kernel's end of the device is up again"));
}

TEST_F(Link, ADeviceThatIsGoneIsUsedAgainWhenItIsBack) {
  near_end->set_state(DeviceState::gone);
  ASSERT_TRUE(run_until([&] { return !near->running; }));
  near_end->repaired();
  ASSERT_TRUE(run_until([&] { return near->running; }));
  left.ping(right_address);
  EXPECT_TRUE(answered());
  EXPECT_THAT(left.reports, ElementsAre("the device is gone", "the device is back"));
}

TEST_F(Link, CloseSendsWhatWaitsAndEndsTheWork) {
  left.ping(right_address);
  ASSERT_TRUE(answered());
  left.send_icmp(icmpv4_type::echo_request, 64, right_address);
  left.loop.close();
  EXPECT_TRUE(run_until([&] { return right.stack.counters().echo_replies_sent == 2; }));
  right.loop.close();
  context.restart();
  const Instant start = EventLoop::now();
  context.run();  // returns at once: no timer, no device is waited for
  EXPECT_LT(EventLoop::now() - start, 1s);
}

TEST_F(Link, ALoopMayGoWhileItsHandlersAreUnderWay) {
  auto [a, b] = PairDevice::make();
  auto gone = std::make_unique<Machine>(context);
  gone->plug("10.0.1.1/24", std::move(a));
  gone->ping(Ipv4Address(10, 0, 1, 2));
  b->set_state(DeviceState::ready);
  gone.reset();
  left.ping(right_address);
  EXPECT_TRUE(answered());
}

TEST_F(Loop, ABusyDeviceLeavesTheOthersTheirTurn) {
  Machine machine(context);
  const auto busy = plug_script(machine, "10.0.0.1/24");
  const auto quiet = plug_script(machine, "10.0.1.1/24");
  std::vector<char> order;
  busy->on_receive = [&] { order.push_back('b'); };
  quiet->on_receive = [&] { order.push_back('q'); };
  busy->frames = 64 * Batch::capacity;
  quiet->frames = 1;
  busy->wake();
  quiet->wake();
  ASSERT_TRUE(run_until([&] { return busy->frames == 0 && quiet->frames == 0; }));
  const auto turn = std::find(order.begin(), order.end(), 'q') - order.begin();
  EXPECT_LE(turn, 8);
  EXPECT_GE(busy->receives, 64u);
}

/// A device to which each frame that is received brings the next one.
std::shared_ptr<Script> plug_flood(Machine& machine, const char* address,
                                   Interface** interface = nullptr) {
  const auto flood = plug_script(machine, address, interface);
  flood->on_receive = [script = flood.get()] {
    script->frames = 1;
    script->wake();
  };
  flood->wake();
  return flood;
}

TEST_F(Loop, FramesThatFollowEachOtherAreTakenInWithoutGoingBackToTheContext) {
  Machine machine(context);
  const auto flood = plug_flood(machine, "10.0.0.1/24");
  context.run_one_for(1s);
  EXPECT_GE(flood->receives, 2u);
}

/// Beside a flood: how often a timer of a millisecond ran in 200.
class Turns : public Loop {
 protected:
  unsigned count() {
    wait();
    run_for(200ms);
    timer_.cancel();
    return turns_;
  }

 private:
  void wait() {
    timer_.expires_after(1ms);
    timer_.async_wait([this](const auto& error) {
      if (error) return;
      ++turns_;
      wait();
    });
  }

  boost::asio::steady_timer timer_{context};
  unsigned turns_ = 0;
};

TEST_F(Turns, OtherHandlersHaveThemWhileFramesKeepComing) {
  Machine machine(context);
  const auto flood = plug_flood(machine, "10.0.0.1/24");
  EXPECT_GE(count(), 40u);
  EXPECT_GE(flood->receives, 200u);
}

TEST_F(Turns, OtherHandlersHaveThemWhileFramesAreOnlyDropped) {
  Machine machine(context);
  const auto flood = plug_script(machine, "10.0.0.1/24");
  flood->readable = true;
  flood->on_receive = [script = flood.get()] { script->beside = {.too_long = 1}; };
  flood->wake();
  EXPECT_GE(count(), 40u);
  EXPECT_GE(flood->receives, 200u);
}

TEST_F(Loop, WhileFramesKeepComingTimersOfTheStackRun) {
  Machine machine(context);
  Interface* interface = nullptr;
  plug_flood(machine, "10.0.0.1/24", &interface);
  machine.ping(Ipv4Address(10, 0, 0, 9));  // nobody: given up after three requests, 50 ms apart
  EXPECT_TRUE(
      run_until([&] { return interface->drops[DropReason::neighbor_unresolved] == 1; }, 1s));
}

TEST_F(Loop, ADeviceMayGoAndComeBackWhileFramesKeepComing) {
  Machine machine(context);
  Interface* interface = nullptr;
  const auto broken = plug_flood(machine, "10.0.0.1/24", &interface);
  const auto other = plug_flood(machine, "10.0.1.1/24");
  ASSERT_TRUE(run_until([&] { return broken->receives > 10 && other->receives > 10; }));
  broken->set(DeviceState::gone);
  ASSERT_TRUE(run_until([&] { return !interface->running; }));
  const unsigned receives = broken->receives;
  const unsigned others = other->receives;
  broken->event = Descriptor(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  broken->repaired = true;
  ASSERT_TRUE(run_until([&] { return interface->running; }));
  EXPECT_TRUE(run_until([&] { return broken->receives > receives + 10; }));
  EXPECT_GT(other->receives, others);
}

TEST_F(Loop, ALoopMayEndWhileFramesKeepComing) {
  auto machine = std::make_unique<Machine>(context);
  const auto flood = plug_flood(*machine, "10.0.0.1/24");
  machine->loop.on_flushed([&] {
    if (flood->receives > 10) machine->loop.close();
  });
  EXPECT_TRUE(run_until([&] { return flood->receives > 10; }));
  machine.reset();
  run_for(5ms);
  EXPECT_EQ(flood.use_count(), 1);
}

TEST_F(Loop, WhenNothingComesAnyMoreNobodyWakesUp) {
  Machine machine(context);
  const auto flood = plug_flood(machine, "10.0.0.1/24");
  ASSERT_TRUE(run_until([&] { return flood->receives > 10; }));
  flood->on_receive = [] {};
  run_for(20ms);
  context.restart();
  EXPECT_EQ(context.run_one_for(100ms), 0u);
}

TEST_F(Loop, ADescriptorThatIsAlwaysReadableDoesNotSpin) {
  Machine machine(context);
  const auto mad = plug_script(machine, "10.0.0.1/24");
  mad->readable = true;
  mad->wake();
  run_for(250ms);
  EXPECT_GE(mad->receives, 16u);
  EXPECT_LE(mad->receives, 80u);
  mad->readable = false;
  mad->frames = 5;
  EXPECT_TRUE(run_until([&] { return mad->frames == 0; }));
}

TEST_F(Loop, AGoneDeviceIsLeftAloneAndTheOthersGoOn) {
  Machine machine(context);
  Interface* interface = nullptr;
  const auto broken = plug_script(machine, "10.0.0.1/24", &interface);
  const auto other = plug_script(machine, "10.0.1.1/24");
  broken->set(DeviceState::gone);
  ASSERT_TRUE(run_until([&] { return !interface->running; }));
  const unsigned receives = broken->receives;
  other->frames = 1;
  other->wake();
  ASSERT_TRUE(run_until([&] { return other->frames == 0 && broken->reopens >= 3; }));
  EXPECT_EQ(broken->receives, receives);
  EXPECT_THAT(machine.reports, ElementsAre("the device is gone"));
  broken->repaired = true;
  EXPECT_TRUE(run_until([&] { return interface->running; }));
  EXPECT_THAT(machine.reports, ElementsAre("the device is gone", "the device is back"));
}

TEST_F(Loop, AFullDeviceIsCountedEachTimeAndReportedOnce) {
  Machine machine(context);
  Interface* interface = nullptr;
  const auto full = plug_script(machine, "10.0.0.1/24", &interface);
  const std::uint64_t before = interface->counters.tx_errors;
  full->refused = 1;
  for (unsigned i = 0; i < 3; ++i)
    machine.ping(Ipv4Address(10, 0, 0, static_cast<std::uint8_t>(20 + i)));
  EXPECT_EQ(interface->drops[DropReason::device_full], 3u);
  EXPECT_EQ(interface->counters.tx_errors - before, 3u);
  EXPECT_THAT(machine.reports, ElementsAre("the device takes no more frames: 1 frame dropped"));
}

TEST_F(Loop, WhatTheDeviceHadToDropIsCounted) {
  Machine machine(context);
  Interface* interface = nullptr;
  const auto device = plug_script(machine, "10.0.0.1/24", &interface);
  device->beside = {.too_long = 2, .no_buffer = 3};
  device->wake();
  ASSERT_TRUE(run_until([&] { return interface->drops[DropReason::frame_too_long] > 0; }));
  EXPECT_EQ(interface->drops[DropReason::frame_too_long], 2u);
  EXPECT_EQ(interface->drops[DropReason::no_buffer], 3u);
  EXPECT_THAT(machine.reports, ElementsAre("frames longer than the MTU allows: 2 frames dropped",
                                           "all packet buffers are in use: 3 frames dropped"));
}

TEST_F(Loop, ADeviceIsToldTheMtuOfItsInterface) {
  Machine machine(context);
  Interface* interface = nullptr;
  const auto device = plug_script(machine, "10.0.0.1/24", &interface);
  interface->mtu = 9000;
  device->wake();
  EXPECT_TRUE(run_until([&] { return device->mtu == 9000; }));
}

TEST(EventLoop, NowIsMonotonicTime) {
  const auto before = std::chrono::steady_clock::now().time_since_epoch();
  const auto now = EventLoop::now().time_since_epoch();
  EXPECT_GE(now, before);
  EXPECT_LT(now - before, 10s);
}

}  // namespace
}  // namespace smolstack::io
