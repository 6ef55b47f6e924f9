#pragma once
// The forwarding algorithm of RFC 1812 §5.2.1.2, to be read next to it.

#include <optional>

#include "smolstack/base/expected.hpp"
#include "smolstack/ip/icmp.hpp"
#include "smolstack/packet/packet.hpp"
#include "smolstack/route/tables.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

/// Where a datagram leaves (in fragments, if it is longer than the MTU there), and whether its
/// source is told of a better way.
struct Egress {
  Interface* out;
  Ipv4Address next_hop;
  bool redirect;
};

/// Why a datagram goes no further, and what its source is owed.
struct Refusal {
  DropReason reason;
  std::optional<IcmpMessage> icmp;
};

/// Decides on a valid datagram that is not for us; `route` is what the FIB said of its
/// destination. Changes nothing and sends nothing.
Expected<Egress, Refusal> decide_forward(const Packet& packet, const Ipv4Route* route,
                                         InterfaceTable& interfaces);

/// What a route that leads nowhere means for a packet in transit.
Refusal refuse_by_route(const Ipv4Route* route);

}  // namespace smolstack
