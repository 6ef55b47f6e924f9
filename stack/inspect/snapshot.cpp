#include "smolstack/inspect/snapshot.hpp"

#include <algorithm>
#include <utility>

namespace smolstack::inspect {
namespace {

bool has_address(const InterfaceSnapshot& interface, Ipv4Address address) {
  return std::ranges::find(interface.addresses, address, &Ipv4Subnet::address) !=
         interface.addresses.end();
}

}  // namespace

const InterfaceSnapshot* MachineSnapshot::find(std::string_view interface) const {
  const auto at = std::ranges::find(interfaces, interface, &InterfaceSnapshot::name);
  return at == interfaces.end() ? nullptr : &*at;
}

InterfaceSnapshot* MachineSnapshot::find(std::string_view interface) {
  return const_cast<InterfaceSnapshot*>(std::as_const(*this).find(interface));
}

const InterfaceSnapshot* MachineSnapshot::holder_of(Ipv4Address address) const {
  const auto at = std::ranges::find_if(
      interfaces, [&](const InterfaceSnapshot& each) { return has_address(each, address); });
  return at == interfaces.end() ? nullptr : &*at;
}

const MachineSnapshot* LabSnapshot::find(std::string_view machine) const {
  const auto at = std::ranges::find(machines, machine, &MachineSnapshot::name);
  return at == machines.end() ? nullptr : &*at;
}

MachineSnapshot* LabSnapshot::find(std::string_view machine) {
  return const_cast<MachineSnapshot*>(std::as_const(*this).find(machine));
}

const MachineSnapshot* LabSnapshot::holder_of(Ipv4Address address) const {
  const auto at = std::ranges::find_if(
      machines, [&](const MachineSnapshot& each) { return each.holder_of(address) != nullptr; });
  return at == machines.end() ? nullptr : &*at;
}

}  // namespace smolstack::inspect
