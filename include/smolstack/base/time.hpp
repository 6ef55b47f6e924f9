#pragma once
// The core's idea of time.

#include <chrono>

namespace smolstack {

/// The core's clock has no now(): the core is told the time and cannot ask. Whoever drives it
/// passes monotonic time; a test passes what it likes.
struct StackClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<StackClock>;
  static constexpr bool is_steady = true;
};

using Instant = StackClock::time_point;
using Duration = StackClock::duration;

}  // namespace smolstack
