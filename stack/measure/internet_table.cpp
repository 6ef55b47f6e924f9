#include "smolstack/measure/internet_table.hpp"

#include <unordered_set>

namespace smolstack::measure {
namespace {

unsigned prefix_length(Random& random) {
  const std::uint32_t die = random.below(100);
  if (die < 60) return 24;
  if (die < 90) return 19 + random.below(5);
  if (die < 98) return 10 + random.below(9);
  return 25 + random.below(8);
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

std::vector<Ipv4Prefix> internet_prefixes(std::size_t count, Random& random) {
  std::vector<Ipv4Prefix> prefixes;
  std::unordered_set<std::uint64_t> known;
  prefixes.reserve(count);
  known.reserve(count);
  while (prefixes.size() < count) {
    const Ipv4Address within(static_cast<std::uint32_t>(random.next()));
    const Ipv4Prefix prefix = Ipv4Prefix::of(within, prefix_length(random));
    if (is_usable(prefix.network) && known.insert(key_of(prefix)).second)
      prefixes.push_back(prefix);
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

}  // namespace smolstack::measure
