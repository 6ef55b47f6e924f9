#include <utility>

#include "smolstack/ip/fragment.hpp"
#include "smolstack/packet/gso.hpp"
#include "smolstack/stack.hpp"

// The way out, and the ways to end.

namespace smolstack {

// --- Datagrams of our own ----------------------------------------------------------------------

Packet Stack::make_payload(std::size_t bytes) {
  Packet payload = pool_.allocate(bytes);
  if (payload) payload.append(bytes);
  return payload;
}

Expected<void, DropReason> Stack::send(Packet payload, const Ipv4Send& how, Instant now) {
  now_ = now;
  if (!how.source.is_unspecified() && !tables_.is_own(how.source))
    return unexpected(DropReason::martian_source);
  const auto sent = send_by_route(std::move(payload), how);
  run_loopback();
  return sent;
}

// What the stack sends by itself. If it cannot leave there is nobody to tell (RFC 1812 §4.3.2.7).
void Stack::send_reply(Packet payload, const Ipv4Send& how) {
  const auto sent = send_by_route(std::move(payload), how);
  if (!sent.has_value()) count_drop(IfIndex::none, sent.error());
}

Expected<void, DropReason> Stack::send_by_route(Packet payload, const Ipv4Send& how) {
  const Flow flow{how.source, how.destination, how.protocol,
                  ports_of(how.protocol, payload.bytes())};
  const auto way = way_out(flow, group_interface(how));
  if (!way.has_value()) return unexpected(way.error());
  // RFC 791 §3.1: more than the total length can say.
  if (payload.size() + sizeof(wire::Ipv4Header) > max_datagram)
    return unexpected(DropReason::mtu_exceeded);
  payload.push(sizeof(wire::Ipv4Header));
  auto& ip = payload.header<wire::Ipv4Header>() = wire::Ipv4Header();
  ip.source =
      how.source.is_unspecified() ? tables_.source_for(way->route, how.destination) : how.source;
  if (ip.source.is_unspecified()) return unexpected(DropReason::no_route);
  ip.destination = how.destination;
  ip.protocol = how.protocol;
  // RFC 1112 §6.1: what is not said goes no further than the link.
  const std::uint8_t default_ttl = how.destination.is_multicast() ? 1 : settings_.default_ttl;
  ip.ttl = how.ttl == 0 ? default_ttl : how.ttl;
  ip.tos = how.tos;
  ip.flags_offset = how.dont_fragment ? wire::Ipv4Header::dont_fragment_flag : std::uint16_t{0};
  return originate(std::move(payload), *way);
}

/// To a group, who names a source means the interface that holds it, as on Linux.
IfIndex Stack::group_interface(const Ipv4Send& how) const {
  const bool is_to_group = how.destination.is_multicast() || how.destination.is_limited_broadcast();
  if (how.interface != IfIndex::none || !is_to_group) return how.interface;
  const Interface* const holder = interfaces().holder_of(how.source);
  return holder == nullptr ? IfIndex::none : holder->index;
}

// RFC 3376 §4: what is said of groups goes to the link itself, whatever the routes.
void Stack::send_reports(Interface& out) {
  PacketQueue reports = igmp_.take_reports(out.index);
  while (Packet datagram = reports.pop()) {
    const Ipv4Address group = datagram.header<wire::Ipv4Header>().destination;
    ++counters_.originated;
    to_link({&out, group, multicast_mac(group)}, std::move(datagram));
  }
}

// RFC 1122 §3.3.1: by the table; or by the one interface that was asked for, on whose link every
// destination is then assumed to be when the table leads elsewhere (as Linux does).
Expected<Stack::WayOut, DropReason> Stack::way_out(const Flow& flow, IfIndex bound) {
  const Ipv4Address destination = flow.destination;
  const bool is_bound = bound != IfIndex::none && bound != loopback_index;
  const Ipv4Hop* const all = lookup(destination);
  const Ipv4Hop* const own = is_bound && all != nullptr ? all->by(bound) : nullptr;
  const Ipv4Hop* const found = own != nullptr ? own : path_of(all, flow);
  if (found != nullptr && found->kind == RouteKind::local) return WayOut{*found};
  // RFC 1122 §3.2.1.3: these must never appear on a wire, default route or not.
  if (is_martian_destination(destination)) return unexpected(DropReason::no_route);
  Ipv4Hop route = found != nullptr ? *found : Ipv4Hop{};
  if (is_bound && (found == nullptr || found->interface != bound))
    route = {.interface = bound};
  else if (found == nullptr)
    return unexpected(DropReason::no_route);
  if (route.interface == IfIndex::none) return unexpected(refuse_by_route(&route).reason);

  Interface& out = interfaces()[route.interface];
  if (!out.usable()) return unexpected(DropReason::interface_down);
  Hop hop{&out, route.next_hop(destination)};
  if (destination.is_multicast()) hop.group_mac = multicast_mac(destination);
  if (destination.is_limited_broadcast() || route.kind == RouteKind::broadcast)
    hop.group_mac = broadcast_mac;
  return WayOut{route, hop};
}

Expected<void, DropReason> Stack::originate(Packet datagram, const WayOut& way) {
  auto& ip = datagram.header<wire::Ipv4Header>();
  // RFC 1122 §3.2.1.3(g): we are 127.0.0.1 to nobody but ourselves.
  if (way.hop && ip.source.is_loopback()) return unexpected(DropReason::martian_source);
  ip.total_length = static_cast<std::uint16_t>(datagram.size());
  // RFC 6864 §4.1: an atomic datagram needs none, and a constant tells nothing.
  ip.identification = ip.dont_fragment()
                          ? std::uint16_t{0}
                          : identification_.next(ip.source, ip.destination, ip.protocol);
  finish_ipv4_header(datagram.bytes().first(ip.header_length()));
  if (way.hop && datagram.size() > way.hop->out->mtu && ip.dont_fragment())
    return unexpected(DropReason::mtu_exceeded);
  ++counters_.originated;
  if (way.hop)
    transmit(*way.hop, std::move(datagram));
  else
    loopback_.push(std::move(datagram));
  return {};
}

// To ourselves: what is sent now arrives at once, on `lo`, before anybody else has a turn.
void Stack::run_loopback() {
  if (loopback_.empty()) return;
  Interface& lo = interfaces()[loopback_index];
  while (Packet packet = loopback_.pop()) {
    ++lo.counters.tx_packets;
    lo.counters.tx_bytes += packet.size();
    packet->link_broadcast = false;
    link_input(lo, std::move(packet));
  }
}

// --- Onto the link -----------------------------------------------------------------------------

void Stack::transmit(const Hop& hop, Packet datagram) {
  if (exceeds(datagram, hop.out->mtu)) return transmit_pieces(hop, std::move(datagram));
  to_link(hop, std::move(datagram));
}

void Stack::transmit_pieces(const Hop& hop, Packet datagram) {
  const IfIndex from = datagram->arrived_on;
  PacketQueue pieces;
  // A part of a datagram is of no use to anybody: all pieces or none.
  if (!cut(hop, std::move(datagram), pieces)) return count_drop(from, DropReason::no_buffer);
  counters_.fragments_created += pieces.size();
  while (Packet piece = pieces.pop()) to_link(hop, std::move(piece));
}

/// Fragments; of a super-frame those of each segment.
bool Stack::cut(const Hop& hop, Packet datagram, PacketQueue& pieces) {
  PacketQueue whole;
  if (datagram.is_super_frame()) {
    if (!segment(pool_, datagram, whole)) return false;
    counters_.segments_created += whole.size();
  } else {
    finish_checksum(datagram);
    whole.push(std::move(datagram));
  }
  while (const Packet each = whole.pop())
    if (!fragment(pool_, each, hop.out->mtu, pieces)) return false;
  return true;
}

void Stack::to_link(const Hop& hop, Packet datagram) {
  Interface& out = *hop.out;
  if (out.link == LinkType::point_to_point) return out.outgoing.push(std::move(datagram));
  if (hop.group_mac) return Arp::transmit(out, *hop.group_mac, std::move(datagram));
  Displaced displaced = arp_.send(out, hop.next_hop, std::move(datagram), now_);
  if (!displaced.packets.empty())
    drop_all(std::move(displaced.packets), displaced.reason, out.index);
}

bool Stack::drain(IfIndex to, Batch& frames) {
  Interface& out = interfaces()[to];
  while (!frames.full() && !out.outgoing.empty()) {
    const std::size_t before = frames.size();
    std::uint64_t bytes = 0;
    out.outgoing.pop_while([&](Packet& frame) {
      if (frames.full() || (!frame.is_plain() && !out.offloads.take(frame->offload))) return false;
      bytes += frame.size();
      frames.push(std::move(frame));
      return true;
    });
    out.counters.tx_packets += frames.size() - before;
    out.counters.tx_bytes += bytes;
    if (!frames.full() && !out.outgoing.empty()) finish(out, out.outgoing.pop());
  }
  return !frames.empty();
}

/// Makes a frame one that any device takes, or several, in front of those that wait.
void Stack::finish(Interface& out, Packet frame) {
  PacketQueue finished;
  if (!frame.is_super_frame()) {
    finish_checksum(frame);
    finished.push(std::move(frame));
  } else if (segment(pool_, frame, finished)) {
    counters_.segments_created += finished.size();
  } else {
    return count_drop(frame->arrived_on == IfIndex::none ? out.index : frame->arrived_on,
                      DropReason::no_buffer);
  }
  out.outgoing.prepend(std::move(finished));
}

// --- The ways to end ---------------------------------------------------------------------------

void Stack::count_drop(IfIndex on, DropReason reason) {
  interfaces()[on == IfIndex::none ? loopback_index : on].drops.count(reason);
}

void Stack::drop(Packet packet, DropReason reason) {
  count_drop(packet->arrived_on, reason);
}

void Stack::drop_all(PacketQueue packets, DropReason reason, IfIndex out) {
  while (const Packet packet = packets.pop())
    count_drop(packet->arrived_on == IfIndex::none ? out : packet->arrived_on, reason);
}

void Stack::refuse(Packet packet, const Refusal& refusal) {
  if (refusal.icmp) answer_with_error(packet, *refusal.icmp);
  drop(std::move(packet), refusal.reason);
}

// RFC 1812 §5.2.7.1 and RFC 1122 §2.3.2.2: whoever sent what waited is told.
void Stack::neighbor_failed(const NeighborKey& key, PacketQueue waiting) {
  withdraw_redirects(key);
  while (Packet packet = waiting.pop()) {
    answer_with_error(packet, icmp::host_unreachable);
    count_drop(packet->arrived_on == IfIndex::none ? key.interface : packet->arrived_on,
               DropReason::neighbor_unresolved);
  }
}

// RFC 1122 §3.3.2: only the first fragment says whom to tell what about.
void Stack::reassembly_failed(AbandonedDatagram abandoned) {
  if (abandoned.has_first) answer_with_error(abandoned.packet, icmp::reassembly_exceeded);
  drop(std::move(abandoned.packet), DropReason::reassembly_timeout);
}

void Stack::transmit_failed(IfIndex on, DropReason reason, std::uint64_t count) {
  Interface& out = interfaces()[on];
  out.drops.count(reason, count);
  out.counters.tx_errors += count;
}

void Stack::receive_failed(IfIndex on, DropReason reason, std::uint64_t count) {
  interfaces()[on].drops.count(reason, count);
}

void Stack::account(IfIndex on, const InterfaceCounters& more) {
  InterfaceCounters& all = interfaces()[on].counters;
  all.rx_packets += more.rx_packets;
  all.rx_bytes += more.rx_bytes;
  all.rx_multicast += more.rx_multicast;
  all.tx_packets += more.tx_packets;
  all.tx_bytes += more.tx_bytes;
  all.tx_errors += more.tx_errors;
}

}  // namespace smolstack
