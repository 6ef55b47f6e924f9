#include <algorithm>
#include <deque>
#include <map>

#include "smolstack/inspect/mend.hpp"

// Routes that might be missing, and routes that might be wrong.

namespace smolstack::inspect {
namespace {

bool is_open(const MachineSnapshot& machine, const InterfaceSnapshot& interface) {
  return machine.running && interface.up && interface.carrier && !interface.network.empty();
}

bool is_on(const MachineSnapshot& machine, std::string_view network) {
  return std::ranges::any_of(machine.interfaces, [&](const InterfaceSnapshot& each) {
    return each.network == network && is_open(machine, each);
  });
}

/// How many wires lie between each machine and the target's network.
using Distances = std::map<std::string, unsigned>;

Distances distances_to(const LabSnapshot& lab, const InterfaceSnapshot& target) {
  Distances distances;
  std::map<std::string, unsigned> networks{{target.network, 0}};
  std::deque<std::string> next{target.network};
  while (!next.empty()) {
    const std::string network = next.front();
    next.pop_front();
    for (const MachineSnapshot& machine : lab.machines) {
      if (distances.contains(machine.name) || !is_on(machine, network)) continue;
      distances[machine.name] = networks[network];
      for (const InterfaceSnapshot& each : machine.interfaces) {
        if (!is_open(machine, each) || networks.contains(each.network)) continue;
        networks[each.network] = networks[network] + 1;
        next.push_back(each.network);
      }
    }
  }
  return distances;
}

struct Gateway {
  Ipv4Address address;
  bool forwards = false;
  unsigned distance = ~0u;
};

/// The addresses of others on the machine's own networks, the promising ones first.
std::vector<Gateway> gateways_of(const LabSnapshot& lab, const MachineSnapshot& machine,
                                 const Distances& distances) {
  std::vector<Gateway> gateways;
  for (const InterfaceSnapshot& own : machine.interfaces) {
    if (!is_open(machine, own)) continue;
    for (const MachineSnapshot& other : lab.machines) {
      if (other.name == machine.name || other.interfaces.size() < 2) continue;
      const auto distance = distances.find(other.name);
      for (const InterfaceSnapshot& each : other.interfaces) {
        if (each.network != own.network || !is_open(other, each)) continue;
        for (const Ipv4Subnet& subnet : each.addresses)
          if (std::ranges::any_of(own.addresses, [&](const Ipv4Subnet& mine) {
                return mine.prefix().contains(subnet.address);
              }))
            gateways.push_back({subnet.address, other.forwarding,
                                distance == distances.end() ? ~0u : distance->second});
      }
    }
  }
  std::ranges::stable_sort(
      gateways, {}, [](const Gateway& each) { return std::pair(each.distance, !each.forwards); });
  return gateways;
}

std::string prefix_words(const Ipv4Prefix& prefix) {
  return prefix.is_default() ? "default" : to_string(prefix);
}

std::string metric_words(const Ipv4Route& route) {
  return route.metric == 0 ? "" : " metric " + std::to_string(route.metric);
}

bool is_connected(const Ipv4Route& route) {
  return route.protocol == RouteProtocol::kernel;
}

Remedy by(const std::string& machine, std::string command) {
  return {{machine, std::move(command)}};
}

/// `ip route del` of the route as it stands.
std::string removal_of(const RouteSnapshot& each) {
  const Ipv4Route& route = each.route;
  std::string words = "ip route del ";
  if (leads_nowhere(route.kind)) words += std::string(to_string(route.kind)) + ' ';
  words += prefix_words(route.prefix);
  if (route.has_gateway()) words += " via " + to_string(route.gateway);
  return words + metric_words(route);
}

}  // namespace

std::vector<Remedy> route_remedies(const LabSnapshot& lab, const std::string& name,
                                   Ipv4Address target) {
  std::vector<Remedy> remedies;
  const MachineSnapshot* const machine = lab.find(name);
  const MachineSnapshot* const holder = lab.holder_of(target);
  if (machine == nullptr || holder == nullptr) return remedies;
  const InterfaceSnapshot& interface = *holder->holder_of(target);
  const auto subnet = std::ranges::find(interface.addresses, target, &Ipv4Subnet::address);
  const RouteSnapshot* const present = route_towards(*machine, target);
  const bool may_be_changed = present != nullptr && !is_connected(present->route);
  const auto gateways = gateways_of(lab, *machine, distances_to(lab, interface));

  if (may_be_changed && leads_nowhere(present->route.kind))
    remedies.push_back(by(name, removal_of(*present)));
  for (const Gateway& gateway : gateways) {
    const std::string via = " via " + to_string(gateway.address);
    if (may_be_changed) {
      remedies.push_back(by(name, "ip route replace " + prefix_words(present->route.prefix) + via +
                                      metric_words(present->route)));
      if (present->route.prefix == subnet->prefix()) continue;
    }
    remedies.push_back(by(name, "ip route add " + to_string(subnet->prefix()) + via));
  }
  if (may_be_changed && !leads_nowhere(present->route.kind))
    remedies.push_back(by(name, removal_of(*present)));
  return remedies;
}

}  // namespace smolstack::inspect
