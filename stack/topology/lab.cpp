#include "smolstack/topology/lab.hpp"

#include <algorithm>

namespace smolstack::topology {
namespace {

constexpr std::size_t longest_name = 64;

bool may_stand_in_name(char c) {
  const auto between = [c](char first, char last) { return c >= first && c <= last; };
  return between('a', 'z') || between('A', 'Z') || between('0', '9') || c == '.' || c == '_' ||
         c == '-';
}

/// FNV-1a: the same in every run and on every machine, which std::hash does not promise.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

template <class T>
const T* find_named(const std::vector<T>& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &T::name);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  if (name.front() == '.' || name.front() == '-') return false;
  return std::ranges::all_of(name, may_stand_in_name);
}

const Interface* Machine::find_interface(std::string_view interface) const {
  return find_named(interfaces, interface);
}

bool Machine::forwards() const {
  bool forwards = is_router;
  for (const Sysctl& sysctl : sysctls)
    if (sysctl.name == "net.ipv4.ip_forward") forwards = sysctl.value != "0";
  return forwards;
}

MacAddress mac_of(const Machine& machine, const Interface& interface) {
  if (interface.mac) return *interface.mac;
  if (interface.address) return default_mac(interface.address->address);
  const std::uint64_t hash = stable_hash(machine.name + '/' + interface.name);
  return default_mac(Ipv4Address(static_cast<std::uint32_t>(hash)));
}

const Network* Lab::find_network(std::string_view network) const {
  return find_named(networks, network);
}
const Machine* Lab::find_machine(std::string_view machine) const {
  return find_named(machines, machine);
}
const Stage* Lab::find_stage(std::string_view stage) const {
  return find_named(stages, stage);
}

}  // namespace smolstack::topology
