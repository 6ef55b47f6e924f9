#pragma once
// ARP for IPv4 over Ethernet (RFC 826).

#include <cstdint>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

namespace arp_operation {
inline constexpr std::uint16_t request = 1;
inline constexpr std::uint16_t reply = 2;
}  // namespace arp_operation

namespace wire {

/// RFC 826 "Packet format", with the lengths of Ethernet and IPv4.
struct ArpPacket {
  Big16 hardware_type = std::uint16_t{1};
  Big16 protocol_type = ether_type::ipv4;
  std::uint8_t hardware_length = 6;
  std::uint8_t protocol_length = 4;
  Big16 operation;
  MacAddress sender_mac;
  Ipv4Address sender;
  MacAddress target_mac;
  Ipv4Address target;
};
static_assert(sizeof(ArpPacket) == 28 && alignof(ArpPacket) == 1);

}  // namespace wire

/// The tests of RFC 826 "Packet Reception": enough bytes, Ethernet, IPv4, a request or a reply.
/// Bytes after the 28 are Ethernet padding and no concern of ours.
Expected<const wire::ArpPacket*, DropReason> parse_arp(ConstBytes bytes);

}  // namespace smolstack
