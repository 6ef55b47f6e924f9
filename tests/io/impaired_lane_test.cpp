#include "smolstack/io/impaired_lane.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/packet/pool.hpp"

namespace smolstack::io {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::size_t frame_bytes = 125;  // 1000 bits

class Lane : public testing::Test {
 protected:
  void impair(std::string_view words) { lane.set(parse_impairment(words).value(), now); }

  /// A frame that carries a number, which says who it is.
  Packet frame(std::uint32_t number, std::size_t bytes = frame_bytes) {
    Packet packet = pool.allocate(bytes);
    std::ranges::fill(packet.append(bytes), std::byte{});
    for (std::size_t i = 0; i < 4; ++i)
      packet.bytes()[i] = static_cast<std::byte>(number >> (8 * i));
    return packet;
  }
  static std::uint32_t number(const Packet& packet) {
    std::uint32_t all = 0;
    for (std::size_t i = 4; i-- > 0;)
      all = all << 8 | std::to_integer<std::uint32_t>(packet.bytes()[i]);
    return all;
  }

  void send(std::uint32_t count = 1) {
    for (std::uint32_t i = 0; i < count; ++i) lane.admit(frame(next_number++), now);
  }
  /// What has come out by now.
  std::vector<std::uint32_t> arrived() {
    std::vector<std::uint32_t> numbers;
    do {
      batch.clear();
      lane.release(batch, now);
      for (const Packet& packet : batch.packets()) numbers.push_back(number(packet));
    } while (batch.full());
    batch.clear();
    return numbers;
  }
  /// Sends frames 1 ms apart, and tells which came out in the end.
  std::vector<std::uint32_t> run(std::uint32_t count, ImpairedLane& through) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < count; ++i, now += 1ms) {
      through.admit(frame(i), now);
      through.release(batch, now);
      for (const Packet& packet : batch.packets()) numbers.push_back(number(packet));
      batch.clear();
    }
    return numbers;
  }

  Instant now{1h};
  PacketPool pool{{.small = 4096, .large = 0}};
  Batch batch;
  ImpairedLane lane{Direction::out, {"client/eth0", 1}};
  std::uint32_t next_number = 0;
};

TEST_F(Lane, IsIdleUntilItIsImpaired) {
  EXPECT_TRUE(lane.is_idle());
  impair("delay 1ms");
  EXPECT_FALSE(lane.is_idle());
}

TEST_F(Lane, DelaysEachFrameAlike) {
  impair("delay 20ms");
  send();
  now += 5ms;
  send();
  EXPECT_EQ(lane.next_deadline(), now + 15ms);
  now += 15ms - 1ns;
  EXPECT_THAT(arrived(), ElementsAre());
  now += 1ns;
  EXPECT_THAT(arrived(), ElementsAre(0));
  EXPECT_EQ(lane.next_deadline(), now + 5ms);
  now += 5ms;
  EXPECT_THAT(arrived(), ElementsAre(1));
  EXPECT_EQ(lane.next_deadline(), std::nullopt);
}

TEST_F(Lane, JitterStaysWithinItsBoundsAndUsesThem) {
  impair("delay 10ms jitter 4ms");
  Duration shortest = 1h;
  Duration longest{};
  for (int i = 0; i < 1000; ++i, now += 1s) {
    send();
    const Duration took = *lane.next_deadline() - now;
    shortest = std::min(shortest, took);
    longest = std::max(longest, took);
    now += 14ms;
    ASSERT_EQ(arrived().size(), 1u);
  }
  EXPECT_GE(shortest, 6ms);
  EXPECT_LE(shortest, 6100us);
  EXPECT_LE(longest, 14ms);
  EXPECT_GE(longest, 13900us);
}

TEST_F(Lane, OrderIsKeptInSpiteOfJitter) {
  impair("delay 10ms jitter 10ms");
  const auto numbers = run(1000, lane);
  EXPECT_GT(numbers.size(), 900u);
  EXPECT_TRUE(std::ranges::is_sorted(numbers));
}

TEST_F(Lane, AJitterAboveTheDelayNeverLeadsIntoThePast) {
  impair("jitter 5ms");
  for (int i = 0; i < 100; ++i, now += 1s) {
    send();
    EXPECT_GE(*lane.next_deadline(), now);
    now += 5ms;
    ASSERT_EQ(arrived().size(), 1u);
  }
}

// The bounds are four standard deviations of the binomial distribution wide.
TEST_F(Lane, LosesTheShareThatWasAskedFor) {
  impair("loss 20% seed 7");
  constexpr std::uint32_t count = 10'000;
  const auto numbers = run(count, lane);
  EXPECT_NEAR(static_cast<double>(count - numbers.size()), 2000, 160);
  EXPECT_EQ(lane.counters().lost, count - numbers.size());
  EXPECT_EQ(lane.counters().passed, numbers.size());
}

TEST_F(Lane, LosesAllOrNone) {
  impair("loss 100%");
  EXPECT_THAT(run(500, lane), ElementsAre());
  impair("duplicate 0.0001%");
  EXPECT_EQ(run(500, lane).size(), 500u);
}

TEST_F(Lane, TheSameSeedLosesTheSameFrames) {
  ImpairedLane again(Direction::out, {"client/eth0", 99});
  const auto options = parse_impairment("loss 30% seed 7").value();
  lane.set(options, now);
  again.set(options, now);
  EXPECT_EQ(run(300, lane), run(300, again));
}

TEST_F(Lane, FatesDependNeitherOnTheTimeNorOnOtherOptions) {
  ImpairedLane again(Direction::out, {"client/eth0", 1});
  lane.set(parse_impairment("loss 30% seed 7").value(), now);
  again.set(parse_impairment("loss 30% corrupt 0.0001% jitter 1us seed 7").value(), now);
  const auto lost_by = [&](ImpairedLane& each) {
    std::vector<std::uint64_t> lost;
    for (int i = 0; i < 300; ++i, now += 10ms) {
      each.admit(frame(0), now);
      each.release(batch, now + 1ms);
      batch.clear();
      lost.push_back(each.counters().lost);
    }
    return lost;
  };
  const auto lost = lost_by(lane);
  now += 1h;
  EXPECT_EQ(lost, lost_by(again));
}

TEST_F(Lane, OneSeedAtOtherEndsLosesOtherFrames) {
  const auto options = parse_impairment("loss 50% seed 7").value();
  ImpairedLane elsewhere(Direction::out, {"server/eth0", 1});
  ImpairedLane back(Direction::in, {"client/eth0", 1});
  for (ImpairedLane* const each : {&lane, &elsewhere, &back}) each->set(options, now);
  const auto here = run(200, lane);
  EXPECT_NE(here, run(200, elsewhere));
  EXPECT_NE(here, run(200, back));
}

TEST_F(Lane, WithoutASeedTheMachinesOwnIsTaken) {
  const auto options = parse_impairment("loss 50%").value();
  ImpairedLane same(Direction::out, {"client/eth0", 1});
  ImpairedLane other(Direction::out, {"client/eth0", 2});
  for (ImpairedLane* const each : {&lane, &same, &other}) each->set(options, now);
  const auto here = run(200, lane);
  EXPECT_EQ(here, run(200, same));
  EXPECT_NE(here, run(200, other));
}

TEST_F(Lane, ADuplicateFollowsItsFrame) {
  impair("duplicate 100%");
  send(2);
  EXPECT_THAT(arrived(), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(lane.counters().duplicated, 2u);
  EXPECT_EQ(lane.counters().passed, 4u);
}

TEST_F(Lane, ReorderedFramesOvertake) {
  impair("delay 10ms reorder 25% seed 3");
  const auto numbers = run(2000, lane);
  EXPECT_FALSE(std::ranges::is_sorted(numbers));
  EXPECT_NEAR(static_cast<double>(lane.counters().reordered), 500, 80);
  std::vector<std::uint32_t> late;  // those that did not overtake are in order among themselves
  std::uint32_t newest = 0;
  for (const std::uint32_t each : numbers) {
    if (each < newest) late.push_back(each);
    newest = std::max(newest, each);
  }
  EXPECT_TRUE(std::ranges::is_sorted(late));
}

TEST_F(Lane, AllReorderedIsNoDelay) {
  impair("delay 10ms reorder 100%");
  send(3);
  EXPECT_THAT(arrived(), ElementsAre(0, 1, 2));
}

TEST_F(Lane, CorruptionFlipsExactlyOneBitAnywhere) {
  impair("corrupt 100%");
  std::vector<int> where(frame_bytes);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    lane.admit(frame(0), now);
    lane.release(batch, now);
    int flipped = 0;
    for (std::size_t at = 0; at < frame_bytes; ++at) {
      const auto value = std::to_integer<unsigned char>(batch.packets()[0].bytes()[at]);
      flipped += std::popcount(value);
      where[at] += value != 0 ? 1 : 0;
    }
    ASSERT_EQ(flipped, 1);
    batch.clear();
  }
  EXPECT_EQ(lane.counters().corrupted, 2000u);
  EXPECT_GT(std::ranges::min(where), 0) << "some byte is never hit";
}

TEST_F(Lane, ACopyIsMadeBeforeTheDamage) {
  impair("duplicate 100% corrupt 100%");
  lane.admit(frame(0), now);
  lane.release(batch, now);
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_TRUE(std::ranges::all_of(batch.packets()[1].bytes(),
                                  [](std::byte each) { return each == std::byte{}; }));
}

TEST_F(Lane, RateSpacesFramesByTheirBits) {
  impair("rate 1mbit");
  send(3);
  EXPECT_THAT(arrived(), ElementsAre());
  now += 1ms;  // 1000 bits at 1 mbit/s
  EXPECT_THAT(arrived(), ElementsAre(0));
  now += 1ms;
  EXPECT_THAT(arrived(), ElementsAre(1));
  now += 10ms;  // the wire falls idle: nobody gets that time back
  EXPECT_THAT(arrived(), ElementsAre(2));
  send(2);
  now += 1ms;
  EXPECT_THAT(arrived(), ElementsAre(3));
}

TEST_F(Lane, RateComesBeforeTheDelay) {
  impair("rate 1mbit delay 5ms");
  send(2);
  EXPECT_EQ(lane.next_deadline(), now + 6ms);
  now += 7ms;
  EXPECT_THAT(arrived(), ElementsAre(0, 1));
}

TEST_F(Lane, MoreThanTheLimitMayNotWait) {
  impair("delay 10ms limit 3");
  send(5);
  EXPECT_EQ(lane.waiting(), 3u);
  EXPECT_EQ(lane.counters().queue_full, 2u);
  now += 10ms;
  EXPECT_THAT(arrived(), ElementsAre(0, 1, 2));
  send();
  now += 10ms;
  EXPECT_THAT(arrived(), ElementsAre(5));
}

TEST_F(Lane, TheLimitIsNotForFramesThatNeedNotWait) {
  impair("duplicate 100% limit 1");
  send(Batch::capacity);
  EXPECT_EQ(arrived().size(), 2 * Batch::capacity);
  EXPECT_EQ(lane.counters().queue_full, 0u);
}

TEST_F(Lane, ADroppedFrameTakesNoTimeOfTheWire) {
  impair("rate 1mbit limit 1");
  send(5);
  EXPECT_EQ(lane.counters().queue_full, 4u);
  now += 1ms;
  EXPECT_THAT(arrived(), ElementsAre(0));
  send();
  EXPECT_EQ(lane.next_deadline(), now + 1ms);
}

TEST_F(Lane, LeavesAQuarterOfThePoolToOthers) {
  impair("delay 1s limit 65536");
  for (std::uint32_t i = 0; i < 4096; ++i) lane.admit(frame(i), now);
  EXPECT_LE(lane.waiting(), 3073u);
  EXPECT_GE(lane.waiting(), 3000u);
  EXPECT_EQ(lane.waiting() + lane.counters().queue_full, 4096u);
  EXPECT_TRUE(pool.allocate(100));
}

TEST_F(Lane, ACopyThatFindsNoBufferIsCounted) {
  impair("duplicate 100%");
  std::vector<Packet> others;
  Packet last = frame(7);
  while (Packet each = pool.allocate(1)) others.push_back(std::move(each));
  lane.admit(std::move(last), now);
  EXPECT_THAT(arrived(), ElementsAre(7));
  EXPECT_EQ(lane.counters().queue_full, 1u);
}

TEST_F(Lane, OffLetsAllThroughAtOnceAndInOrder) {
  impair("delay 1s");
  send(2);
  impair("off");
  EXPECT_FALSE(lane.is_idle());
  send();
  EXPECT_THAT(arrived(), ElementsAre(0, 1, 2));
  EXPECT_TRUE(lane.is_idle());
}

TEST_F(Lane, AShorterDelayHurriesWhatIsUnderWay) {
  impair("delay 10s");
  send();
  impair("delay 5ms");
  send();
  now += 5ms;
  EXPECT_THAT(arrived(), ElementsAre(0, 1));
}

TEST_F(Lane, ALongerDelayLeavesAloneWhatIsUnderWay) {
  impair("delay 5ms");
  send();
  impair("delay 10s limit 1");
  now += 5ms;
  EXPECT_THAT(arrived(), ElementsAre(0));
}

TEST_F(Lane, CountersStartAnewWithEachImpairmentButNotWithOff) {
  impair("loss 100%");
  send(3);
  impair("off");
  EXPECT_EQ(lane.counters().lost, 3u);
  impair("loss 50%");
  EXPECT_EQ(lane.counters().lost, 0u);
}

TEST_F(Lane, GivesAllBuffersBack) {
  impair("delay 1ms jitter 1ms duplicate 30% reorder 30% loss 30% corrupt 30% limit 50");
  run(5000, lane);
  now += 1s;
  (void)arrived();
  EXPECT_EQ(pool.small_in_use().level(), 0u);
}

}  // namespace
}  // namespace smolstack::io
