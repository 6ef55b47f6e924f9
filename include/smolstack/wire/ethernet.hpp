#pragma once
// Ethernet II (RFC 894).

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t ipv6 = 0x86dd;
}  // namespace ether_type

namespace wire {

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Big16 type;
};
static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);

}  // namespace wire
}  // namespace smolstack
