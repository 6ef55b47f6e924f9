#pragma once
// Doing in software what a packet's sender has left undone (wire/offload.hpp).

#include <cstddef>

#include "smolstack/packet/pool.hpp"
#include "smolstack/packet/queue.hpp"

namespace smolstack {

/// The length of the longest packet on the wire that this one stands for, from its current layer
/// on; of a plain packet its own. This is what an MTU bounds.
std::size_t wire_size(const Packet& packet);
/// Is it longer on the wire than `limit`? Of what is not, one comparison tells.
inline bool exceeds(const Packet& packet, std::size_t limit) {
  return packet.size() > limit && wire_size(packet) > limit;
}

/// Computes the transport checksum that is left, if one is. A super-frame is one long segment from
/// then on, as reassembly would have made it.
void finish_checksum(Packet& packet);

/// Cuts a super-frame into the packets that it stands for, all headers in front of each, complete
/// checksums included, and appends them to `segments`: sequence numbers go on, FIN and PSH are the
/// last one's, CWR is the first one's (RFC 3168 §6.1.2), identifications count up. False: the pool
/// ran out, and `segments` is as it was (a part is of no use).
bool segment(PacketPool& pool, const Packet& super_frame, PacketQueue& segments);

/// The first packet on the wire that this one stands for, complete: what an ICMP error quotes.
/// Empty: no buffer.
Packet first_segment(PacketPool& pool, const Packet& packet);

}  // namespace smolstack
