#pragma once
// The table and the destinations that our forwarding table and its rivals are measured with.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "smolstack/measure/internet_table.hpp"

namespace smolstack::bench {

inline std::vector<Ipv4Prefix> internet_table(std::size_t count) {
  Random random(7);
  return measure::internet_prefixes(count, random);
}

/// Different hops that the table's prefixes lead to, by turns at random: a prefix and its
/// neighbours have the same one hardly ever, which is the worst for whoever compresses.
inline constexpr std::uint32_t hops = 256;

inline constexpr std::size_t queries = std::size_t{1} << 20;

inline std::vector<Ipv4Address> random_destinations() {
  Random random(8);
  return measure::destinations_anywhere(queries, random);
}

inline std::vector<Ipv4Address> inside_destinations(const std::vector<Ipv4Prefix>& prefixes) {
  Random random(9);
  return measure::destinations_inside(prefixes, queries, random);
}

inline std::vector<Ipv4Address> zipf_destinations(const std::vector<Ipv4Prefix>& prefixes) {
  Random random(10);
  return measure::destinations_by_rank(inside_destinations(prefixes), random);
}

/// What is asked for: any address, one inside of a prefix, or a few of those most of the time.
enum class Asked { anywhere, inside, zipf };

inline std::vector<Ipv4Address> destinations(Asked asked, const std::vector<Ipv4Prefix>& prefixes) {
  switch (asked) {
    case Asked::anywhere: return random_destinations();
    case Asked::inside: return inside_destinations(prefixes);
    case Asked::zipf: return zipf_destinations(prefixes);
  }
  return {};
}

}  // namespace smolstack::bench
