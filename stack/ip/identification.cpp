#include "smolstack/ip/identification.hpp"

namespace smolstack {

std::uint16_t Identification::next(Ipv4Address source, Ipv4Address destination,
                                   std::uint8_t protocol) {
  const auto pair = static_cast<std::uint64_t>(source.host()) << 32 | destination.host();
  const std::uint64_t hash = hash_(pair, protocol);
  auto& counter = counters_[(hash >> 16) % counters];
  return static_cast<std::uint16_t>(hash + ++counter);
}

}  // namespace smolstack
