#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/ipv4_options.hpp"

namespace {

using namespace smolstack;

/// A datagram of 84 bytes, as ping sends it, with `option_bytes` of options more.
std::vector<std::byte> datagram(std::size_t option_bytes) {
  const std::size_t header = sizeof(wire::Ipv4Header) + option_bytes;
  std::vector<std::byte> bytes(header + 64, std::byte{0});
  std::fill_n(bytes.begin() + sizeof(wire::Ipv4Header), option_bytes,
              std::byte{ipv4_option::no_operation});
  auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
  ip = wire::Ipv4Header();
  ip.version_ihl = static_cast<std::uint8_t>(0x40u | header / 4);
  ip.total_length = static_cast<std::uint16_t>(bytes.size());
  ip.protocol = ip_protocol::icmp;
  ip.source = Ipv4Address(10, 1, 1, 2);
  ip.destination = Ipv4Address(10, 1, 2, 2);
  finish_ipv4_header(Bytes(bytes).first(header));
  return bytes;
}

void ipv4_parse(benchmark::State& state) {
  std::vector<std::byte> bytes = datagram(static_cast<std::size_t>(state.range(0)));
  if (!parse_ipv4(bytes)) state.SkipWithError("not parsed");
  for (auto _ : state) benchmark::DoNotOptimize(parse_ipv4(bytes));
}
BENCHMARK(ipv4_parse)->ArgName("options")->Arg(0)->Arg(40);

void ipv4_decrement_ttl(benchmark::State& state) {
  std::vector<std::byte> bytes = datagram(0);
  auto& ip = header_at<wire::Ipv4Header>(Bytes(bytes));
  for (auto _ : state) {
    ip.decrement_ttl();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(ipv4_decrement_ttl);

}  // namespace
