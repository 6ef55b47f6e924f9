#include <algorithm>
#include <utility>

#include "smolstack/inspect/simulation.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/icmpv4.hpp"

// What is seen of the probe: frames as they come and go, counters as they move. There is no other
// traffic in the lab, so whatever moves has to do with it.

namespace smolstack::inspect {
namespace {

Leg leg_of(Role role) {
  return role == Role::request ? Leg::request : Leg::reply;
}

/// The datagram came to where it was to go, and was turned away there.
bool is_said_to_the_request(DropReason reason) {
  using enum DropReason;
  return reason == echo_ignored || reason == no_socket || reason == unknown_protocol ||
         reason == transport_malformed || reason == transport_checksum || reason == icmp_malformed;
}

bool concerns_probe(const std::optional<Role>& role) {
  return role == Role::request || role == Role::reply;
}

const wire::Ipv4Header& ip_of(ConstBytes frame) {
  return header_at<wire::Ipv4Header>(frame.subspan(sizeof(wire::EthernetHeader)));
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

std::string_view to_string(Leg leg) {
  return leg == Leg::request ? "request" : "reply";
}

std::vector<Hop> Trace::path(Leg leg) const {
  std::vector<Hop> path;
  std::ranges::copy_if(hops, std::back_inserter(path),
                       [leg](const Hop& hop) { return hop.leg == leg; });
  return path;
}

// --- The two ends ------------------------------------------------------------------------------

void Simulation::send(Station& from) {
  Stack& stack = *from.stack;
  look_at({from});
  const Ipv4Hop* const route =
      stack.route_of({.destination = probe_.destination, .protocol = probe_.protocol});
  if (route != nullptr) trace_.source = stack.tables().source_for(*route, probe_.destination);
  const std::uint8_t ttl = probe_.ttl == 0 ? stack.settings().default_ttl : probe_.ttl;
  trace_.hops.push_back({.leg = Leg::request, .machine = probe_.from, .ttl = ttl});

  Packet message =
      stack.make_payload(transport_header_length(probe_.protocol) + std::size_t{probe_.size});
  if (!message) return note_loss({from}, Leg::request, DropReason::no_buffer);
  write_request(message.bytes(), probe_, trace_.source);
  const auto sent = stack.send(std::move(message),
                               {.destination = probe_.destination,
                                .protocol = probe_.protocol,
                                .ttl = probe_.ttl,
                                .dont_fragment = probe_.dont_fragment},
                               now_);
  if (!sent.has_value()) return note_loss({from}, Leg::request, sent.error());
  look_at({from, Role::request});
}

/// The program that listens says its word (an echo is answered by the stack itself).
void Simulation::answer(Station& server) {
  if (std::exchange(is_answered_for_, true)) return;
  Stack& stack = *server.stack;
  const bool is_tcp = probe_.protocol == ip_protocol::tcp;
  const std::size_t data = is_tcp ? 0u : std::size_t{probe_.size};
  Packet message = stack.make_payload(transport_header_length(probe_.protocol) + data);
  if (!message) return note_loss({server}, Leg::reply, DropReason::no_buffer);
  write_answer(message.bytes(), probe_, trace_.source);
  const bool is_own = stack.tables().is_own(probe_.destination);
  const auto sent = stack.send(std::move(message),
                               {.destination = trace_.source,
                                .source = is_own ? probe_.destination : Ipv4Address(),
                                .protocol = probe_.protocol,
                                .dont_fragment = is_tcp},
                               now_);
  if (!sent.has_value()) return note_loss({server}, Leg::reply, sent.error());
  look_at({server, Role::reply});
}

// --- Frames ------------------------------------------------------------------------------------

void Simulation::watch_arrival(const Port& port, const Frame& frame) {
  if (!concerns_probe(frame.role) || trace_.hops.size() >= limits_.hops) return;
  const wire::Ipv4Header& ip = ip_of(frame.bytes);
  const bool is_later_fragment = ip.fragment_offset() > 0;
  if (is_later_fragment) return;
  trace_.hops.push_back({.leg = leg_of(*frame.role),
                         .machine = port.station.machine.name,
                         .in = port.interface.name,
                         .ttl = ip.ttl});
}

void Simulation::watch_departure(const Frame& frame) {
  if (!concerns_probe(frame.role) || trace_.hops.size() >= limits_.hops) return;
  const wire::Ipv4Header& ip = ip_of(frame.bytes);
  if (ip.fragment_offset() > 0) return;
  const Leg leg = leg_of(*frame.role);
  const std::string& machine = frame.from->station.machine.name;
  auto& hops = trace_.hops;
  auto at = std::find_if(hops.rbegin(), hops.rend(), [&](const Hop& hop) {
    return hop.leg == leg && hop.machine == machine && hop.out.empty();
  });
  Hop& hop = at != hops.rend() ? *at : hops.emplace_back(Hop{.leg = leg, .machine = machine});
  const Stack& stack = *frame.from->station.stack;
  const Ipv4Hop* const route =
      stack.route_of(flow_of(ConstBytes(frame.bytes).subspan(sizeof(wire::EthernetHeader))));
  hop.out = frame.from->interface.name;
  hop.next_hop = route == nullptr ? ip.destination : route->next_hop(ip.destination);
  hop.ttl = ip.ttl;
}

// --- Counters ----------------------------------------------------------------------------------

void Simulation::look_at(const Occasion& occasion) {
  Station& station = occasion.station;
  const StackCounters& count = station.stack->counters();
  const bool was_delivered = count.delivered > station.counters.delivered;
  if (count.redirects_sent > station.counters.redirects_sent)
    add_once(trace_.redirected_by, station.machine.name);
  if (count.fragments_created > station.counters.fragments_created)
    add_once(trace_.fragmented_by, station.machine.name);
  station.counters = count;
  note_drops(occasion, was_delivered);
  hear(station);
  collect(station);
  if (was_delivered) note_deliveries(occasion);
}

void Simulation::note_deliveries(const Occasion& occasion) {
  const std::string& name = occasion.station.machine.name;
  const bool is_transport = probe_.protocol != ip_protocol::icmp;
  if (occasion.role == Role::request) {
    if (!trace_.delivered) trace_.delivered = name;
    if (is_transport && serves(occasion.station.machine)) answer(occasion.station);
  }
  const bool is_home = occasion.role == Role::reply && name == probe_.from;
  if (is_transport && is_home && is_answered_for_) trace_.answered = true;
}

void Simulation::note_drops(const Occasion& occasion, bool was_delivered) {
  const auto& interfaces = occasion.station.stack->interfaces();
  for (const auto& interface : interfaces) {
    const auto slot = static_cast<std::size_t>(interface->index) - 1;
    DropCounters& before = occasion.station.drops[slot];
    for (const auto& [reason, kind, word, sentence] : drop_reason_entries) {
      if (interface->drops[reason] == before[reason]) continue;
      // Errors and redirects that get lost are nobody's loss, nor is what ARP refuses.
      const bool is_timer = !occasion.role && occasion.in == nullptr;
      // What is counted on lo is an answer that could not leave, unless it began here.
      const bool is_aside = interface->index == loopback_index && occasion.in != nullptr;
      if ((!concerns_probe(occasion.role) && !is_timer) || is_aside) continue;
      const bool is_taken_in = occasion.role == Role::request && was_delivered;
      const bool is_reply = is_taken_in ? !is_said_to_the_request(reason)
                            : is_timer  ? trace_.delivered.has_value()
                                        : occasion.role == Role::reply;
      note_loss(occasion, is_reply ? Leg::reply : Leg::request, reason);
    }
    before = interface->drops;
  }
}

void Simulation::note_loss(const Occasion& occasion, Leg leg, DropReason reason) {
  const Tables& tables = occasion.station.stack->tables();
  const Ipv4Address target = leg == Leg::request ? trace_.destination : trace_.source;
  Loss loss{.leg = leg, .machine = occasion.station.machine.name, .reason = reason};
  if (occasion.in != nullptr) loss.in = occasion.in->name;
  const Ipv4Hop* const route = tables.fib().lookup(target);
  if (route != nullptr && tables.interfaces().contains(route->interface)) {
    loss.out = tables.interfaces()[route->interface].name;
    loss.next_hop = route->next_hop(target);
  }
  trace_.losses.push_back(std::move(loss));
}

/// ICMP that came for a machine: the reply, or errors about the probe.
void Simulation::hear(Station& station) {
  PacketQueue inbox = station.stack->take_icmp();
  while (const Packet packet = inbox.pop()) {
    if (station.machine.name != probe_.from) continue;
    const auto& ip = packet.header<wire::Ipv4Header>();
    const ConstBytes message = ConstBytes(packet.bytes()).subspan(ip.header_length());
    const auto& icmp = header_at<wire::Icmpv4Header>(message);
    if (icmp.type == icmpv4_type::echo_reply)
      trace_.answered = true;
    else if (is_icmpv4_error(icmp.type) && icmp.type != icmpv4_type::redirect)
      trace_.notices.push_back({ip.source, icmp.type, icmp.code, icmp.next_hop_mtu()});
  }
}

}  // namespace smolstack::inspect
