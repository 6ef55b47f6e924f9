#include "smolstack/inspect/mend.hpp"

#include <algorithm>
#include <tuple>

#include "smolstack/inspect/revive.hpp"
#include "smolstack/inspect/simulation.hpp"

namespace smolstack::inspect {
namespace {

bool is(const Fault& fault, DropReason reason) {
  return fault.reason == to_string(reason);
}

/// How far a packet came, to be compared.
struct Progress {
  bool answered = false;
  bool delivered = false;
  std::size_t machines = 0;  ///< different ones, on the leg that failed
  /// Links that are up where no way on was found: one that comes up has lost its routes, and the
  /// next fault is the lack of them.
  std::ptrdiff_t links = 0;

  friend auto operator<=>(const Progress&, const Progress&) = default;
};

std::ptrdiff_t open_links(const LabSnapshot& lab, const Fault& fault) {
  const MachineSnapshot* const machine = lab.find(fault.at);
  if (!is(fault, DropReason::no_route) || machine == nullptr) return 0;
  return std::ranges::count_if(
      machine->interfaces, [](const InterfaceSnapshot& each) { return each.up && each.carrier; });
}

Progress progress_of(const LabSnapshot& lab, const std::optional<Fault>& fault) {
  if (!fault) return {.answered = true, .delivered = true};
  std::vector<std::string> way = fault->way;
  std::ranges::sort(way);
  way.erase(std::unique(way.begin(), way.end()), way.end());
  return {.delivered = fault->leg == Leg::reply,
          .machines = way.size(),
          .links = open_links(lab, *fault)};
}

/// Interfaces that are down and cables that are out, of one machine.
void add_links(const MachineSnapshot& machine, std::vector<Remedy>& remedies) {
  for (const InterfaceSnapshot& interface : machine.interfaces) {
    Remedy remedy;
    if (!interface.carrier)
      remedy.push_back(
          {machine.name, "smolstack link " + machine.name + ':' + interface.name + " up"});
    if (!interface.up) remedy.push_back({machine.name, "ip link set " + interface.name + " up"});
    if (!remedy.empty()) remedies.push_back(std::move(remedy));
  }
}

void add_start(const MachineSnapshot* machine, std::vector<Remedy>& remedies) {
  if (machine == nullptr) return;
  if (!machine->running)
    remedies.push_back({{machine->name, "smolstack restart " + machine->name}});
  add_links(*machine, remedies);
}

void add_forwarding(const MachineSnapshot& machine, const Fault& fault,
                    std::vector<Remedy>& remedies) {
  if (!machine.forwarding)
    remedies.push_back({{machine.name, "sysctl -w net.ipv4.ip_forward=1"}});
  else
    remedies.push_back({{machine.name, "sysctl -w net.ipv4.conf." + fault.in + ".forwarding=1"}});
}

void add_all(std::vector<Remedy> more, std::vector<Remedy>& remedies) {
  std::ranges::move(more, std::back_inserter(remedies));
}

/// The first free address of the network, for a machine that has none there.
std::optional<Ipv4Subnet> free_address(const LabSnapshot& lab, const Ipv4Subnet& neighbor) {
  constexpr std::uint32_t tried = 4096;
  const Ipv4Prefix prefix = neighbor.prefix();
  for (std::uint32_t i = 1; i <= tried; ++i) {
    const Ipv4Address address(prefix.network.host() + i);
    if (!prefix.contains(address) || address == prefix.last()) break;
    if (lab.holder_of(address) == nullptr) return Ipv4Subnet{address, neighbor.length};
  }
  return std::nullopt;
}

/// A machine without an address on a wire cannot speak to those who have one there.
void add_addresses(const LabSnapshot& lab, const MachineSnapshot& machine,
                   std::vector<Remedy>& remedies) {
  for (const InterfaceSnapshot& own : machine.interfaces) {
    if (!own.addresses.empty() || own.network.empty()) continue;
    for (const MachineSnapshot& other : lab.machines)
      for (const InterfaceSnapshot& each : other.interfaces) {
        if (each.network != own.network || each.addresses.empty()) continue;
        const auto address = free_address(lab, each.addresses.front());
        if (!address) continue;
        remedies.push_back(
            {{machine.name, "ip addr add " + to_string(*address) + " dev " + own.name}});
        break;
      }
  }
}

/// Loose filtering is enough where there is a way back at all.
void add_reverse_path(const Fault& fault, std::vector<Remedy>& remedies) {
  for (const char* const value : {"=2", "=0"})
    remedies.push_back({{fault.at, std::string("sysctl -w net.ipv4.conf.all.rp_filter") + value +
                                       " net.ipv4.conf." + fault.in + ".rp_filter" + value}});
}

/// The receiver's end of a wire takes less than the sender's.
void add_mtu(const LabSnapshot& lab, const Fault& fault, std::vector<Remedy>& remedies) {
  const MachineSnapshot& machine = *lab.find(fault.at);
  const InterfaceSnapshot* const in = machine.find(fault.in);
  if (in == nullptr) return;
  std::uint32_t largest = in->mtu;
  for (const MachineSnapshot& other : lab.machines)
    for (const InterfaceSnapshot& each : other.interfaces)
      if (each.network == in->network) largest = std::max(largest, each.mtu);
  remedies.push_back({{fault.at, "ip link set " + fault.in + " mtu " + std::to_string(largest)}});
}

std::vector<Remedy> routes_of_way(const LabSnapshot& lab, const Fault& fault) {
  std::vector<Remedy> remedies;
  if (!fault.loop.empty()) {
    for (const std::string& machine : fault.loop)
      add_all(route_remedies(lab, machine, fault.target), remedies);
    return remedies;
  }
  // The one before chose a machine that should not have got it.
  const bool is_misled = is(fault, DropReason::forwarding_off);
  if (is_misled && fault.way.size() >= 2)
    return route_remedies(lab, fault.way[fault.way.size() - 2], fault.target);
  return route_remedies(lab, fault.at, fault.target);
}

void add_by_reason(const LabSnapshot& lab, const Fault& fault, std::vector<Remedy>& remedies) {
  using enum DropReason;
  const MachineSnapshot& machine = *lab.find(fault.at);
  const bool is_router = machine.interfaces.size() >= 2;
  if (is(fault, forwarding_off) && is_router) add_forwarding(machine, fault, remedies);
  if (is(fault, rp_filter)) add_reverse_path(fault, remedies);
  if (is(fault, frame_too_long)) add_mtu(lab, fault, remedies);
  if (is(fault, echo_ignored)) {
    remedies.push_back({{fault.at, "sysctl -w net.ipv4.icmp_echo_ignore_all=0"}});
    remedies.push_back({{fault.at, "sysctl -w net.ipv4.icmp_echo_ignore_broadcasts=0"}});
  }
  if (is(fault, other_mac))
    remedies.push_back(
        {{fault.at, "ip neigh del " + to_string(fault.next_hop) + " dev " + fault.out}});
}

}  // namespace

std::vector<Remedy> remedies(const LabSnapshot& lab, const Probe&, const Fault& fault) {
  std::vector<Remedy> remedies;
  const MachineSnapshot* const machine = lab.find(fault.at);
  if (machine == nullptr) return remedies;
  add_start(machine, remedies);
  add_start(lab.holder_of(fault.next_hop), remedies);
  add_start(lab.holder_of(fault.target), remedies);
  add_by_reason(lab, fault, remedies);
  if (fault.reason != to_string(DropReason::no_socket)) {
    add_all(routes_of_way(lab, fault), remedies);
    add_addresses(lab, *machine, remedies);
  }
  if (is(fault, DropReason::forwarding_off)) add_forwarding(*machine, fault, remedies);
  if (remedies.size() > most_remedies) remedies.resize(most_remedies);
  return remedies;
}

LabSnapshot mended(LabSnapshot lab, const Remedy& remedy) {
  for (const Mend& mend : remedy) (void)apply(lab, mend.node, mend.command);
  return lab;
}

Remedy find_remedy(const LabSnapshot& lab, const Probe& probe, const Fault& fault) {
  Remedy best;
  Progress furthest = progress_of(lab, fault);
  for (Remedy& remedy : remedies(lab, probe, fault)) {
    const LabSnapshot after = mended(lab, remedy);
    const auto next = first_fault(after, probe, Simulation(after, probe).run(probe));
    const Progress progress = progress_of(after, next);
    // To go round in a larger loop is not to get further.
    const bool is_loop = next && !next->loop.empty();
    if (progress <= furthest || is_loop) continue;
    furthest = progress;
    best = std::move(remedy);
    if (progress.answered) break;
  }
  return best;
}

}  // namespace smolstack::inspect
