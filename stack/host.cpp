#include "smolstack/packet/gso.hpp"
#include "smolstack/stack.hpp"
#include "smolstack/wire/ethernet.hpp"

// What programs send by the sockets of a kernel beside us. The kernel has chosen a route and a
// neighbour; where ours are the same the datagram goes our way, and our cache resolves and
// re-checks the neighbour. A kernel that chose otherwise has its reasons (a socket bound to a
// device, another table, a race with us): the frame is counted, and leaves as it came.

namespace smolstack {

void Stack::receive_from_host(IfIndex on, Batch& frames, Instant now) {
  now_ = now;
  Interface& out = interfaces()[on];
  for_each_packet(frames, [&](Packet& frame) { host_input(out, std::move(frame)); });
  run_loopback();
}

void Stack::host_input(Interface& out, Packet frame) {
  ++counters_.from_host;
  frame->from_host = true;
  frame->arrived_on = IfIndex::none;
  frame->arrived_at = now_;
  if (!out.up) return count_drop(out.index, DropReason::interface_down);
  if (!out.running) return count_drop(out.index, DropReason::device_down);
  if (frame.size() < sizeof(wire::EthernetHeader))
    return count_drop(out.index, DropReason::runt_frame);
  if (exceeds(frame, out.mtu + sizeof(wire::EthernetHeader)))
    return count_drop(out.index, DropReason::frame_too_long);

  // Only raw sockets send other types, or in another's name. A group has no neighbour.
  const auto ethernet = frame.header<wire::EthernetHeader>();
  const bool is_datagram = ethernet.type == ether_type::ipv4 && ethernet.source == out.mac;
  if (!is_datagram || ethernet.destination.is_group()) return out.outgoing.push(std::move(frame));
  frame.pull(sizeof(wire::EthernetHeader));
  host_ipv4(out, ethernet.destination, std::move(frame));
}

void Stack::host_ipv4(Interface& out, const MacAddress& chosen, Packet datagram) {
  // A broken header is one that a raw socket made so on purpose.
  const auto parsed = parse_ipv4(datagram.bytes());
  if (!parsed.has_value()) return Arp::transmit(out, chosen, std::move(datagram));
  const Ipv4Address destination = (*parsed)->destination;
  const Ipv4Hop* const route = lookup(destination);
  if (route != nullptr && route->kind == RouteKind::local)
    return loopback_.push(std::move(datagram));
  if (const auto next_hop = our_way(out, chosen, destination, route))
    return to_link({&out, *next_hop}, std::move(datagram));
  ++counters_.host_route_mismatches;
  Arp::transmit(out, chosen, std::move(datagram));
}

// A neighbour that we do not know is the kernel's by hearsay: we ask for ourselves. Of several ways
// the kernel chooses for its programs.
std::optional<Ipv4Address> Stack::our_way(const Interface& out, const MacAddress& chosen,
                                          Ipv4Address destination, const Ipv4Hop* route) const {
  if (route == nullptr || route->kind != RouteKind::unicast) return std::nullopt;
  const auto is_chosen = [&](const Ipv4Hop& hop) {
    if (hop.interface != out.index) return false;
    const auto neighbor = arp_.cache().find({out.index, hop.next_hop(destination)});
    return !neighbor || !has_address(neighbor->state) || neighbor->mac == chosen;
  };
  if (route->group == nullptr)
    return is_chosen(*route) ? std::optional(route->next_hop(destination)) : std::nullopt;
  for (const auto& [way, weight] : route->group->members)
    if (is_chosen(way)) return way.next_hop(destination);
  return std::nullopt;
}

}  // namespace smolstack
