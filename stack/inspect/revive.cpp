#include "smolstack/inspect/revive.hpp"

#include <algorithm>

namespace smolstack::inspect {
namespace {

constexpr Instant beginning{};

void add_interface(Stack& stack, const InterfaceSnapshot& snapshot, std::uint8_t all_rp_filter) {
  Interface& added = stack.add_interface({.name = snapshot.name, .mac = snapshot.mac});
  (void)stack.tables().set_mtu(added, snapshot.mtu);
  added.forwarding = snapshot.forwarding;
  added.rp_filter = static_cast<ReversePath>(std::max(snapshot.rp_filter, all_rp_filter));
  for (const Ipv4Subnet& subnet : snapshot.addresses)
    (void)stack.add_address(added, subnet, beginning);
  stack.set_up(added, snapshot.up, beginning);
  added.running = snapshot.carrier;
}

std::vector<Ipv4Path> paths_of(const RouteSnapshot& route, const InterfaceTable& interfaces) {
  std::vector<Ipv4Path> paths;
  for (const PathSnapshot& each : route.paths)
    if (const Interface* const device = interfaces.find(each.device))
      paths.push_back({each.gateway, device->index, each.weight});
  return paths;
}

std::vector<Ipv4Route> routes_of(const MachineSnapshot& machine, const InterfaceTable& interfaces) {
  std::vector<Ipv4Route> routes;
  for (const RouteSnapshot& each : machine.routes) {
    Ipv4Route route = each.route;
    if (!each.paths.empty()) {
      // A way by a link that is down is one of the route's, and nobody takes it.
      route.set_paths(paths_of(each, interfaces));
      const auto is_up = [&](const Ipv4Path& path) { return interfaces[path.interface].up; };
      if (std::ranges::any_of(route.paths.list(), is_up)) routes.push_back(route);
      continue;
    }
    const Interface* const device = interfaces.find(each.device);
    route.interface = device == nullptr ? IfIndex::none : device->index;
    // A link that is down takes its routes along, whoever says that they are there.
    if (device == nullptr ? leads_nowhere(route.kind) : device->up) routes.push_back(route);
  }
  return routes;
}

}  // namespace

std::unique_ptr<Stack> revive(const MachineSnapshot& machine, StackOptions options) {
  options.settings.forwarding = machine.forwarding;
  options.settings.echo_ignore_all = machine.echo_ignore_all;
  options.settings.echo_ignore_broadcasts = machine.echo_ignore_broadcasts;
  options.settings.arp_notify = false;
  auto stack = std::make_unique<Stack>(options);
  for (const InterfaceSnapshot& interface : machine.interfaces)
    add_interface(*stack, interface, machine.rp_filter);
  stack->tables().sync_routes(routes_of(machine, stack->interfaces()));
  for (const NeighborSnapshot& each : machine.permanent_neighbors)
    if (const Interface* const on = stack->interfaces().find(each.device))
      stack->arp().set({on->index, each.address}, each.mac, NeighborState::permanent, beginning);
  return stack;
}

}  // namespace smolstack::inspect
