#include "smolstack/lab/collect.hpp"

#include <algorithm>

#include "smolstack/control/client.hpp"
#include "smolstack/inspect/snapshot_json.hpp"

namespace smolstack::lab {
namespace {

using control::Json;
using control::Outcome;

/// A machine of which nothing is known but what the lab file gave it.
inspect::MachineSnapshot dead_machine(const Json& row) {
  inspect::MachineSnapshot machine;
  machine.name = row.value("node", "");
  machine.running = false;
  for (const Json& given : row["interfaces"]) {
    inspect::InterfaceSnapshot interface;
    interface.name = given.value("ifname", "");
    interface.network = given.value("network", "");
    if (const auto address = parse_ipv4_subnet(given.value("address", "")))
      interface.addresses.push_back(*address);
    machine.interfaces.push_back(std::move(interface));
  }
  return machine;
}

inspect::MachineSnapshot machine_of(const LabPaths& paths, const Json& row) {
  const auto rows = ask(paths.socket_of(row.value("node", "")), "snapshot");
  if (!rows) return dead_machine(row);
  auto machine = inspect::machine_snapshot(inspect::join_rows(*rows));
  return machine ? std::move(*machine) : dead_machine(row);
}

void note_networks(inspect::LabSnapshot& lab) {
  for (const auto& machine : lab.machines)
    for (const auto& interface : machine.interfaces)
      if (std::ranges::find(lab.networks, interface.network) == lab.networks.end())
        lab.networks.push_back(interface.network);
}

}  // namespace

Expected<Json, Outcome> ask(const std::filesystem::path& socket, std::string_view command,
                            const control::Words& words) {
  auto client = control::Client::connect(socket.native());
  if (!client) return unexpected(client.error());
  Json rows = Json::array();
  const Outcome told = client->run(command, words, [&](const Json& row) { rows.push_back(row); });
  if (told.exit != control::exit_code::done) return unexpected(told);
  return rows;
}

Expected<inspect::LabSnapshot, Outcome> snapshot_of_running(const LabPaths& paths) {
  const auto machines = ask(paths.socket(), "ps");
  if (!machines) return unexpected(machines.error());
  const auto host = ask(paths.socket(), "snapshot");
  if (!host) return unexpected(host.error());
  inspect::LabSnapshot lab;
  for (const Json& row : *machines) lab.machines.push_back(machine_of(paths, row));
  auto own = inspect::machine_snapshot(inspect::join_rows(*host));
  if (own && !own->interfaces.empty()) lab.machines.push_back(std::move(*own));
  note_networks(lab);
  return lab;
}

}  // namespace smolstack::lab
