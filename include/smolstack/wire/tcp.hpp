#pragma once
// The TCP header (RFC 9293 §3.1).

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t syn = 0x02;
inline constexpr std::uint8_t rst = 0x04;
inline constexpr std::uint8_t psh = 0x08;
inline constexpr std::uint8_t ack = 0x10;
inline constexpr std::uint8_t urg = 0x20;
inline constexpr std::uint8_t cwr = 0x80;  ///< RFC 3168 §6.1.2
}  // namespace tcp_flag

namespace wire {

struct TcpHeader {
  Big16 source_port;
  Big16 destination_port;
  Big32 sequence;
  Big32 acknowledgment;
  std::uint8_t offset_reserved = 0x50;
  std::uint8_t flags = 0;
  Big16 window;
  Big16 checksum;
  Big16 urgent_pointer;

  constexpr std::size_t header_length() const { return (offset_reserved >> 4) * 4u; }
  constexpr bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);

}  // namespace wire

/// Checks a whole segment: room for the header, an offset that fits, the checksum (RFC 9293 §3.1).
Expected<const wire::TcpHeader*, DropReason> parse_tcp(ConstBytes segment, Ipv4Address source,
                                                       Ipv4Address destination);

}  // namespace smolstack
