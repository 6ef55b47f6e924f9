// A bad wire in the loop: real time, so only what must hold on the slowest machine.

#include "io/machine.hpp"
#include "smolstack/io/impairment_device.hpp"
#include "smolstack/io/pair.hpp"

namespace smolstack::io {
namespace {

constexpr Ipv4Address right_address{10, 0, 0, 2};

class ImpairedLoop : public Loop {
 protected:
  ImpairedLoop() {
    auto [a, b] = PairDevice::make();
    auto wrapped = std::make_unique<Impairment>(std::move(a), WireEnd{"left", 1});
    wire = wrapped.get();
    interface = &left.plug("10.0.0.1/24", std::move(wrapped));
    right.plug("10.0.0.2/24", std::move(b));
    left.ping(right_address);
    EXPECT_TRUE(run_until([&] { return left.answers.size() == 1; }));
  }

  void impair(Direction direction, std::string_view words) {
    wire->set(direction, parse_impairment(words).value());
    left.loop.flush();
  }
  /// How long the answer took.
  Duration ping() {
    const std::size_t before = left.answers.size();
    const Instant start = EventLoop::now();
    left.ping(right_address);
    EXPECT_TRUE(run_until([&] { return left.answers.size() > before; }));
    return EventLoop::now() - start;
  }

  Machine left{context};
  Machine right{context};
  Impairment* wire = nullptr;
  Interface* interface = nullptr;
};

TEST_F(ImpairedLoop, WakesForFramesThatAreSentLater) {
  impair(Direction::out, "delay 30ms");
  EXPECT_GE(ping(), 30ms);
}

TEST_F(ImpairedLoop, WakesForFramesThatAreReceivedLater) {
  impair(Direction::in, "delay 30ms");
  EXPECT_GE(ping(), 30ms);
}

TEST_F(ImpairedLoop, LossesHaveTheirReason) {
  impair(Direction::out, "loss 100%");
  for (int i = 0; i < 3; ++i) left.ping(right_address);
  EXPECT_EQ(interface->drops[DropReason::impaired_loss], 3u);
  EXPECT_EQ(interface->counters.tx_errors, 0u);
}

TEST_F(ImpairedLoop, AFullQueueHasItsReason) {
  impair(Direction::out, "delay 1s limit 2");
  for (int i = 0; i < 5; ++i) left.ping(right_address);
  EXPECT_EQ(interface->drops[DropReason::impaired_queue], 3u);
}

TEST_F(ImpairedLoop, LossesOnTheWayInHaveTheirReason) {
  impair(Direction::in, "loss 100%");
  left.ping(right_address);
  EXPECT_TRUE(run_until([&] { return interface->drops[DropReason::impaired_loss] == 1; }));
  EXPECT_EQ(left.answers.size(), 1u);
}

TEST_F(ImpairedLoop, OffSendsWhatIsUnderWay) {
  impair(Direction::out, "delay 3600s");
  left.ping(right_address);
  impair(Direction::out, "off");
  EXPECT_TRUE(run_until([&] { return left.answers.size() == 2; }));
}

// A device that wakes the loop again and again for nothing is not listened to for a while. One
// whose frames are late or lost on purpose is no such device.
TEST_F(ImpairedLoop, ALateFrameIsNoFruitlessWakeUp) {
  impair(Direction::in, "delay 3600s");
  for (std::size_t frames = 1; frames <= 40; ++frames) {
    right.ping({10, 0, 0, 1});
    context.restart();
    context.poll();  // no waiting: a pause would show
    ASSERT_EQ(wire->lane(Direction::in).waiting(), frames);
  }
}

TEST_F(ImpairedLoop, HeldFramesGoBackToThePoolWithTheLoop) {
  impair(Direction::out, "delay 3600s");
  left.ping(right_address);
  EXPECT_EQ(wire->lane(Direction::out).waiting(), 1u);
  left.loop.close();
  left.answers.clear();
  EXPECT_EQ(left.stack.pool().small_in_use().level(), 0u);
}

}  // namespace
}  // namespace smolstack::io
