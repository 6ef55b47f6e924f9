#include "smolstack/ip/forward.hpp"

#include "smolstack/ip/input.hpp"

namespace smolstack {
namespace {

auto refuse(DropReason reason, std::optional<IcmpMessage> owed = {}) {
  return unexpected(Refusal{reason, owed});
}

/// RFC 1812 §5.2.7.2: a better first hop for `source` lies on its own link.
bool is_redirect_owed(const Packet& packet, const Interface& out, Ipv4Address source,
                      Ipv4Address next_hop) {
  if (out.index != packet->arrived_on || out.link != LinkType::ethernet) return false;
  const InterfaceAddress* const own = out.address_towards(next_hop);
  return own != nullptr && own->subnet.prefix().contains(source) && source != next_hop;
}

}  // namespace

Refusal refuse_by_route(const Ipv4Route* route) {
  if (route == nullptr) return {DropReason::no_route, icmp::net_unreachable};
  switch (route->kind) {
    case RouteKind::blackhole: return {DropReason::blackhole, std::nullopt};
    case RouteKind::unreachable: return {DropReason::unreachable, icmp::host_unreachable};
    case RouteKind::prohibit: return {DropReason::prohibit, icmp::prohibited};
    case RouteKind::unicast:
    case RouteKind::local:
    case RouteKind::broadcast: break;
  }
  return {DropReason::no_route, icmp::net_unreachable};
}

// Steps (1) to (4), validation and "is it for us?", are ip/input's.
Expected<Egress, Refusal> decide_forward(const Packet& packet, const Ipv4Route* route,
                                         InterfaceTable& interfaces) {
  const auto& ip = packet.header<wire::Ipv4Header>();

  // What may never cross a router, whatever the table says. No ICMP for any of it: link
  // broadcasts (§5.3.4), multicast (§5.2.3), and the addresses of one link only (RFC 3927 §2.7).
  if (packet->link_broadcast) return refuse(DropReason::link_broadcast);
  if (ip.destination.is_multicast()) return refuse(DropReason::multicast_transit);
  if (is_martian_destination(ip.destination)) return refuse(DropReason::martian_destination);
  if (ip.source.is_link_local() || ip.destination.is_link_local())
    return refuse(DropReason::link_local);

  // (5) The next hop and its interface, §5.2.4; (6) whether it is permitted.
  if (route == nullptr || route->kind != RouteKind::unicast) {
    const Refusal refusal = refuse_by_route(route);
    return refuse(refusal.reason, refusal.icmp);
  }
  Interface& out = interfaces[route->interface];
  const Ipv4Address next_hop = route->next_hop(ip.destination);
  if (!out.usable()) return refuse(DropReason::interface_down, icmp::host_unreachable);

  // (7) The TTL, §5.3.1: one left means that it would reach zero here.
  if (ip.ttl <= 1) return refuse(DropReason::ttl_expired, icmp::ttl_exceeded);

  // (8) Options that name the outgoing interface are stamped once it is known: Stack::transit.

  // (9) Fragmentation, §4.2.2.7; with DF the source learns our MTU (RFC 1191 §4).
  if (ip.total_length > out.mtu && ip.dont_fragment())
    return refuse(DropReason::mtu_exceeded, icmp::fragmentation_needed(out.mtu));

  // (10), (11): the link address is neighbor's. (12): redirects.
  return Egress{&out, next_hop, is_redirect_owed(packet, out, ip.source, next_hop)};
}

}  // namespace smolstack
