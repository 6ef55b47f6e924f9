#include "smolstack/inspect/snapshot_command.hpp"

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::inspect {
namespace {

InterfaceSnapshot interface_of(const Interface& interface) {
  InterfaceSnapshot snapshot{.name = interface.name,
                             .network = {},
                             .mac = interface.mac,
                             .mtu = interface.mtu,
                             .up = interface.up,
                             .carrier = interface.running,
                             .forwarding = interface.forwarding,
                             .rp_filter = static_cast<std::uint8_t>(interface.rp_filter),
                             .addresses = {}};
  for (const InterfaceAddress& own : interface.addresses) snapshot.addresses.push_back(own.subnet);
  return snapshot;
}

std::string name_of(const Stack& stack, IfIndex interface) {
  return interface == IfIndex::none ? std::string() : stack.interfaces()[interface].name;
}

RouteSnapshot route_of(const Stack& stack, const Ipv4Route& route) {
  RouteSnapshot snapshot{.route = route, .device = name_of(stack, route.interface)};
  for (const Ipv4Path& path : route.paths.list())
    snapshot.paths.push_back({path.gateway, name_of(stack, path.interface), path.weight});
  return snapshot;
}

}  // namespace

MachineSnapshot snapshot_of(const Stack& stack, std::string_view name) {
  const Settings& settings = stack.settings();
  MachineSnapshot machine;
  machine.name = name;
  machine.forwarding = settings.forwarding;
  machine.echo_ignore_all = settings.echo_ignore_all;
  machine.echo_ignore_broadcasts = settings.echo_ignore_broadcasts;
  for (const auto& interface : stack.interfaces())
    if (interface->link != LinkType::loopback)
      machine.interfaces.push_back(interface_of(*interface));
  for (const Ipv4Route& route : stack.tables().rib().routes())
    machine.routes.push_back(route_of(stack, route));
  for (const NeighborView& view : stack.arp().cache().entries())
    if (view.state == NeighborState::permanent)
      machine.permanent_neighbors.push_back(
          {name_of(stack, view.key.interface), view.key.address, view.mac});
  return machine;
}

std::unique_ptr<control::Running> snapshot_handler(control::Machine& machine,
                                                   const control::Words& words,
                                                   const std::shared_ptr<control::Reply>& reply) {
  using namespace control;
  if (!words.empty()) {
    reply->fail(exit_code::wrong,
                "snapshot: unknown word \"" + words.front() + "\"; it takes none");
    return nullptr;
  }
  std::vector<Json> rows = to_rows(snapshot_of(machine.stack, machine.name));
  if (machine.complete_snapshot) machine.complete_snapshot(rows.front());
  reply->rows(rows_of(std::move(rows), [](const Json& row) { return row; }), exit_code::done);
  return nullptr;
}

}  // namespace smolstack::inspect
