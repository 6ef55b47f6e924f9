#pragma once
// Ethernet II (RFC 894).

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t vlan = 0x8100;  ///< IEEE 802.1Q: four bytes, then another type
inline constexpr std::uint16_t ipv6 = 0x86dd;
inline constexpr std::uint16_t service_vlan = 0x88a8;
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
