#include <cmath>
#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/base/random.hpp"
#include "smolstack/route/fib.hpp"

namespace {

using namespace smolstack;

/// Prefix lengths roughly as the Internet's table has them: most are /24, few are short.
unsigned prefix_length(Random& random) {
  const std::uint32_t die = random.below(100);
  if (die < 60) return 24;
  if (die < 85) return 20 + random.below(4);
  if (die < 98) return 14 + random.below(6);
  return 8 + random.below(6);
}

std::vector<Ipv4Route> make_routes(std::int64_t count) {
  Random random(7);
  std::vector<Ipv4Route> routes;
  for (std::int64_t i = 0; i < count; ++i) {
    Ipv4Route route;
    const Ipv4Address within(static_cast<std::uint32_t>(random.next()));
    route.prefix = Ipv4Prefix::of(within, prefix_length(random));
    route.interface = IfIndex{2};
    routes.push_back(route);
  }
  return routes;
}

constexpr std::size_t queries = 1u << 16;

/// Destinations anywhere: the worst case for the caches.
std::vector<Ipv4Address> random_destinations() {
  Random random(8);
  std::vector<Ipv4Address> found(queries);
  for (Ipv4Address& each : found) each = Ipv4Address(static_cast<std::uint32_t>(random.next()));
  return found;
}

/// A few destinations get most of the packets: rank r is asked for in proportion to 1/r.
std::vector<Ipv4Address> skewed_destinations() {
  const std::vector<Ipv4Address> population = random_destinations();
  Random random(9);
  std::vector<Ipv4Address> found(queries);
  for (Ipv4Address& each : found) {
    const double uniform = static_cast<double>(random.below(1u << 20)) / (1u << 20);
    const double rank = std::pow(static_cast<double>(queries), uniform) - 1;
    each = population[static_cast<std::size_t>(rank)];
  }
  return found;
}

template <std::vector<Ipv4Address> (*Destinations)()>
void fib_lookup(benchmark::State& state) {
  const Ipv4Fib fib(make_routes(state.range(0)));
  const std::vector<Ipv4Address> destinations = Destinations();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fib.lookup(destinations[next]));
    next = (next + 1) % queries;
  }
}
BENCHMARK(fib_lookup<random_destinations>)
    ->Name("fib_lookup_random")
    ->ArgName("prefixes")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000)
    ->Arg(1'000'000);
BENCHMARK(fib_lookup<skewed_destinations>)
    ->Name("fib_lookup_skewed")
    ->ArgName("prefixes")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000)
    ->Arg(1'000'000);

void fib_build(benchmark::State& state) {
  const std::vector<Ipv4Route> routes = make_routes(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Ipv4Fib(routes));
}
BENCHMARK(fib_build)
    ->ArgName("prefixes")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
