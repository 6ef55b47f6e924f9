#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/neighbor/cache.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace {

using namespace smolstack;

constexpr Instant start{std::chrono::seconds(1)};

NeighborKey key_of(std::uint32_t n) {
  return {IfIndex{2}, Ipv4Address(0x0a000001u + n)};
}

/// The link address of a neighbour that is known, among `entries`, each asked in turn.
void neighbor_resolve(benchmark::State& state) {
  const auto entries = static_cast<std::uint32_t>(state.range(0));
  Random random(1);
  NeighborCache cache(random, NeighborLimits{}, NeighborTimers{});
  for (std::uint32_t n = 0; n < entries; ++n)
    cache.set(key_of(n), default_mac(key_of(n).address), NeighborState::permanent, start);

  std::uint32_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.resolve(key_of(n), start));
    if (++n == entries) n = 0;
  }
  if (cache.resolve(key_of(entries - 1), start) == nullptr) state.SkipWithError("not resolved");
}
BENCHMARK(neighbor_resolve)->ArgName("entries")->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
