// Our forwarding table beside DPDK's, on the same prefixes and the same destinations.
//
//   smol_fib_rivals --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/route/internet_table.hpp"
#include "smolstack/route/fib.hpp"

namespace {

using namespace smolstack;
using bench::queries;

/// What rte_fib is asked for at once: as many as a burst of packets.
constexpr std::size_t burst = 64;
constexpr std::uint32_t no_hop = 0;

/// DPDK's tables have names, each its own.
std::string new_name() {
  static unsigned number = 0;
  return "table" + std::to_string(number++);
}

[[noreturn]] void give_up(const std::string& doing) {
  std::fprintf(stderr, "%s: %s\n", doing.c_str(), rte_strerror(rte_errno));
  std::exit(1);
}

const std::vector<Ipv4Prefix>& table(std::size_t prefixes) {
  static const std::vector<Ipv4Prefix> million = bench::internet_table(1'000'000);
  static const std::vector<Ipv4Prefix> less(million.begin(), million.begin() + 100'000);
  return prefixes == less.size() ? less : million;
}

/// The hop that prefix number `i` leads to: 1 and up.
std::uint32_t hop_of(std::size_t i) {
  Random random(i);
  return 1 + random.below(bench::hops);
}

// --- The four tables, alike --------------------------------------------------------------------

class Ours {
 public:
  using Key = Ipv4Address;
  using Found = HopId;
  static Key key(Ipv4Address address) { return address; }

  explicit Ours(std::size_t) {}
  void set(const Ipv4Prefix& prefix, std::uint32_t hop) {
    fib_.set(prefix, {.interface = IfIndex{2}, .gateway = Ipv4Address(hop)});
  }
  void remove(const Ipv4Prefix& prefix) { fib_.remove(prefix); }
  void find(const Key* keys, Found* found) const {
    fib_.find(std::span(keys, burst), std::span(found, burst));
  }
  std::uint32_t hop(Found found) const {
    return found == HopId::none ? no_hop : fib_.hop(found)->gateway.host();
  }
  std::size_t memory() const { return fib_.memory(); }
  const Ipv4Fib& fib() const { return fib_; }

 private:
  Ipv4Fib fib_;
};

template <rte_fib_dir24_8_nh_sz Size>
class RteFib {
 public:
  using Key = std::uint32_t;
  using Found = std::uint64_t;
  static Key key(Ipv4Address address) { return address.host(); }

  explicit RteFib(std::size_t prefixes) {
    rte_fib_conf conf{};
    conf.type = RTE_FIB_DIR24_8;
    conf.default_nh = no_hop;
    conf.max_routes = static_cast<int>(prefixes + prefixes / 8);
    conf.dir24_8.nh_sz = Size;
    conf.dir24_8.num_tbl8 = 32'767;  // as many as the two-byte form can have
    fib_ = rte_fib_create(new_name().c_str(), 0, &conf);
    if (fib_ == nullptr) give_up("creating an rte_fib");
    // The scalar lookup is the best that a CPU without AVX-512 has.
    rte_fib_select_lookup(fib_, RTE_FIB_LOOKUP_DEFAULT);
  }
  ~RteFib() { rte_fib_free(fib_); }
  RteFib(const RteFib&) = delete;
  RteFib& operator=(const RteFib&) = delete;

  void set(const Ipv4Prefix& prefix, std::uint32_t hop) {
    if (rte_fib_add(fib_, prefix.network.host(), prefix.length, hop) != 0)
      give_up("adding to an rte_fib");
  }
  void remove(const Ipv4Prefix& prefix) {
    (void)rte_fib_delete(fib_, prefix.network.host(), prefix.length);
  }
  void find(const Key* keys, Found* found) const {
    // The library takes them as not const, and leaves them so.
    rte_fib_lookup_bulk(fib_, const_cast<Key*>(keys), found, burst);
  }
  static std::uint32_t hop(Found found) { return static_cast<std::uint32_t>(found); }
  static std::size_t memory() {
    constexpr std::size_t entry = std::size_t{1} << Size;
    return ((std::size_t{1} << 24) + std::size_t{32'767} * 256) * entry;
  }

 private:
  rte_fib* fib_;
};

class RteLpm {
 public:
  using Key = std::uint32_t;
  using Found = std::uint32_t;
  static Key key(Ipv4Address address) { return address.host(); }

  explicit RteLpm(std::size_t prefixes) {
    rte_lpm_config config{};
    config.max_rules = static_cast<std::uint32_t>(prefixes + prefixes / 8);
    config.number_tbl8s = 32'767;
    lpm_ = rte_lpm_create(new_name().c_str(), 0, &config);
    if (lpm_ == nullptr) give_up("creating an rte_lpm");
  }
  ~RteLpm() { rte_lpm_free(lpm_); }
  RteLpm(const RteLpm&) = delete;
  RteLpm& operator=(const RteLpm&) = delete;

  void set(const Ipv4Prefix& prefix, std::uint32_t hop) {
    if (rte_lpm_add(lpm_, prefix.network.host(), prefix.length, hop) != 0)
      give_up("adding to an rte_lpm");
  }
  void remove(const Ipv4Prefix& prefix) {
    (void)rte_lpm_delete(lpm_, prefix.network.host(), prefix.length);
  }
  void find(const Key* keys, Found* found) const {
    (void)rte_lpm_lookup_bulk(lpm_, keys, found, burst);
  }
  static std::uint32_t hop(Found found) {
    const bool is_hit = (found & RTE_LPM_LOOKUP_SUCCESS) != 0;
    return is_hit ? found & 0x00ffffffu : no_hop;
  }
  static std::size_t memory() {
    return ((std::size_t{1} << 24) + std::size_t{32'767} * 256) * sizeof(rte_lpm_tbl_entry);
  }

 private:
  rte_lpm* lpm_;
};

using RteFib2 = RteFib<RTE_FIB_DIR24_8_2B>;
using RteFib4 = RteFib<RTE_FIB_DIR24_8_4B>;

template <class Table>
std::unique_ptr<Table> filled(const std::vector<Ipv4Prefix>& prefixes) {
  auto made = std::make_unique<Table>(prefixes.size());
  for (std::size_t i = 0; i < prefixes.size(); ++i) made->set(prefixes[i], hop_of(i));
  return made;
}

// --- Lookup ------------------------------------------------------------------------------------

/// Makes sure that all tables say the same: what prefix holds each of some destinations.
template <class Table>
void check(const Table& asked, const Ours& ours, const std::vector<Ipv4Address>& addresses) {
  std::array<typename Table::Key, burst> keys;
  std::array<typename Table::Found, burst> found;
  for (std::size_t at = 0; at + burst <= addresses.size(); at += burst) {
    for (std::size_t i = 0; i < burst; ++i) keys[i] = Table::key(addresses[at + i]);
    asked.find(keys.data(), found.data());
    for (std::size_t i = 0; i < burst; ++i) {
      const HopId expected = ours.fib().find(addresses[at + i]);
      if (asked.hop(found[i]) == ours.hop(expected)) continue;
      std::fprintf(stderr, "the tables differ at %s\n", to_string(addresses[at + i]).c_str());
      std::exit(1);
    }
  }
}

template <class Table>
void lookup(benchmark::State& state, bench::Asked asked) {
  const auto& prefixes = table(static_cast<std::size_t>(state.range(0)));
  // Filled once for each size, not for each repetition.
  static std::size_t filled_for = 0;
  static std::unique_ptr<Table> made;
  static std::array<std::vector<Ipv4Address>, 3> sets;
  if (filled_for != prefixes.size()) {
    made.reset();
    made = filled<Table>(prefixes);
    filled_for = prefixes.size();
    const auto ours = filled<Ours>(prefixes);
    for (const bench::Asked each :
         {bench::Asked::anywhere, bench::Asked::inside, bench::Asked::zipf}) {
      sets[static_cast<std::size_t>(each)] = bench::destinations(each, prefixes);
      check(*made, *ours, sets[static_cast<std::size_t>(each)]);
    }
  }
  std::vector<typename Table::Key> keys;
  for (const Ipv4Address each : sets[static_cast<std::size_t>(asked)])
    keys.push_back(Table::key(each));
  std::array<typename Table::Found, burst> found;
  std::size_t at = 0;
  for (auto _ : state) {
    made->find(&keys[at], found.data());
    benchmark::DoNotOptimize(found);
    at = (at + burst) % queries;
  }
  state.counters["ns_per_lookup"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * burst * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// --- Building and changing ---------------------------------------------------------------------

template <class Table>
void build(benchmark::State& state) {
  const auto& prefixes = table(static_cast<std::size_t>(state.range(0)));
  std::size_t memory = 0;
  for (auto _ : state) memory = filled<Table>(prefixes)->memory();
  state.counters["MB"] = static_cast<double>(memory) * 1e-6;
}

/// A third each: a prefix leads elsewhere, goes, and another one comes.
template <class Table>
void update(benchmark::State& state) {
  const auto& prefixes = table(static_cast<std::size_t>(state.range(0)));
  const auto made = filled<Table>(prefixes);
  std::vector<Ipv4Prefix> present = prefixes;
  Random random(11);
  std::uint64_t updates = 0;
  for (auto _ : state) {
    const auto count = static_cast<std::uint32_t>(present.size());
    made->set(present[random.below(count)], 1 + random.below(bench::hops));
    Ipv4Prefix& goes = present[random.below(count)];
    made->remove(goes);
    goes = measure::random_prefix(random);
    made->set(goes, 1 + random.below(bench::hops));
    updates += 3;
  }
  state.counters["updates"] =
      benchmark::Counter(static_cast<double>(updates), benchmark::Counter::kIsRate);
}

template <class Table>
void enroll(const std::string& name, const std::vector<std::int64_t>& sizes) {
  const auto lookup_of = [](bench::Asked asked) {
    return [asked](benchmark::State& state) { lookup<Table>(state, asked); };
  };
  for (const std::int64_t size : sizes) {
    for (const auto& [asked, word] :
         {std::pair(bench::Asked::anywhere, "random"), std::pair(bench::Asked::inside, "inside"),
          std::pair(bench::Asked::zipf, "zipf")})
      benchmark::RegisterBenchmark(("lookup/" + std::string(word) + '/' + name).c_str(),
                                   lookup_of(asked))
          ->ArgName("prefixes")
          ->Arg(size);
    benchmark::RegisterBenchmark(("build/" + name).c_str(), build<Table>)
        ->ArgName("prefixes")
        ->Arg(size)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("update/" + name).c_str(), update<Table>)
        ->ArgName("prefixes")
        ->Arg(size);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // No hugepages, no devices, nothing left behind.
  std::vector<std::string> words{"fib_rivals", "--no-huge",   "--no-pci",       "-m",
                                 "4096",       "--no-shconf", "--no-telemetry", "--log-level=4"};
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) < 0)
    give_up("starting DPDK");

  enroll<Ours>("smolstack", {100'000, 1'000'000});
  enroll<RteFib2>("rte_fib_2", {100'000, 1'000'000});
  enroll<RteFib4>("rte_fib_4", {100'000, 1'000'000});
  enroll<RteLpm>("rte_lpm", {100'000});  // it looks through its rules one by one to add one
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  rte_eal_cleanup();
}
