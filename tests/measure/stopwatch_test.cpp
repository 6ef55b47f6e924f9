#include "smolstack/measure/stopwatch.hpp"

#include <gmock/gmock.h>

namespace smolstack::measure {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Keeps this thread busy for so much CPU time.
void spend(nanoseconds time) {
  const auto end = cpu_time() + time;
  while (cpu_time() < end) continue;
}

TEST(Stopwatch, TellsWhatOneOperationTook) {
  const Timing timing =
      time_of([] { spend(std::chrono::microseconds(100)); }, 10, {milliseconds(2), 5});
  EXPECT_GE(timing.min, 10'000);
  EXPECT_LE(timing.min, timing.median);
  EXPECT_LE(timing.median, timing.max);
}

TEST(Stopwatch, CallsOftenEnoughToFillARun) {
  std::size_t calls = 0;
  const Effort effort{milliseconds(2), 3};
  const auto began = cpu_time();
  (void)time_of([&calls] { keep(++calls); }, 1, effort);
  // The last try filled a run, and so did the three runs, or nearly.
  EXPECT_GE(cpu_time() - began, milliseconds(4));
  EXPECT_GT(calls, 1000u);
}

}  // namespace
}  // namespace smolstack::measure
