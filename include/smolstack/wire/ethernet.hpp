#pragma once
// Ethernet II (RFC 894).

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

  /// MacAddress::word() of the two, with one load each: eight bytes are there from either on.
  std::uint64_t destination_word() const { return word_at(0); }
  std::uint64_t source_word() const { return word_at(sizeof(MacAddress)); }

 private:
  std::uint64_t word_at(std::size_t offset) const {
    constexpr auto six_bytes =
        std::bit_cast<std::uint64_t>(std::array<std::uint8_t, 8>{255, 255, 255, 255, 255, 255});
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const char*>(static_cast<const void*>(this)) + offset,
                sizeof word);
    return word & six_bytes;
  }
};
static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);

}  // namespace wire
}  // namespace smolstack
