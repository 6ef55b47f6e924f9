#include "smolstack/ip/forward.hpp"

namespace smolstack {

bool is_redirect_owed(const Interface& out, Ipv4Address source, Ipv4Address next_hop) {
  if (out.link != LinkType::ethernet) return false;
  const InterfaceAddress* const own = out.address_towards(next_hop);
  return own != nullptr && own->subnet.prefix().contains(source) && source != next_hop;
}

Refusal refuse_by_route(const Ipv4Hop* route) {
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

}  // namespace smolstack
