#pragma once
// The forwarding algorithm of RFC 1812 §5.2.1.2, to be read next to it.

#include <optional>

#include "smolstack/ip/icmp.hpp"
#include "smolstack/ip/input.hpp"
#include "smolstack/route/tables.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

/// Where a datagram leaves (in fragments, if it is longer than the MTU there), and whether its
/// source is told of a better way.
struct Egress {
  Interface* out = nullptr;
  Ipv4Address next_hop{};
  bool redirect = false;
};

/// Why a datagram goes no further, and what its source is owed.
struct Refusal {
  DropReason reason;
  std::optional<IcmpMessage> icmp{};
};

/// What a route that leads nowhere means for a packet in transit.
Refusal refuse_by_route(const Ipv4Hop* route);
/// RFC 1812 §5.2.7.2: a better first hop for `source` lies on its own link, by which the packet
/// goes back.
bool is_redirect_owed(const Interface& out, Ipv4Address source, Ipv4Address next_hop);

/// What may never cross a router, whatever the table says: link broadcasts (RFC 1812 §5.3.4),
/// multicast (§5.2.3), and the addresses of one link only (RFC 3927 §2.7). No ICMP for any of it.
inline std::optional<DropReason> refuse_crossing(const wire::Ipv4Header& ip, bool link_broadcast) {
  if (link_broadcast) return DropReason::link_broadcast;
  if (ip.destination.is_multicast()) return DropReason::multicast_transit;
  if (is_martian_destination(ip.destination)) return DropReason::martian_destination;
  if (ip.source.is_link_local() || ip.destination.is_link_local()) return DropReason::link_local;
  return std::nullopt;
}

/// How long the datagram is on the wire, which begins `offset` bytes into the packet; of a
/// super-frame the longest of its segments.
inline std::size_t longest_datagram(const wire::Ipv4Header& ip, const Packet& packet,
                                    std::size_t offset = 0) {
  return packet.is_super_frame() ? wire_size(packet) - offset : std::size_t{ip.total_length};
}

/// The next hop and its interface, §5.2.4, and whether it is permitted: steps (5) and (6). `route`
/// is what the FIB said of the destination. Nothing: it leads on.
inline std::optional<Refusal> refuse_route(const Ipv4Hop* route, const InterfaceTable& interfaces) {
  if (route == nullptr || route->kind != RouteKind::unicast) return refuse_by_route(route);
  if (!interfaces[route->interface].usable())
    return Refusal{DropReason::interface_down, icmp::host_unreachable};
  return std::nullopt;
}

/// Judges a valid datagram that may cross: `length` is that of the longest it stands for on the
/// wire (longest_datagram()), `route` what the FIB said of its destination. Nothing: it may pass.
/// Steps (1) to (4), validation and "is it for us?", are ip/input's.
inline std::optional<Refusal> refuse_forward(const wire::Ipv4Header& ip, std::size_t length,
                                             const Ipv4Hop* route,
                                             const InterfaceTable& interfaces) {
  if (const auto refusal = refuse_route(route, interfaces)) return refusal;  // (5), (6)
  const Interface& out = interfaces[route->interface];

  // (7) The TTL, §5.3.1: one left means that it would reach zero here.
  if (ip.ttl <= 1) return Refusal{DropReason::ttl_expired, icmp::ttl_exceeded};

  // (8) Options that name the outgoing interface are stamped once it is known: Stack::transit.

  // (9) Fragmentation, §4.2.2.7; with DF the source learns our MTU (RFC 1191 §4).
  if (length > out.mtu && ip.dont_fragment())
    return Refusal{DropReason::mtu_exceeded, icmp::fragmentation_needed(out.mtu)};
  return std::nullopt;
}

/// Where a datagram leaves that may pass. (10), (11): the link address is neighbor's.
inline Egress egress_of(const wire::Ipv4Header& ip, IfIndex arrived_on, const Ipv4Hop& route,
                        InterfaceTable& interfaces) {
  Interface& out = interfaces[route.interface];
  const Ipv4Address next_hop = route.next_hop(ip.destination);
  const bool goes_back = out.index == arrived_on;
  // (12) Redirects.
  return {&out, next_hop, goes_back && is_redirect_owed(out, ip.source, next_hop)};
}

}  // namespace smolstack
