#include "smolstack/time/timer_wheel.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "smolstack/base/random.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{50s};

std::vector<int> due(TimerWheel<int>& wheel, Instant now) {
  std::vector<int> tokens;
  wheel.advance(now, [&](int token) { tokens.push_back(token); });
  return tokens;
}

using Tokens = std::vector<int>;

TEST(TimerWheel, FiresWhenItsTimeHasComeAndNotBefore) {
  TimerWheel<int> wheel;
  wheel.schedule(start, 10ms, 1);
  EXPECT_EQ(due(wheel, start + 9ms), Tokens{});
  EXPECT_EQ(due(wheel, start + 10ms), Tokens{1});
  EXPECT_EQ(due(wheel, start + 1h), Tokens{});
}

TEST(TimerWheel, FiresInOrderThoughTimeJumps) {
  TimerWheel<int> wheel;
  for (const int seconds : {300, 1, 5000, 70, 4}) wheel.schedule(start, seconds * 1s, seconds);
  EXPECT_EQ(due(wheel, start + 10'000s), (Tokens{1, 4, 70, 300, 5000}));
}

TEST(TimerWheel, CancelsOnlyTheTimerMeant) {
  TimerWheel<int> wheel;
  const TimerId first = wheel.schedule(start, 10ms, 1);
  wheel.cancel(first);
  wheel.schedule(start, 10ms, 2);  // may lie where the first one lay
  wheel.cancel(first);
  wheel.cancel(TimerId::none);
  EXPECT_EQ(due(wheel, start + 20ms), Tokens{2});
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, HandsOutATimerThatIsDueAtOnceWithinATick) {
  TimerWheel<int> wheel;
  wheel.schedule(start, 0ms, 1);
  EXPECT_EQ(due(wheel, start + TimerWheel<int>::tick), Tokens{1});
}

TEST(TimerWheel, LetsItsTokensScheduleAndCancelOthers) {
  TimerWheel<int> wheel;
  const TimerId later = wheel.schedule(start, 20ms, 9);
  wheel.schedule(start, 10ms, 1);
  Tokens fired;
  wheel.advance(start + 1s, [&](int token) {
    fired.push_back(token);
    wheel.cancel(later);
    if (token < 3) wheel.schedule(start + 1s, 10ms, token + 1);
  });
  EXPECT_EQ(fired, Tokens{1});
  EXPECT_EQ(due(wheel, start + 2s), Tokens{2});
}

TEST(TimerWheel, CarriesTimersOverEveryEdgeOfItsWheels) {
  for (const std::int64_t edge : {64, 64 * 64, 64 * 64 * 64, 64 * 64 * 64 * 64})
    for (std::int64_t delta = -2; delta <= 2; ++delta)
      for (const std::int64_t offset : {0, 1, 63, 64, 4095, 4096}) {
        TimerWheel<int> wheel;
        const Instant now{offset * 1ms};
        const Duration delay = (edge + delta) * 1ms;
        wheel.schedule(now, delay, 1);
        ASSERT_EQ(due(wheel, now + delay - 1ms), Tokens{}) << edge << ' ' << delta << ' ' << offset;
        ASSERT_EQ(due(wheel, now + delay), Tokens{1}) << edge << ' ' << delta << ' ' << offset;
      }
}

TEST(TimerWheel, KeepsATimerOfAYear) {
  TimerWheel<int> wheel;
  const Duration year = std::chrono::hours(24 * 365);
  wheel.schedule(start, year, 1);
  EXPECT_EQ(due(wheel, start + year - 1ms), Tokens{});
  EXPECT_EQ(due(wheel, start + year), Tokens{1});
}

TEST(TimerWheel, HasNoDeadlineWhenItIsEmpty) {
  TimerWheel<int> wheel;
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  wheel.cancel(wheel.schedule(start, 1s, 1));
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
}

TEST(TimerWheel, WakesItsOwnerOnceForATimer) {
  for (const Duration delay : {1ms, 63ms, 64ms, 100ms, 4'095ms, 5'001ms, 262'144ms, 3'600'000ms})
    for (const Instant now : {start, start + 37ms, start + 12'345ms}) {
      TimerWheel<int> wheel;
      wheel.schedule(now, delay, 1);
      ASSERT_EQ(wheel.next_deadline(), now + delay);
      EXPECT_EQ(due(wheel, now + delay), Tokens{1});
    }
}

TEST(TimerWheel, TellsTheFirstDeadlineOfAllItsWheels) {
  TimerWheel<int> wheel;
  wheel.schedule(start, 5'000ms, 1);
  wheel.schedule(start, 4'990ms, 2);
  wheel.schedule(start, 300'000ms, 3);
  EXPECT_EQ(due(wheel, start + 4'100ms), Tokens{});
  // In a finer wheel, and before what lies in coarser ones.
  wheel.schedule(start + 4'100ms, 880ms, 4);
  EXPECT_EQ(wheel.next_deadline(), start + 4'980ms);
  EXPECT_EQ(due(wheel, start + 4'980ms), Tokens{4});
  EXPECT_EQ(wheel.next_deadline(), start + 4'990ms);
}

TEST(TimerWheel, DoesNotSearchACrowdForTheFirstOfIt) {
  TimerWheel<int> wheel;
  for (int i = 0; i < 1000; ++i) wheel.schedule(start, 5'000ms, i);
  EXPECT_GT(wheel.next_deadline(), start);
  EXPECT_LT(wheel.next_deadline(), start + 5'000ms);
  EXPECT_EQ(due(wheel, *wheel.next_deadline()), Tokens{});
}

/// The wheel beside a map that does the same slowly.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : random_(seed) {}

  void act() {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2: return schedule();
      case 3: return cancel();
      case 4: return advance(random_delay());
      default: return advance_to_deadline();
    }
  }
  void finish() {
    while (!model_.empty()) advance(std::chrono::hours(20));
    EXPECT_EQ(wheel_.size(), 0u);
  }

 private:
  struct Timer {
    int token;
    TimerId id;
  };

  Duration random_delay() {
    const std::array<std::uint32_t, 6> spans{1'000'000,   70'000'000,    4'200'000'000,
                                             100'000'000, 3'000'000'000, 999'999};
    const Duration fine(random_.below(spans[random_.below(6)]));
    return random_.below(5) == 0 ? fine * 20'000 : fine;
  }

  void schedule() {
    const Duration delay = random_delay();
    const TimerId id = wheel_.schedule(now_, delay, ++last_);
    model_.emplace(now_ + delay, Timer{last_, id});
  }

  void cancel() {
    if (model_.empty()) return;
    const auto victim =
        std::next(model_.begin(), random_.below(static_cast<std::uint32_t>(model_.size())));
    wheel_.cancel(victim->second.id);
    model_.erase(victim);
  }

  /// Whoever sleeps until next_deadline() must not miss a timer by more than a tick.
  void advance_to_deadline() {
    const auto next = wheel_.next_deadline();
    ASSERT_EQ(next.has_value(), !model_.empty());
    if (!next) return;
    ASSERT_LE(*next, model_.begin()->first + TimerWheel<int>::tick);
    advance(std::max(*next - now_, Duration(0)));
  }

  void advance(Duration by) {
    now_ += by;
    wheel_.advance(now_, [this](int token) { fired(token); });
    if (!model_.empty()) {
      ASSERT_GT(model_.begin()->first + TimerWheel<int>::tick, now_);
    }
    ASSERT_EQ(wheel_.size(), model_.size());
  }

  void fired(int token) {
    const auto at = std::ranges::find_if(
        model_, [token](const auto& each) { return each.second.token == token; });
    ASSERT_NE(at, model_.end()) << "fired, though cancelled or fired before";
    ASSERT_LE(at->first, now_) << "fired early";
    model_.erase(at);
  }

  Random random_;
  TimerWheel<int> wheel_;
  std::multimap<Instant, Timer> model_;
  Instant now_{start};
  int last_ = 0;
};

TEST(TimerWheel, AgreesWithAMapUnderRandomUse) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Twins twins(seed);
    for (int i = 0; i < 2000 && !testing::Test::HasFatalFailure(); ++i) twins.act();
    twins.finish();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace smolstack
