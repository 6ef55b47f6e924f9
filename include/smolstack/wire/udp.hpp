#pragma once
// UDP (RFC 768).

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {
namespace wire {

struct UdpHeader {
  Big16 source_port;
  Big16 destination_port;
  Big16 length;
  Big16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

}  // namespace wire

/// Checks a whole datagram: room for the header, a length that fits, and the checksum unless the
/// sender left it out (RFC 1122 §4.1.3.4).
Expected<const wire::UdpHeader*, DropReason> parse_udp(ConstBytes datagram, Ipv4Address source,
                                                       Ipv4Address destination);

}  // namespace smolstack
