#include <algorithm>

#include "smolstack/stack.hpp"

// What the stack says of itself: echo and timestamp replies, errors, redirects.

namespace smolstack {
namespace {

constexpr std::size_t inbox_size = 256;
constexpr std::size_t redirects_kept = 256;

wire::Icmpv4Header& icmp_of(Packet& packet) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  return header_at<wire::Icmpv4Header>(packet.bytes().subspan(ip.header_length()));
}

}  // namespace

void Stack::echo_request(Packet packet, Destination destination) {
  const bool is_group = destination != Destination::local;
  // RFC 1122 §3.2.2.6 lets us ignore it, and so does Linux; nobody answers for a group that only
  // others have joined.
  const Ipv4Address asked = packet.header<wire::Ipv4Header>().destination;
  const bool is_others = asked.is_multicast() && !interfaces()[packet->arrived_on].is_member(asked);
  if (settings_.echo_ignore_all || (is_group && settings_.echo_ignore_broadcasts) || is_others)
    return drop(std::move(packet), DropReason::echo_ignored);
  icmp_of(packet).type = icmpv4_type::echo_reply;
  ++counters_.echo_replies_sent;
  turn_around(std::move(packet), destination);
}

void Stack::timestamp_request(Packet packet, Destination destination) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  const Bytes message = packet.bytes().subspan(ip.header_length());
  if (message.size() < sizeof(wire::Icmpv4Timestamp))
    return drop(std::move(packet), DropReason::icmp_malformed);
  // RFC 1122 §3.2.2.8: like echo; one to a broadcast may be ignored.
  if (destination != Destination::local) return drop(std::move(packet), DropReason::echo_ignored);
  auto& stamps = header_at<wire::Icmpv4Timestamp>(message);
  stamps.header.type = icmpv4_type::timestamp_reply;
  stamps.receive = stamps.transmit = milliseconds_of_day();
  turn_around(std::move(packet), destination);
}

// The request itself becomes the reply: same identifier, data, TOS (RFC 1349 §5.1) and recorded
// route; the source is the address asked (RFC 1122 §3.2.2.6), or ours if that was a group.
void Stack::turn_around(Packet packet, Destination destination) {
  auto& ip = packet.header<wire::Ipv4Header>();
  const auto way = way_out({ip.destination, ip.source, ip.protocol}, IfIndex::none);
  if (!way.has_value()) return drop(std::move(packet), way.error());
  const Ipv4Address asker = ip.source;
  ip.source =
      destination == Destination::local ? ip.destination : tables_.source_for(way->route, asker);
  ip.destination = asker;
  ip.flags_offset = std::uint16_t{0};
  ip.ttl = settings_.default_ttl;
  finish_icmp(packet.bytes().subspan(ip.header_length()));
  if (ip.has_options()) {
    const Bytes header = packet.bytes().first(ip.header_length());
    if (const auto options = parse_ipv4_options(header)) keep_reply_options(header, *options);
    (void)stamp(packet, ip.source);
  }
  packet->arrived_on = IfIndex::none;
  packet->link_broadcast = false;
  packet->from_host = false;
  (void)originate(std::move(packet), *way);
}

void Stack::keep_for_listeners(Packet packet) {
  if (listeners_ == 0 && host_sockets_) return;  // the kernel has it for its programs
  if (listeners_ == 0) return drop(std::move(packet), DropReason::icmp_ignored);
  if (inbox_.size() >= inbox_size) return drop(std::move(packet), DropReason::inbox_full);
  inbox_.push(std::move(packet));
}

// --- Redirects ---------------------------------------------------------------------------------

void Stack::redirect(const Packet& packet, const Egress& egress) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  if (!may_be_answered_with_error(packet) || !may_answer(ip, false)) return;
  if (!limiter_.allow_redirect(ip.source, ip.destination, now_)) return;
  Packet message = make_icmp_error(pool_, packet, icmp::redirect_host(egress.next_hop));
  if (!message) return;
  ++counters_.redirects_sent;
  send_reply(std::move(message), {.destination = ip.source,
                                  .source = egress.out->address_towards(ip.source)->subnet.address,
                                  .protocol = ip_protocol::icmp,
                                  .tos = icmp_error_tos});
}

// RFC 1122 §3.2.2.2: obeyed from the gateway in use only, towards a neighbour on the same link. A
// router never changes its routes for one (RFC 1812 §5.2.7.2). A redirect for a network counts
// for the one host (RFC 1122 §3.3.1.2).
void Stack::redirect_input(const Packet& packet) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  const ConstBytes message = ConstBytes(packet.bytes()).subspan(ip.header_length());
  constexpr std::size_t needed = sizeof(wire::Icmpv4Header) + sizeof(wire::Ipv4Header);
  if (is_forwarded(packet->arrived_on) || !settings_.accept_redirects) return;
  if (message.size() < needed) return;
  const auto& quoted = header_at<wire::Ipv4Header>(message.subspan(sizeof(wire::Icmpv4Header)));
  const Ipv4Address gateway = header_at<wire::Icmpv4Header>(message).gateway();
  const Interface& in = interfaces()[packet->arrived_on];
  const Ipv4Hop* const route = lookup(quoted.destination);

  if (route == nullptr || route->kind != RouteKind::unicast || !route->has_gateway()) return;
  const bool from_gateway_in_use = route->leads_by(in.index, ip.source);
  const bool is_ours = tables_.is_own(quoted.source);
  if (!from_gateway_in_use || !is_ours || !in.on_link(gateway) || gateway == ip.source) return;
  obey_redirect({.prefix = Ipv4Prefix::of(quoted.destination, 32),
                 .protocol = RouteProtocol::redirect,
                 .gateway = gateway,
                 .interface = in.index});
}

// It becomes a route that people can see and delete; an administrator's own host route stays.
void Stack::obey_redirect(const Ipv4Route& route) {
  const Ipv4Route* const present = tables_.find(route.prefix);
  if (present != nullptr && present->protocol != RouteProtocol::redirect) return;
  if (!tables_.add_route(route, RouteInsert::replace).has_value()) return;
  ++counters_.redirects_obeyed;
  if (std::ranges::find(redirected_, route.prefix) != redirected_.end()) return;
  redirected_.push_back(route.prefix);
  if (redirected_.size() <= redirects_kept) return;
  (void)tables_.remove_route({.prefix = redirected_.front(), .protocol = RouteProtocol::redirect});
  redirected_.pop_front();
}

// RFC 1122 §3.3.1.4: a gateway that was only hearsay is given up when it does not answer.
void Stack::withdraw_redirects(const NeighborKey& gateway) {
  std::erase_if(redirected_, [&](const Ipv4Prefix& prefix) {
    const RouteMatch match{.prefix = prefix,
                           .protocol = RouteProtocol::redirect,
                           .gateway = gateway.address,
                           .interface = gateway.interface};
    return tables_.remove_route(match).has_value();
  });
}

// --- Errors ------------------------------------------------------------------------------------

// RFC 1812 §4.3.2.7: only to a single host, and only about a packet to one.
bool Stack::may_answer(const wire::Ipv4Header& offending, bool from_ourselves) {
  if (!is_single_host(offending.source)) return false;
  if (offending.source.is_loopback() && !from_ourselves) return false;
  const auto is_broadcast = [this](Ipv4Address address) {
    const Ipv4Hop* const route = lookup(address);
    return route != nullptr && route->kind == RouteKind::broadcast;
  };
  return !is_broadcast(offending.source) && !is_broadcast(offending.destination);
}

void Stack::answer_with_error(const Packet& offending, const IcmpMessage& message) {
  if (offending->from_host) return;  // the kernel tells its own programs
  const auto& ip = offending.header<wire::Ipv4Header>();
  const bool from_ourselves =
      offending->arrived_on == IfIndex::none || offending->arrived_on == loopback_index;
  if (!may_be_answered_with_error(offending) || !may_answer(ip, from_ourselves)) return;
  if (!from_ourselves && !limiter_.allow_error(settings_, ip.source, now_)) {
    ++counters_.icmp_errors_limited;
    return;
  }
  Packet error = make_icmp_error(pool_, offending, message);
  if (!error) return count_drop(offending->arrived_on, DropReason::no_buffer);
  ++counters_.icmp_errors_sent;
  // From the address that was asked (RFC 1122 §3.2.2), or else from that of the interface it
  // goes out by (RFC 1812 §4.3.2.4).
  const Ipv4Address asked = tables_.is_own(ip.destination) ? ip.destination : Ipv4Address();
  send_reply(std::move(error), {.destination = ip.source,
                                .source = asked,
                                .protocol = ip_protocol::icmp,
                                .tos = icmp_error_tos});
}

}  // namespace smolstack
