#include <algorithm>
#include <fstream>
#include <map>

#include "smolstack/lab/machine_commands.hpp"
#include "smolstack/mirror/namespace_reading.hpp"

namespace smolstack::lab {
namespace {

using inspect::InterfaceSnapshot;
using inspect::MachineSnapshot;

bool is_set(const std::string& name) {
  int value = 0;
  return std::ifstream("/proc/sys/net/ipv4/" + name) >> value && value != 0;
}

InterfaceSnapshot interface_of(const mirror::LinkRow& link) {
  InterfaceSnapshot interface;
  interface.name = link.name;
  interface.mac = link.mac;
  interface.mtu = link.mtu;
  interface.up = link.up;
  interface.carrier = link.carrier;
  return interface;
}

void apply(InterfaceSnapshot& interface, unsigned ifindex,
           const std::vector<mirror::NetconfRow>& rows) {
  for (const auto& row : rows) {
    const bool is_own = row.ifindex == static_cast<int>(ifindex);
    if (is_own && row.forwarding) interface.forwarding = *row.forwarding != 0;
    // The stricter of the two counts, as the kernel has it.
    if ((is_own || row.ifindex == mirror::NetconfRow::all) && row.rp_filter)
      interface.rp_filter = std::max(interface.rp_filter,
                                     static_cast<std::uint8_t>(std::clamp(*row.rp_filter, 0, 2)));
  }
}

/// Reads on, or remembers the first error.
template <class T>
std::vector<T> take(Expected<std::vector<T>, Error> read, std::optional<Error>& error) {
  if (read) return std::move(*read);
  if (!error) error = read.error();
  return {};
}

}  // namespace

Expected<MachineSnapshot, Error> kernel_snapshot(const topology::Machine& machine) {
  std::optional<Error> error;
  const auto links = take(mirror::read_links(), error);
  const auto addresses = take(mirror::read_addresses(), error);
  const auto routes = take(mirror::read_routes(), error);
  const auto netconf = take(mirror::read_netconf(), error);
  if (error) return unexpected(*error);

  MachineSnapshot snapshot;
  snapshot.name = machine.name;
  snapshot.stack = topology::StackKind::kernel;
  snapshot.forwarding = is_set("ip_forward");
  snapshot.echo_ignore_all = is_set("icmp_echo_ignore_all");
  std::map<unsigned, std::string> names;
  for (const auto& link : links) {
    names[link.ifindex] = link.name;
    if (link.ifindex == mirror::loopback_ifindex) continue;
    InterfaceSnapshot interface = interface_of(link);
    apply(interface, link.ifindex, netconf);
    for (const auto& address : addresses)
      if (address.ifindex == link.ifindex) interface.addresses.push_back(address.subnet);
    snapshot.interfaces.push_back(std::move(interface));
  }
  for (const auto& row : routes) {
    inspect::RouteSnapshot route{.route = row.route, .device = names[row.ifindex]};
    for (const auto& path : row.paths)
      route.paths.push_back({path.gateway, names[path.ifindex], path.weight});
    if (!route.paths.empty()) route.device = route.paths.front().device;
    snapshot.routes.push_back(std::move(route));
  }
  return snapshot;
}

}  // namespace smolstack::lab
