#pragma once
// ICMP for IPv4 (RFC 792, RFC 1191, RFC 1812 §4.3).

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

namespace icmpv4_type {
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t destination_unreachable = 3;
inline constexpr std::uint8_t source_quench = 4;
inline constexpr std::uint8_t redirect = 5;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t time_exceeded = 11;
inline constexpr std::uint8_t parameter_problem = 12;
inline constexpr std::uint8_t timestamp = 13;
inline constexpr std::uint8_t timestamp_reply = 14;
}  // namespace icmpv4_type

namespace icmpv4_code {
// of destination_unreachable
inline constexpr std::uint8_t net_unreachable = 0;
inline constexpr std::uint8_t host_unreachable = 1;
inline constexpr std::uint8_t protocol_unreachable = 2;
inline constexpr std::uint8_t port_unreachable = 3;
inline constexpr std::uint8_t fragmentation_needed = 4;
inline constexpr std::uint8_t source_route_failed = 5;
inline constexpr std::uint8_t administratively_prohibited = 13;  // RFC 1812 §5.2.7.1
// of redirect
inline constexpr std::uint8_t redirect_host = 1;
// of time_exceeded
inline constexpr std::uint8_t ttl_exceeded = 0;
inline constexpr std::uint8_t reassembly_exceeded = 1;
}  // namespace icmpv4_code

namespace wire {

/// The eight bytes that every message of RFC 792 begins with. What `rest` means depends on type
/// and code: identifier and sequence, a gateway, the next hop's MTU in the low half (RFC 1191
/// §4), a pointer in the top byte.
struct Icmpv4Header {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  Big16 checksum;
  Big32 rest;

  constexpr std::uint16_t identifier() const { return static_cast<std::uint16_t>(rest >> 16); }
  constexpr std::uint16_t sequence() const { return static_cast<std::uint16_t>(rest); }
  constexpr std::uint16_t next_hop_mtu() const { return static_cast<std::uint16_t>(rest); }
  constexpr Ipv4Address gateway() const { return Ipv4Address(rest); }
};
static_assert(sizeof(Icmpv4Header) == 8 && alignof(Icmpv4Header) == 1);

/// RFC 792 page 16: timestamps in milliseconds since midnight UT.
struct Icmpv4Timestamp {
  Icmpv4Header header;
  Big32 originate;
  Big32 receive;
  Big32 transmit;
};
static_assert(sizeof(Icmpv4Timestamp) == 20 && alignof(Icmpv4Timestamp) == 1);

}  // namespace wire

/// An error reports about another datagram, and is never itself answered by an error (RFC 1122
/// §3.2.2). Queries and unknown types are no errors.
constexpr bool is_icmpv4_error(std::uint8_t type) {
  using namespace icmpv4_type;
  return type == destination_unreachable || type == source_quench || type == redirect ||
         type == time_exceeded || type == parameter_problem;
}

}  // namespace smolstack
