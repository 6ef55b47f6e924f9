#include <utility>

#include "smolstack/stack.hpp"

// The administrator's side, and what the options of a datagram ask of us.

namespace smolstack {

Interface& Stack::add_interface(Interface interface) {
  return tables_.add_interface(std::move(interface));
}

void Stack::set_up(Interface& interface, bool up, Instant now) {
  now_ = now;
  if (interface.up == up) return;
  tables_.set_up(interface, up);
  if (up) return tell_neighbors_of_us(interface);
  igmp_.went_down(interface);
  drop_all(arp_.remove_all(interface.index), DropReason::interface_down, interface.index);
  drop_all(std::exchange(interface.outgoing, PacketQueue()), DropReason::interface_down,
           interface.index);
}

void Stack::set_running(Interface& interface, bool running, Instant now) {
  now_ = now;
  if (interface.running == running) return;
  interface.running = running;
  if (running) return tell_neighbors_of_us(interface);
  igmp_.went_down(interface);
  drop_all(std::exchange(interface.outgoing, PacketQueue()), DropReason::device_down,
           interface.index);
}

void Stack::tell_neighbors_of_us(Interface& interface) {
  announce_all(interface);
  igmp_.came_up(interface, now_);
  send_reports(interface);
}

void Stack::announce_all(Interface& interface) {
  if (!settings_.arp_notify) return;
  for (const auto& own : interface.addresses) arp_.announce(interface, own.subnet.address, now_);
}

Expected<void, Error> Stack::add_address(Interface& interface, const Ipv4Subnet& subnet,
                                         Instant now) {
  now_ = now;
  auto added = tables_.add_address(interface, subnet);
  if (!added.has_value()) return added;
  if (interface.link == LinkType::ethernet && interface.mac.is_zero())
    interface.mac = default_mac(subnet.address);
  if (settings_.arp_notify) arp_.announce(interface, subnet.address, now);
  return {};
}

Expected<void, Error> Stack::remove_address(Interface& interface, const Ipv4Subnet& subnet) {
  return tables_.remove_address(interface, subnet);
}

Expected<void, Error> Stack::join_group(Interface& interface, Ipv4Address group, Instant now) {
  now_ = now;
  if (host_sockets_)
    return failed(std::errc::operation_not_supported, "joining a group beside a kernel");
  auto joined = igmp_.join(interface, group, now);
  send_reports(interface);
  return joined;
}

Expected<void, Error> Stack::leave_group(Interface& interface, Ipv4Address group, Instant now) {
  now_ = now;
  if (host_sockets_)
    return failed(std::errc::operation_not_supported, "leaving a group beside a kernel");
  auto left = igmp_.leave(interface, group, now);
  send_reports(interface);
  return left;
}

bool Stack::remove_neighbor(const NeighborKey& key) {
  PacketQueue waiting;
  const bool was_there = arp_.remove(key, waiting);
  drop_all(std::move(waiting), DropReason::neighbor_unresolved, key.interface);
  return was_there;
}

void Stack::want_neighbor(Interface& out, Ipv4Address neighbor, Instant now) {
  now_ = now;
  Displaced displaced = arp_.want(out, neighbor, now);
  drop_all(std::move(displaced.packets), displaced.reason, out.index);
}

void Stack::listen_icmp(bool on) {
  listeners_ += on ? 1 : 0;
  listeners_ -= on || listeners_ == 0 ? 0 : 1;
  if (listeners_ == 0) inbox_ = PacketQueue();
}

PacketQueue Stack::take_icmp() {
  return std::exchange(inbox_, PacketQueue());
}

// --- Time of day -------------------------------------------------------------------------------

void Stack::set_time_of_day(Instant now, Duration since_midnight) {
  midnight_ = now - since_midnight;
}

// RFC 791 page 22: whoever does not know the time in UT sets the high bit.
std::uint32_t Stack::milliseconds_of_day() const {
  constexpr std::int64_t day = 86'400'000;
  const auto since = now_ - midnight_.value_or(Instant());
  const auto value = static_cast<std::uint32_t>(since / std::chrono::milliseconds(1) % day);
  return midnight_ ? value : value | 0x80000000u;
}

// --- Options -----------------------------------------------------------------------------------

// RFC 1122 §3.2.1.8, RFC 1812 §5.3.13. A host says nothing about packets of others.
bool Stack::check_options(const Packet& packet, Destination destination) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  const auto options = parse_ipv4_options(packet.bytes().first(ip.header_length()));
  const bool concerns_us = destination != Destination::transit || is_forwarded(packet->arrived_on);
  if (!options.has_value()) {
    if (concerns_us) answer_with_error(packet, icmp::parameter_problem(options.error().pointer));
    count_drop(packet->arrived_on, DropReason::option_malformed);
    return false;
  }
  if (options->source_route == 0) return true;
  count_drop(packet->arrived_on, DropReason::source_route);  // RFC 7126 §4.3
  return false;
}

/// Writes us into Record Route and Timestamp. False: a fault, and the source has been told.
bool Stack::stamp(Packet& packet, Ipv4Address address) {
  const auto& ip = packet.header<wire::Ipv4Header>();
  const Bytes header = packet.bytes().first(ip.header_length());
  const auto options = parse_ipv4_options(header);
  if (!options.has_value()) return false;
  const OptionStamp stamp{address, milliseconds_of_day(),
                          [](const void* tables, Ipv4Address a) {
                            return static_cast<const Tables*>(tables)->is_own(a);
                          },
                          &tables_};
  if (!stamp_options(header, *options, stamp)) {
    answer_with_error(packet, icmp::parameter_problem(options->timestamp));  // RFC 791 page 23
    return false;
  }
  finish_ipv4_header(header);
  return true;
}

}  // namespace smolstack
