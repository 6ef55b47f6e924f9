#pragma once

#include <array>
#include <cstdint>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// Values for the identification field (RFC 6864 §4.3): they do not repeat soon for one pair of
/// hosts and protocol, and what one peer sees says nothing of what others get (RFC 7739): a
/// counter chosen by keyed hash, with a keyed offset of its own for each pair.
class Identification {
 public:
  explicit Identification(Random& random) : hash_(random) {}
  std::uint16_t next(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol);

 private:
  static constexpr std::size_t counters = 1024;
  KeyedHash hash_;
  std::array<std::uint16_t, counters> counters_{};
};

}  // namespace smolstack
