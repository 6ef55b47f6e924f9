// The whole way through a router in memory. The names are WHAT/WHO: rivals stand in bench/rivals.

#include <array>
#include <map>
#include <memory>

#include <benchmark/benchmark.h>

#include "smolstack/measure/forward_course.hpp"

namespace {

using namespace smolstack;
using measure::ForwardCourse;

/// The course of the benchmark's arguments. It is made once, since a table of a million routes
/// takes longer to fill than to measure.
ForwardCourse& course_of(const benchmark::State& state) {
  using Key = std::array<std::int64_t, 3>;
  static std::map<Key, std::unique_ptr<ForwardCourse>> made;
  const Key key{state.range(0), state.range(1), state.range(2)};
  auto& course = made[key];
  if (!course)
    course = std::make_unique<ForwardCourse>(
        ForwardCourse::Shape{static_cast<std::size_t>(key[0]), static_cast<std::size_t>(key[1]),
                             static_cast<std::size_t>(key[2])});
  return *course;
}

void count_packets(benchmark::State& state) {
  const auto packets = state.iterations() * state.range(1);
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void forward(benchmark::State& state) {
  ForwardCourse& course = course_of(state);
  for (auto _ : state) {
    course.renew();
    if (!course.forward()) return state.SkipWithError("frames were lost");
  }
  count_packets(state);
}
BENCHMARK(forward)
    ->Name("forward/ours")
    ->ArgNames({"bytes", "batch", "routes"})
    ->ArgsProduct({{64, 1500}, {1, 64, 256}, {1, 16}})
    ->Args({64, 64, 8})
    ->Args({64, 64, 1'000'000});

/// What the benchmark itself does to each frame; it is in the figures of `forward`.
void forward_renewal(benchmark::State& state) {
  ForwardCourse& course = course_of(state);
  for (auto _ : state) {
    course.renew();
    benchmark::ClobberMemory();
  }
  count_packets(state);
}
BENCHMARK(forward_renewal)
    ->ArgNames({"bytes", "batch", "routes"})
    ->Args({64, 64, 16})
    ->Args({64, 64, 1'000'000});

}  // namespace
