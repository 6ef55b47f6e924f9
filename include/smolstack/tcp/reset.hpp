#pragma once
// TCP towards a machine without connections: RFC 9293 §3.10.7.1, the state CLOSED.

#include <optional>

#include "smolstack/ip/input.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/tcp.hpp"

namespace smolstack {

/// The header of the reset that answers `segment` with `length` bytes of data (SYN and FIN not
/// counted); nothing answers a reset. Ports and flags are set, the checksum is not.
std::optional<wire::TcpHeader> reset_for(const wire::TcpHeader& segment, std::size_t length);

/// What a segment (its IPv4 header in front) to this machine comes to. The reset is a TCP
/// segment, its checksum set, its IPv4 header still to be pushed; empty when none is owed.
struct TcpVerdict {
  DropReason reason;
  Packet reset;
};
TcpVerdict tcp_input(PacketPool& pool, const Packet& datagram, Destination destination);

}  // namespace smolstack
