#include "smolstack/inspect/lab_snapshot.hpp"

#include <algorithm>

#include "smolstack/inspect/revive.hpp"
#include "smolstack/inspect/snapshot_command.hpp"

namespace smolstack::inspect {
namespace {

constexpr std::string_view host_name = "host";

InterfaceSnapshot interface_of(const topology::Machine& machine,
                               const topology::Interface& interface) {
  InterfaceSnapshot snapshot;
  snapshot.name = interface.name;
  snapshot.network = interface.network;
  snapshot.mac = topology::mac_of(machine, interface);
  snapshot.mtu = interface.mtu;
  snapshot.up = interface.up;
  if (interface.address) snapshot.addresses.push_back(*interface.address);
  return snapshot;
}

/// A stack gives every address its connected network.
void connect(MachineSnapshot& machine) {
  StackOptions options;
  options.pool = {.small = 16, .large = 0};
  MachineSnapshot bare = machine;
  for (InterfaceSnapshot& interface : bare.interfaces) interface.up = false;
  const auto stack = revive(bare, options);
  for (const InterfaceSnapshot& interface : machine.interfaces)
    stack->set_up(*stack->interfaces().find(interface.name), interface.up, Instant());
  machine.routes = snapshot_of(*stack, machine.name).routes;
}

void set_all(MachineSnapshot& machine, const std::vector<topology::Sysctl>& sysctls) {
  for (const topology::Sysctl& each : sysctls)
    (void)apply(machine, {"sysctl", "-w", each.name + '=' + each.value});
}

MachineSnapshot machine_of(const topology::Machine& machine) {
  MachineSnapshot snapshot;
  snapshot.name = machine.name;
  snapshot.stack = machine.stack;
  snapshot.forwarding = machine.forwards();
  for (const topology::Interface& interface : machine.interfaces)
    snapshot.interfaces.push_back(interface_of(machine, interface));
  for (const topology::HostEntry& each : machine.extra_hosts)
    if (const auto address = parse_ipv4_address(each.address))
      snapshot.hosts.push_back({each.name, *address});
  connect(snapshot);
  set_all(snapshot, machine.sysctls);
  return snapshot;
}

/// The lab's own namespace, where it has addresses.
void add_host(LabSnapshot& snapshot, const topology::Lab& lab) {
  MachineSnapshot host;
  host.name = host_name;
  host.stack = topology::StackKind::kernel;
  for (const topology::Network& network : lab.networks) {
    if (!network.host) continue;
    InterfaceSnapshot interface;
    interface.name = network.name;
    interface.network = network.name;
    interface.mac = default_mac(network.host->address);
    interface.mtu = network.mtu;
    interface.addresses.push_back(*network.host);
    host.interfaces.push_back(std::move(interface));
  }
  if (host.interfaces.empty()) return;
  connect(host);
  snapshot.machines.push_back(std::move(host));
}

}  // namespace

LabSnapshot snapshot_of(const topology::Lab& lab, std::string_view stage,
                        std::vector<RefusedCommand>* refused) {
  LabSnapshot snapshot;
  for (const topology::Network& network : lab.networks) snapshot.networks.push_back(network.name);
  for (const topology::Machine& machine : lab.machines)
    snapshot.machines.push_back(machine_of(machine));
  add_host(snapshot, lab);
  for (const topology::ScriptedCommand& command : topology::scripted_commands(lab, stage)) {
    MachineSnapshot* const machine = snapshot.find(command.machine);
    if (machine == nullptr) continue;
    const control::Outcome outcome = apply(*machine, command.words);
    if (outcome.exit != control::exit_code::done && refused != nullptr)
      refused->push_back({command, outcome.error});
  }
  return snapshot;
}

}  // namespace smolstack::inspect
