#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/checksum.hpp"

namespace {

using namespace smolstack;

std::vector<std::byte> some_bytes(benchmark::State& state) {
  Random random(1);
  std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

/// RFC 1071 §4.1 word for word: what the wide sum is measured against.
std::uint16_t naive_checksum(ConstBytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? value << 8 : value;
    sum = (sum & 0xffffu) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

template <std::uint16_t (*Checksum)(ConstBytes)>
void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes = some_bytes(state);
  if (Checksum(bytes) != naive_checksum(bytes)) state.SkipWithError("wrong checksum");
  for (auto _ : state) benchmark::DoNotOptimize(Checksum(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(checksum<internet_checksum>)
    ->Name("checksum")
    ->Arg(20)
    ->Arg(64)
    ->Arg(576)
    ->Arg(1500)
    ->Arg(9000)
    ->Arg(65535);
BENCHMARK(checksum<naive_checksum>)
    ->Name("checksum_naive")
    ->Arg(20)
    ->Arg(64)
    ->Arg(576)
    ->Arg(1500)
    ->Arg(9000)
    ->Arg(65535);

void checksum_update(benchmark::State& state) {
  std::uint16_t checksum = 0x1234;
  std::uint16_t word = 0x4001;
  for (auto _ : state) {
    checksum = update_checksum(checksum, word, static_cast<std::uint16_t>(word - 0x100));
    benchmark::DoNotOptimize(checksum);
    ++word;
  }
}
BENCHMARK(checksum_update);

}  // namespace
