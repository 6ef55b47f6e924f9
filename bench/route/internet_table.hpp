#pragma once
// Prefixes with the lengths of today's Internet table, and who is asked for.

#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "smolstack/base/random.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack::bench {

/// How many prefixes of each length a million has: /8 to /24 as in the global table of 2024, with
/// three per cent of longer ones, which routers learn from within their own network.
inline constexpr std::array<std::uint32_t, 33> lengths_per_million{
    0,       0,      0,       0,     0,     0,      0,     0,      16,     13,     40,
    100,     300,    620,     1230,  2150,  13'800, 8'400, 14'100, 25'700, 44'200, 50'500,
    109'000, 99'800, 600'031, 4'000, 4'000, 4'000,  4'000, 4'000,  3'000,  2'000,  5'000};

inline unsigned random_length(Random& random) {
  std::uint32_t die = random.below(1'000'000);
  unsigned length = 8;
  while (length < 24 && die >= lengths_per_million[length]) die -= lengths_per_million[length++];
  if (length < 24 || die < lengths_per_million[24]) return length;
  die -= lengths_per_million[24];
  for (length = 25; length < 32 && die >= lengths_per_million[length];)
    die -= lengths_per_million[length++];
  return length;
}

/// An address in the unicast space: 1.0.0.0 to 223.255.255.255.
inline Ipv4Address random_unicast(Random& random) {
  return Ipv4Address(0x01000000u + random.below(0xdf000000u));
}

inline Ipv4Prefix random_prefix(Random& random) {
  const unsigned length = random_length(random);
  return Ipv4Prefix::of(random_unicast(random), length);
}

/// So many different prefixes, in random order.
inline std::vector<Ipv4Prefix> internet_table(std::size_t count) {
  Random random(7);
  std::unordered_set<std::uint64_t> seen;
  std::vector<Ipv4Prefix> prefixes;
  while (prefixes.size() < count) {
    const Ipv4Prefix prefix = random_prefix(random);
    const std::uint64_t key = std::uint64_t{prefix.network.host()} << 8 | prefix.length;
    if (seen.insert(key).second) prefixes.push_back(prefix);
  }
  return prefixes;
}

/// Different hops that the table's prefixes lead to, by turns at random: a prefix and its
/// neighbours have the same one hardly ever, which is the worst for whoever compresses.
inline constexpr std::uint32_t hops = 256;

inline constexpr std::size_t queries = std::size_t{1} << 20;

/// Destinations anywhere.
inline std::vector<Ipv4Address> random_destinations() {
  Random random(8);
  std::vector<Ipv4Address> found(queries);
  for (Ipv4Address& each : found) each = Ipv4Address(static_cast<std::uint32_t>(random.next()));
  return found;
}

/// Destinations that the table holds, each prefix as often.
inline std::vector<Ipv4Address> inside_destinations(const std::vector<Ipv4Prefix>& prefixes) {
  Random random(9);
  std::vector<Ipv4Address> found(queries);
  for (Ipv4Address& each : found) {
    const auto count = static_cast<std::uint32_t>(prefixes.size());
    const Ipv4Prefix& prefix = prefixes[random.below(count)];
    const std::uint32_t host = static_cast<std::uint32_t>(random.next());
    each = Ipv4Address(prefix.network.host() | (host & ~Ipv4Prefix::mask_of(prefix.length)));
  }
  return found;
}

/// A few of those get most of the packets: rank r is asked for in proportion to 1/r (Zipf).
inline std::vector<Ipv4Address> zipf_destinations(const std::vector<Ipv4Prefix>& prefixes) {
  const std::vector<Ipv4Address> population = inside_destinations(prefixes);
  Random random(10);
  std::vector<Ipv4Address> found(queries);
  for (Ipv4Address& each : found) {
    const double uniform = static_cast<double>(random.next() >> 11) * 0x1p-53;
    const double rank = std::pow(static_cast<double>(queries), uniform) - 1;
    each = population[static_cast<std::size_t>(rank)];
  }
  return found;
}

}  // namespace smolstack::bench
