#include "lab_rows.hpp"

#include "smolstack/inspect/snapshot_json.hpp"
#include "smolstack/lab/find.hpp"
#include "smolstack/lab/front.hpp"
#include "smolstack/lab/machine_commands.hpp"

namespace smolstack::lab {
namespace {

using control::Json;

std::string_view word_of(MachineState state) {
  switch (state) {
    case MachineState::starting: return "starting";
    case MachineState::running: return "running";
    case MachineState::dead: return "dead";
  }
  return "?";
}

Json address_rows(const topology::Machine& machine) {
  Json rows = Json::array();
  for (const auto& interface : machine.interfaces) {
    Json row = {{"ifname", interface.name}, {"network", interface.network}};
    if (interface.address) row["address"] = to_string(*interface.address);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

Json row_of(const MachineChild& child) {
  const topology::Machine& machine = child.machine();
  Json row = {{"node", machine.name}, {"state", word_of(child.state())}};
  if (child.state() == MachineState::dead) row["reason"] = child.end();
  row["kind"] = machine.is_router ? "router" : "host";
  row["stack"] = machine.stack == topology::StackKind::smol ? "smol" : "kernel";
  if (child.state() != MachineState::dead) row["uptime"] = child.uptime().count();
  row["interfaces"] = address_rows(machine);
  return row;
}

Expected<std::vector<Json>, Error> own_snapshot(const topology::Lab& lab) {
  topology::Machine host;
  host.name = host_name;
  auto own = kernel_snapshot(host);
  if (!own) return unexpected(own.error());
  std::erase_if(own->interfaces, [](const auto& bridge) { return bridge.addresses.empty(); });
  for (auto& bridge : own->interfaces)
    for (const auto& network : lab.networks)
      if (bridge_name(lab, network) == bridge.name) bridge.network = network.name;
  return inspect::to_rows(*own);
}

}  // namespace smolstack::lab
