#include <algorithm>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

// `ip maddr`: the multicast groups of interfaces.

namespace smolstack::control {
namespace {

/// The link addresses that frames are taken in for; several groups may share one.
std::vector<MacAddress> link_groups(const Interface& interface) {
  if (interface.link != LinkType::ethernet) return {};
  std::vector<MacAddress> macs{multicast_mac(all_systems)};
  for (const Ipv4Address group : interface.groups) {
    const MacAddress mac = multicast_mac(group);
    if (std::ranges::find(macs, mac) == macs.end()) macs.push_back(mac);
  }
  return macs;
}

Json inet_entry(Ipv4Address group) {
  return {{"family", "inet"}, {"address", to_string(group)}};
}

Json row_of(const Interface& interface) {
  Json list = Json::array();
  for (const MacAddress& mac : link_groups(interface)) list.push_back({{"link", to_string(mac)}});
  for (const Ipv4Address group : interface.groups) list.push_back(inet_entry(group));
  list.push_back(inet_entry(all_systems));
  return {{"ifindex", static_cast<unsigned>(interface.index)},
          {"ifname", interface.name},
          {"maddr", std::move(list)}};
}

IpAnswer show_groups(Machine& machine, WordReader& words) {
  const Interface* device = nullptr;
  while (!words.done()) {
    (void)words.take("dev");
    const auto name = words.value();
    if (!name) return unexpected(name.error());
    if (device != nullptr) return garbage("dev", *name);
    const auto found = read_shown_device(machine.stack.interfaces(), *name);
    if (!found) return unexpected(found.error());
    device = *found;
  }
  std::vector<Json> rows;
  for (const auto& interface : machine.stack.interfaces())
    if (device == nullptr || device == interface.get()) rows.push_back(row_of(*interface));
  return rows_of(std::move(rows), [](Json& row) { return std::move(row); });
}

}  // namespace

Read<GroupChange> parse_group_change(WordReader words) {
  std::optional<Ipv4Address> group;
  GroupChange change;
  while (!words.done()) {
    const bool is_device = words.take("dev");
    if (!is_device) (void)words.take("address");
    const auto word = words.value();
    if (!word) return unexpected(word.error());
    if (is_device) {
      change.device = *word;
      continue;
    }
    if (group) return garbage("address", *word);
    const auto address = read_address(*word);
    if (!address) return unexpected(address.error());
    // On a machine of a lab it would be taken for an address of the machine.
    if (!address->is_multicast())
      return refuse(exit_code::no,
                    "Error: multicast group is expected rather than \"" + *word + "\".");
    group = *address;
  }
  if (change.device.empty())
    return refuse(exit_code::usage, "Not enough information: \"dev\" is required.");
  if (!group) return refuse(exit_code::usage, "Not enough information: a group is required.");
  change.group = *group;
  return change;
}

IpAnswer ip_group(Machine& machine, const IpRequest& request, WordReader words) {
  if (request.verb == IpVerb::show) return show_groups(machine, words);
  const auto change = parse_group_change(words);
  if (!change) return unexpected(change.error());
  const auto device = read_device(machine.stack.interfaces(), change->device);
  if (!device) return unexpected(device.error());
  const Instant now = io::EventLoop::now();
  const auto done = request.verb == IpVerb::add
                        ? machine.stack.join_group(**device, change->group, now)
                        : machine.stack.leave_group(**device, change->group, now);
  if (!done) return rtnetlink(done.error());
  return Rows();
}

}  // namespace smolstack::control
