#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/base/random.hpp"
#include "smolstack/time/timer_wheel.hpp"

namespace {

using namespace smolstack;
using std::chrono::milliseconds;

Duration some_delay(Random& random) {
  return milliseconds(1 + random.below(60'000));
}

/// What a neighbour or a connection does most: put a timer off, with `timers` others waiting.
void timer_restart(benchmark::State& state) {
  Random random(1);
  Instant now{std::chrono::seconds(1)};
  TimerWheel<std::uint32_t> wheel;
  std::vector<TimerId> ids(static_cast<std::size_t>(state.range(0)));
  for (TimerId& id : ids) id = wheel.schedule(now, some_delay(random), 0);
  std::size_t next = 0;
  for (auto _ : state) {
    wheel.cancel(ids[next]);
    ids[next] = wheel.schedule(now, some_delay(random), 0);
    next = (next + 1) % ids.size();
  }
}
BENCHMARK(timer_restart)->ArgName("timers")->Arg(10)->Arg(1000)->Arg(100'000);

/// One millisecond passes; what came due is scheduled again.
void timer_advance(benchmark::State& state) {
  Random random(1);
  Instant now{std::chrono::seconds(1)};
  TimerWheel<std::uint32_t> wheel;
  for (std::int64_t i = 0; i < state.range(0); ++i) wheel.schedule(now, some_delay(random), 0);
  std::int64_t fired = 0;
  for (auto _ : state) {
    now += milliseconds(1);
    wheel.advance(now, [&](std::uint32_t token) {
      wheel.schedule(now, some_delay(random), token);
      ++fired;
    });
  }
  state.counters["fired_per_tick"] =
      benchmark::Counter(static_cast<double>(fired), benchmark::Counter::kAvgIterations);
}
BENCHMARK(timer_advance)->ArgName("timers")->Arg(10)->Arg(1000)->Arg(100'000);

}  // namespace
