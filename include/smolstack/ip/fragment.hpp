#pragma once

#include <cstdint>

#include "smolstack/packet/pool.hpp"
#include "smolstack/packet/queue.hpp"

namespace smolstack {

/// Cuts a datagram (its IPv4 header in front, DF clear) into pieces of at most `mtu` bytes (RFC
/// 791 §3.2); a fragment is cut again the same way. Offsets, MF, lengths, options and header
/// checksums are set. False: the pool ran out, nothing is to be sent (a part is of no use).
bool fragment(PacketPool& pool, const Packet& datagram, std::uint32_t mtu, PacketQueue& pieces);

}  // namespace smolstack
