#include "smolstack/stack.hpp"

#include "smolstack/packet/gso.hpp"
#include "smolstack/tcp/reset.hpp"
#include "smolstack/udp/input.hpp"
#include "smolstack/wire/ethernet.hpp"

// The map of packet flow. No rule is decided here: each room returns a verdict, and this file
// says which room comes next.
//
//   receive ─ carry (transit/transit.cpp) takes the plain ones in transit; the rest:
//             link_input ─ ethernet_input ─┬─ Arp::receive
//                                          └─ ipv4_input ─┬─ deliver ─┬─ icmp_input ─ answers.cpp
//                                                         │           ├─ igmp_input ─ Igmp::receive
//                                                         │           ├─ udp_input
//                                                         │           └─ tcp_input
//                                                         └─ forward ─ transit
//   receive_from_host ─ host.cpp ─┐
//   send, answers, transit ─ output.cpp ─ Arp::send ─ Interface::outgoing ─ drain

namespace smolstack {

namespace {

/// Apart from all other randomness: a flow's way is the same however a run went before.
KeyedHash key_of_flows(std::uint64_t seed) {
  Random random(~seed);
  return KeyedHash(random);
}

}  // namespace

Stack::Stack(const StackOptions& options)
    : random_(options.seed),
      pool_(options.pool),
      settings_(options.settings),
      arp_(pool_, tables_.interfaces(), counters_, random_, options.neighbor_limits,
           options.neighbor_timers),
      igmp_(pool_, tables_.interfaces(), counters_, random_, options.igmp_limits),
      reassembly_(pool_, options.reassembly_limits),
      identification_(random_),
      limiter_(random_),
      flow_hash_(key_of_flows(options.seed)),
      host_sockets_(options.host_sockets) {}

void Stack::receive(IfIndex on, Batch& frames, Instant now) {
  now_ = now;
  Interface& in = interfaces()[on];
  const bool may_pass = is_forwarded(on);
  Plane plane{interfaces(), tables_.fib(), arp_.cache().adjacencies(),
              counters_,    flow_hash_,    settings_.multipath_hash};
  for (std::span<Packet> rest = frames.packets(); !rest.empty(); rest = rest.subspan(1)) {
    if (may_pass) rest = rest.subspan(carrier_.carry(plane, in, rest, now));
    if (rest.empty()) break;
    link_input(in, std::move(rest.front()));
  }
  frames.taken();
  run_loopback();
}

void Stack::advance(Instant now) {
  now_ = now;
  arp_.advance(now, [this](const NeighborKey& key, PacketQueue waiting) {
    neighbor_failed(key, std::move(waiting));
  });
  reassembly_.advance(
      now, [this](AbandonedDatagram abandoned) { reassembly_failed(std::move(abandoned)); });
  igmp_.advance(now);
  for (const auto& interface : interfaces()) send_reports(*interface);
  run_loopback();
}

std::optional<Instant> Stack::next_deadline() const {
  std::optional<Instant> first = arp_.next_deadline();
  for (const auto& other : {reassembly_.next_deadline(), igmp_.next_deadline()})
    if (other && (!first || *other < *first)) first = other;
  return first;
}

// --- The way in --------------------------------------------------------------------------------

void Stack::link_input(Interface& in, Packet packet) {
  packet->arrived_on = in.index;
  packet->arrived_at = now_;
  ++in.counters.rx_packets;
  in.counters.rx_bytes += packet.size();
  if (!in.up) return drop(std::move(packet), DropReason::interface_down);
  switch (in.link) {
    case LinkType::ethernet: return ethernet_input(in, std::move(packet));
    case LinkType::point_to_point:
    case LinkType::loopback: return ipv4_input(std::move(packet));
  }
}

void Stack::ethernet_input(Interface& in, Packet packet) {
  const Groups groups = host_sockets_ ? Groups::all : Groups::own;
  if (const auto reason = refuse_frame(in, packet, groups)) return drop(std::move(packet), *reason);
  const auto& ethernet = packet.header<wire::EthernetHeader>();
  packet->link_broadcast = ethernet.destination.is_group();
  in.counters.rx_multicast += packet->link_broadcast ? 1u : 0u;

  const std::uint16_t type = ethernet.type;
  packet.pull(sizeof(wire::EthernetHeader));
  if (type == ether_type::ipv4) return ipv4_input(std::move(packet));
  if (type != ether_type::arp) return drop(std::move(packet), DropReason::unknown_ethertype);
  const auto learnt = arp_.receive(in, packet, now_);
  if (!learnt.has_value()) drop(std::move(packet), learnt.error());
}

void Stack::ipv4_input(Packet packet) {
  const auto parsed = parse_ipv4(packet.bytes());
  if (!parsed.has_value()) return drop(std::move(packet), parsed.error());
  const wire::Ipv4Header& ip = **parsed;
  packet.trim(ip.total_length);  // Ethernet padding ends here
  if (const auto reason = refuse_addresses(packet)) return drop(std::move(packet), *reason);

  const Ipv4Hop* const route = lookup(ip.destination);
  const Interface& in = interfaces()[packet->arrived_on];
  const Destination destination = classify(in, ip.destination, route);  // RFC 1812 §5.2.3
  if (ip.has_options() && !check_options(packet, destination)) return;
  switch (destination) {
    case Destination::local:
      // RFC 1122 §3.3.6: a link broadcast carries no unicast.
      if (packet->link_broadcast) return drop(std::move(packet), DropReason::link_broadcast);
      return deliver(std::move(packet), destination);
    case Destination::broadcast:
    case Destination::group: return deliver(std::move(packet), destination);
    case Destination::transit: return forward(std::move(packet), route);
    case Destination::nobody:
      if (host_sockets_) return deliver(std::move(packet), destination);
      return drop(std::move(packet), DropReason::not_for_us);
  }
}

// RFC 1122 §3.2.1.3(a): who has no address yet asks everybody; a program here may know (DHCP). It
// may report groups, and switches ask about them in nobody's name (RFC 3376 §4.2.13, RFC 4541
// §2.1.1).
bool Stack::may_be_nameless(const wire::Ipv4Header& ip) const {
  const bool is_to_group = ip.destination.is_multicast();
  const bool is_about_groups = is_to_group && ip.protocol == ip_protocol::igmp;
  const bool is_to_all = ip.destination.is_limited_broadcast() || is_to_group;
  return ip.source.is_unspecified() && (is_about_groups || (host_sockets_ && is_to_all));
}

// What comes from ourselves is as we made it.
std::optional<DropReason> Stack::refuse_addresses(const Packet& packet) {
  if (packet->arrived_on == loopback_index) return std::nullopt;
  const auto& ip = packet.header<wire::Ipv4Header>();
  const Ipv4Hop* const back = lookup(ip.source);
  if (!may_be_nameless(ip) && is_martian_source(ip.source, back)) return DropReason::martian_source;
  if (is_martian_destination(ip.destination)) return DropReason::martian_destination;
  if (fails_reverse_path(interfaces()[packet->arrived_on], ip.source, back))
    return DropReason::rp_filter;
  return std::nullopt;
}

/// Computes the checksum for those who will test it. A super-frame stays one: an error about it
/// quotes its first segment.
void Stack::make_readable(Packet& packet) {
  const Offload left = packet.is_super_frame() ? packet->offload : Offload{};
  finish_checksum(packet);
  packet->offload = left;
}

void Stack::deliver(Packet packet, Destination destination) {
  if (is_kernels(packet.header<wire::Ipv4Header>())) {
    ++counters_.delivered;  // its copy is there already, fragments and all
    return;
  }
  if (packet.header<wire::Ipv4Header>().is_fragment()) {
    packet = reassemble(std::move(packet));
    if (!packet) return;
  }
  if (!packet.is_plain()) make_readable(packet);
  ++counters_.delivered;
  switch (packet.header<wire::Ipv4Header>().protocol) {
    case ip_protocol::icmp: return icmp_input(std::move(packet), destination);
    case ip_protocol::igmp: return igmp_input(std::move(packet));
    case ip_protocol::udp: return udp_input(std::move(packet));
    case ip_protocol::tcp: return tcp_input(std::move(packet), destination);
    default:
      return refuse(std::move(packet), {DropReason::unknown_protocol, icmp::protocol_unreachable});
  }
}

Packet Stack::reassemble(Packet fragment) {
  const IfIndex on = fragment->arrived_on;
  ++counters_.fragments_received;
  auto whole = reassembly_.add(std::move(fragment), settings_.fragment_time, now_);
  drop_all(reassembly_.take_evicted(), DropReason::reassembly_full, on);
  if (!whole.has_value()) {
    count_drop(on, whole.error());
    return {};
  }
  if (*whole) ++counters_.reassembled;
  return std::move(*whole);
}

void Stack::icmp_input(Packet packet, Destination destination) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  const Bytes message = packet.bytes().subspan(ip.header_length());
  if (message.size() < sizeof(wire::Icmpv4Header) || internet_checksum(message) != 0)
    return drop(std::move(packet), DropReason::icmp_malformed);
  switch (header_at<wire::Icmpv4Header>(message).type) {
    case icmpv4_type::echo_request: return echo_request(std::move(packet), destination);
    case icmpv4_type::timestamp: return timestamp_request(std::move(packet), destination);
    case icmpv4_type::redirect: redirect_input(packet); [[fallthrough]];
    case icmpv4_type::echo_reply:
    case icmpv4_type::timestamp_reply:
    case icmpv4_type::destination_unreachable:
    case icmpv4_type::time_exceeded:
    case icmpv4_type::parameter_problem: return keep_for_listeners(std::move(packet));
    default:
      if (host_sockets_) return keep_for_listeners(std::move(packet));
      return drop(std::move(packet), DropReason::icmp_ignored);  // RFC 1122 §3.2.2
  }
}

void Stack::igmp_input(Packet packet) {
  const auto heard = igmp_.receive(interfaces()[packet->arrived_on], packet, now_);
  if (!heard.has_value()) drop(std::move(packet), heard.error());
}

void Stack::udp_input(Packet packet) {
  const UdpVerdict verdict = smolstack::udp_input(packet);
  if (verdict.port_unreachable) answer_with_error(packet, icmp::port_unreachable);
  drop(std::move(packet), verdict.reason);
}

void Stack::tcp_input(Packet packet, Destination destination) {
  TcpVerdict verdict = smolstack::tcp_input(pool_, packet, destination);
  const auto& ip = packet.header<wire::Ipv4Header>();
  if (verdict.reset)
    send_reply(std::move(verdict.reset), {.destination = ip.source,
                                          .source = ip.destination,
                                          .protocol = ip_protocol::tcp,
                                          .dont_fragment = true});
  drop(std::move(packet), verdict.reason);
}

// --- The way through ---------------------------------------------------------------------------

void Stack::forward(Packet packet, const Ipv4Hop* route) {
  if (!is_forwarded(packet->arrived_on)) return drop(std::move(packet), DropReason::forwarding_off);
  const auto& ip = packet.header<wire::Ipv4Header>();
  if (const auto reason = refuse_crossing(ip, packet->link_broadcast))
    return drop(std::move(packet), *reason);
  route = path_of(route, packet);
  const std::size_t length = longest_datagram(ip, packet);
  if (const auto refusal = refuse_forward(ip, length, route, interfaces()))
    return refuse(std::move(packet), *refusal);
  const Egress egress = egress_of(ip, packet->arrived_on, *route, interfaces());
  transit(std::move(packet), egress);
}

void Stack::transit(Packet packet, const Egress& egress) {
  if (egress.redirect && settings_.send_redirects) redirect(packet, egress);
  auto& ip = packet.header<wire::Ipv4Header>();
  ip.decrement_ttl();
  if (ip.has_options()) {
    const InterfaceAddress* const own = egress.out->address_towards(egress.next_hop);
    if (!stamp(packet, own == nullptr ? Ipv4Address() : own->subnet.address))
      return drop(std::move(packet), DropReason::option_malformed);
  }
  ++counters_.forwarded;
  transmit({egress.out, egress.next_hop}, std::move(packet));
}

}  // namespace smolstack
