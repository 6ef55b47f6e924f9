#pragma once
// UDP towards a machine without sockets.

#include "smolstack/ip/icmp.hpp"
#include "smolstack/packet/packet.hpp"

namespace smolstack {

/// What a datagram (its IPv4 header in front) to this machine comes to: always a refusal as long
/// as no socket can be bound; port unreachable when it was intact (RFC 1122 §4.1.3.1).
struct UdpVerdict {
  DropReason reason;
  bool port_unreachable;
};
UdpVerdict udp_input(const Packet& datagram);

}  // namespace smolstack
