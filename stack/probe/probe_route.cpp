#include "smolstack/probe/probe_route.hpp"

#include <algorithm>
#include <array>

namespace smolstack::control {
namespace {

std::string in_words(std::errc code) {
  return std::make_error_code(code).message();
}

Expected<void, std::string> bind_source(Stack& stack, const std::string& source,
                                        ProbeRoute& found) {
  if (source.empty()) return {};
  if (const auto address = parse_ipv4_address(source)) {
    if (!stack.tables().is_own(*address) && !address->is_loopback())
      return unexpected("bind: " + in_words(std::errc::address_not_available));
    found.source = *address;
    return {};
  }
  const Interface* const interface = stack.interfaces().find(source);
  if (interface == nullptr)
    return unexpected("SO_BINDTODEVICE " + source + ": " + in_words(std::errc::no_such_device));
  found.bound = interface->index;
  found.interface = source;
  return {};
}

/// What a route that leads nowhere says to the sender.
std::errc refusal(RouteKind kind) {
  switch (kind) {
    case RouteKind::unicast:
    case RouteKind::local:
    case RouteKind::broadcast: break;
    case RouteKind::blackhole: return std::errc::invalid_argument;
    case RouteKind::unreachable: return std::errc::host_unreachable;
    case RouteKind::prohibit: return std::errc::permission_denied;
  }
  return std::errc();
}

/// Fills in what an interface decides when the probe is bound to it.
void follow_interface(const Interface& out, Ipv4Address destination, ProbeRoute& found) {
  found.mtu = out.mtu;
  if (!found.source.is_unspecified()) return;
  const InterfaceAddress* own = out.address_towards(destination);
  if (own == nullptr && !out.addresses.empty()) own = &out.addresses.front();
  if (own != nullptr) found.source = own->subnet.address;
}

}  // namespace

Expected<ProbeRoute, std::string> find_probe_route(Stack& stack, Ipv4Address destination,
                                                   const std::string& source) {
  ProbeRoute found;
  if (auto bound = bind_source(stack, source, found); !bound) return unexpected(bound.error());
  const Ipv4Hop* const route = stack.route_of({found.source, destination, ip_protocol::icmp});
  found.broadcast = destination.is_limited_broadcast() ||
                    (route != nullptr && route->kind == RouteKind::broadcast);
  if (found.bound != IfIndex::none) {
    follow_interface(stack.interfaces()[found.bound], destination, found);
    return found;
  }
  if (route == nullptr) return unexpected("connect: " + in_words(std::errc::network_unreachable));
  if (const auto why = refusal(route->kind); why != std::errc())
    return unexpected("connect: " + in_words(why));
  if (found.source.is_unspecified()) found.source = stack.tables().source_for(*route, destination);
  found.mtu = stack.interfaces().contains(route->interface)
                  ? stack.interfaces()[route->interface].mtu
                  : loopback_mtu;
  if (route->kind == RouteKind::local) found.mtu = loopback_mtu;
  return found;
}

std::string send_error(DropReason reason) {
  struct Entry {
    DropReason reason;
    std::errc code;
  };
  static constexpr auto codes = std::to_array<Entry>({
      {DropReason::no_route, std::errc::network_unreachable},
      {DropReason::blackhole, std::errc::invalid_argument},
      {DropReason::unreachable, std::errc::host_unreachable},
      {DropReason::prohibit, std::errc::permission_denied},
      {DropReason::mtu_exceeded, std::errc::message_size},
      {DropReason::interface_down, std::errc::network_down},
      {DropReason::no_buffer, std::errc::no_buffer_space},
      {DropReason::martian_source, std::errc::address_not_available},
  });
  const auto at = std::ranges::find(codes, reason, &Entry::reason);
  return at != codes.end() ? in_words(at->code) : std::string(describe(reason));
}

}  // namespace smolstack::control
