#pragma once
// The plain way through a router, from frame to frame.

#include <cstddef>
#include <span>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/ip/settings.hpp"
#include "smolstack/neighbor/adjacency.hpp"
#include "smolstack/packet/batch.hpp"
#include "smolstack/route/tables.hpp"

namespace smolstack {

/// What a datagram in transit is judged by, and where it goes. Interfaces and counters belong to
/// the thread that carries; forwarding table and neighbours may be changed by another one.
struct Plane {
  InterfaceTable& interfaces;
  const Ipv4Fib& fib;
  const Adjacencies& neighbors;
  StackCounters& counters;
  const KeyedHash& flow_hash;  ///< where a route has several ways
  MultipathHash multipath_hash = MultipathHash::addresses;
};

/// Carries frames that came in on `in`, where forwarding is on, to the interfaces by which they
/// leave, and counts them there and here, as long as there is nothing to say about them: the common
/// case, and the only one that is made to be fast. Returns how many; the frame behind those is as
/// it was, nothing of it is counted, and it is to go the long way (stack/stack.cpp) before those
/// that follow.
///
/// The questions are those of the long way, asked of the same functions. At the first objection,
/// and for all that takes more than tables (own addresses, options, fragments to make, a redirect,
/// a neighbour to be asked for), the frame is not a plain one.
std::size_t carry(Plane& plane, Interface& in, std::span<Packet> frames, Instant now);

/// Would carry() take this frame, if its turn were now? Nothing is done to it.
bool may_carry(const Plane& plane, const Interface& in, const Packet& frame, Instant now);

}  // namespace smolstack
