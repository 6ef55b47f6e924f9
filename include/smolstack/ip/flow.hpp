#pragma once
// What the packets of one conversation have in common.

#include <cstdint>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/ip/settings.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

struct Flow {
  Ipv4Address source{};
  Ipv4Address destination{};
  std::uint8_t protocol = 0;
  std::uint32_t ports = 0;  ///< source << 16 | destination; 0: it has none, or they are not seen

  friend bool operator==(const Flow&, const Flow&) = default;
};

/// The ports that a TCP or UDP segment begins with, as in Flow; 0 for other protocols and for what
/// is shorter.
std::uint32_t ports_of(std::uint8_t protocol, ConstBytes segment);
/// The flow of a datagram with a valid header. No fragment shows its ports, not even the first: all
/// of them go the same way.
Flow flow_of(ConstBytes datagram);

/// A flow's place in the space of hashes (RFC 2992 §2).
std::uint32_t hash_of(const Flow& flow, MultipathHash policy, const KeyedHash& hash);

}  // namespace smolstack
