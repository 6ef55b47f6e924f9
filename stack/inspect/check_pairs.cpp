#include <algorithm>
#include <set>

#include "smolstack/inspect/check.hpp"
#include "smolstack/inspect/snapshot_json.hpp"

// Who has to be asked, so that all have been asked.

namespace smolstack::inspect {
namespace {

/// The same text for machines that packets cannot tell apart. A machine of several networks is
/// one of its kind.
std::string kind_of(const MachineSnapshot& machine) {
  if (machine.interfaces.size() != 1) return machine.name;
  Json json = to_json(machine);
  json.erase("node");
  json.erase("hosts");
  for (const char* const own : {"address", "addr_info"}) json["interfaces"][0].erase(own);
  for (Json& route : json["routes"]) route.erase("prefsrc");
  // Whoever has no address, or one of another network, is of another kind.
  for (const Ipv4Subnet& subnet : machine.interfaces[0].addresses)
    json["interfaces"][0]["networks"].push_back(to_string(subnet.prefix()));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<const MachineSnapshot*> one_of_each_kind(const LabSnapshot& lab) {
  std::set<std::string> known;
  std::vector<const MachineSnapshot*> machines;
  for (const MachineSnapshot& machine : lab.machines)
    if (known.insert(kind_of(machine)).second) machines.push_back(&machine);
  return machines;
}

}  // namespace

std::vector<Pair> distinct_pairs(const LabSnapshot& lab) {
  const auto machines = one_of_each_kind(lab);
  std::vector<Pair> pairs;
  for (const MachineSnapshot* const from : machines)
    for (const MachineSnapshot* const to : machines)
      for (const InterfaceSnapshot& interface : to->interfaces)
        if (from != to && !interface.addresses.empty())
          pairs.push_back({from, to, interface.addresses.front().address});
  return pairs;
}

}  // namespace smolstack::inspect
