#include "smolstack/measure/internet_table.hpp"

#include <array>
#include <cmath>
#include <unordered_set>

namespace smolstack::measure {
namespace {

/// How many prefixes of each length a million has: /8 to /24 as in the global table of 2024, with
/// three per cent of longer ones, which routers learn from within their own network.
constexpr std::array<std::uint32_t, 33> lengths_per_million{
    0,       0,      0,       0,     0,     0,      0,     0,      16,     13,     40,
    100,     300,    620,     1230,  2150,  13'800, 8'400, 14'100, 25'700, 44'200, 50'500,
    109'000, 99'800, 600'031, 4'000, 4'000, 4'000,  4'000, 4'000,  3'000,  2'000,  5'000};

unsigned prefix_length(Random& random) {
  std::uint32_t die = random.below(1'000'000);
  unsigned length = 8;
  while (length < 32 && die >= lengths_per_million[length]) die -= lengths_per_million[length++];
  return length;
}

/// Forwardable unicast (169.254/16 is not: RFC 3927 §2.7), and none of the networks that the
/// routers of our benchmarks are in.
bool is_usable(Ipv4Address network) {
  const std::uint32_t first = network.host() >> 24;
  return first > 0 && first < 224 && first != 10 && first != 127 && first != 169;
}

std::uint64_t key_of(const Ipv4Prefix& prefix) {
  return std::uint64_t{prefix.network.host()} << 6 | prefix.length;
}

}  // namespace

Ipv4Prefix random_prefix(Random& random) {
  const unsigned length = prefix_length(random);
  for (;;) {
    const Ipv4Address within(static_cast<std::uint32_t>(random.next()));
    const Ipv4Prefix prefix = Ipv4Prefix::of(within, length);
    if (is_usable(prefix.network)) return prefix;
  }
}

std::vector<Ipv4Prefix> internet_prefixes(std::size_t count, Random& random) {
  std::vector<Ipv4Prefix> prefixes;
  std::unordered_set<std::uint64_t> known;
  prefixes.reserve(count);
  known.reserve(count);
  while (prefixes.size() < count) {
    const Ipv4Prefix prefix = random_prefix(random);
    if (known.insert(key_of(prefix)).second) prefixes.push_back(prefix);
  }
  return prefixes;
}

std::vector<Ipv4Address> destinations_inside(const std::vector<Ipv4Prefix>& prefixes,
                                             std::size_t count, Random& random) {
  std::vector<Ipv4Address> found(count);
  for (Ipv4Address& each : found) {
    const Ipv4Prefix& prefix = prefixes[random.below(static_cast<std::uint32_t>(prefixes.size()))];
    const auto host =
        static_cast<std::uint32_t>(random.next()) & ~Ipv4Prefix::mask_of(prefix.length);
    each = Ipv4Address(prefix.network.host() | host);
  }
  return found;
}

std::vector<Ipv4Address> destinations_anywhere(std::size_t count, Random& random) {
  std::vector<Ipv4Address> found(count);
  for (Ipv4Address& each : found) each = Ipv4Address(static_cast<std::uint32_t>(random.next()));
  return found;
}

std::vector<Ipv4Address> destinations_by_rank(const std::vector<Ipv4Address>& population,
                                              Random& random) {
  std::vector<Ipv4Address> found(population.size());
  for (Ipv4Address& each : found) {
    const double uniform = static_cast<double>(random.next() >> 11) * 0x1p-53;
    const double rank = std::pow(static_cast<double>(population.size()), uniform) - 1;
    each = population[static_cast<std::size_t>(rank)];
  }
  return found;
}

}  // namespace smolstack::measure
