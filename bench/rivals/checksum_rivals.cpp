// Our Internet checksum beside DPDK's. Theirs is inline and compiled here, with DPDK's own flags;
// ours comes from the library as everybody gets it.

#include <rte_ip.h>
#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/checksum.hpp"

namespace {

using namespace smolstack;

std::vector<std::byte> some_bytes(std::int64_t size) {
  Random random(1);
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

/// What RFC 1071 calls the checksum is the complement of the raw sum, in network order.
std::uint16_t theirs(ConstBytes bytes) {
  return swap_if_little(static_cast<std::uint16_t>(~rte_raw_cksum(bytes.data(), bytes.size())));
}

template <std::uint16_t (*Checksum)(ConstBytes)>
void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes = some_bytes(state.range(0));
  if (internet_checksum(bytes) != theirs(bytes)) state.SkipWithError("the two do not agree");
  for (auto _ : state) benchmark::DoNotOptimize(Checksum(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* each) {
  for (const std::int64_t size : {20, 64, 576, 1500, 9000, 65535}) each->Arg(size);
}

BENCHMARK(checksum<internet_checksum>)->Name("checksum/ours")->Apply(sizes);
BENCHMARK(checksum<theirs>)->Name("checksum/rte_raw_cksum")->Apply(sizes);

}  // namespace
