#include <array>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/route/internet_table.hpp"
#include "smolstack/route/fib.hpp"

namespace {

using namespace smolstack;
using bench::queries;

Ipv4Hop random_hop(Random& random) {
  return {.interface = IfIndex{2}, .gateway = Ipv4Address(1 + random.below(bench::hops))};
}

void fill(Ipv4Fib& fib, const std::vector<Ipv4Prefix>& prefixes) {
  Random random(12);
  for (const Ipv4Prefix& prefix : prefixes) fib.set(prefix, random_hop(random));
}

void fib_lookup(benchmark::State& state, bench::Asked asked) {
  const auto prefixes = bench::internet_table(static_cast<std::size_t>(state.range(0)));
  const auto addresses = bench::destinations(asked, prefixes);
  Ipv4Fib fib;
  fill(fib, prefixes);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fib.lookup(addresses[next]));
    next = (next + 1) % queries;
  }
}

void fib_find_64(benchmark::State& state, bench::Asked asked) {
  const auto prefixes = bench::internet_table(static_cast<std::size_t>(state.range(0)));
  const auto addresses = bench::destinations(asked, prefixes);
  Ipv4Fib fib;
  fill(fib, prefixes);
  std::array<HopId, 64> found{};
  std::size_t next = 0;
  for (auto _ : state) {
    fib.find(std::span(addresses).subspan(next, found.size()), found);
    benchmark::DoNotOptimize(found);
    next = (next + found.size()) % queries;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(found.size()) * state.iterations());
}

#define SMOL_SIZES ArgName("prefixes")->Arg(10)->Arg(1000)->Arg(100'000)->Arg(1'000'000)
BENCHMARK_CAPTURE(fib_lookup, random, bench::Asked::anywhere)->SMOL_SIZES;
BENCHMARK_CAPTURE(fib_lookup, inside, bench::Asked::inside)->SMOL_SIZES;
BENCHMARK_CAPTURE(fib_lookup, zipf, bench::Asked::zipf)->SMOL_SIZES;
BENCHMARK_CAPTURE(fib_find_64, random, bench::Asked::anywhere)->SMOL_SIZES;
BENCHMARK_CAPTURE(fib_find_64, inside, bench::Asked::inside)->SMOL_SIZES;
BENCHMARK_CAPTURE(fib_find_64, zipf, bench::Asked::zipf)->SMOL_SIZES;

void fib_build(benchmark::State& state) {
  const auto prefixes = bench::internet_table(static_cast<std::size_t>(state.range(0)));
  std::size_t memory = 0;
  for (auto _ : state) {
    Ipv4Fib fib;
    fill(fib, prefixes);
    state.PauseTiming();
    memory = fib.memory();
    state.ResumeTiming();
  }
  state.counters["MB"] = static_cast<double>(memory) * 1e-6;
}
BENCHMARK(fib_build)->SMOL_SIZES->Unit(benchmark::kMicrosecond);

/// By turns a prefix leads elsewhere, goes, and another one comes.
void fib_update(benchmark::State& state) {
  std::vector<Ipv4Prefix> present = bench::internet_table(static_cast<std::size_t>(state.range(0)));
  Ipv4Fib fib;
  fill(fib, present);
  Random random(11);
  const auto count = static_cast<std::uint32_t>(present.size());
  for (auto _ : state) {
    fib.set(present[random.below(count)], random_hop(random));
    Ipv4Prefix& goes = present[random.below(count)];
    fib.remove(goes);
    goes = measure::random_prefix(random);
    fib.set(goes, random_hop(random));
  }
  state.SetItemsProcessed(3 * state.iterations());
}
BENCHMARK(fib_update)->SMOL_SIZES;

}  // namespace
