#include "smolstack/admin/ip_command.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

Json flags_of(const Interface& interface) {
  Json flags = Json::array();
  if (interface.up && !interface.running) flags.push_back("NO-CARRIER");
  switch (interface.link) {
    case LinkType::loopback: flags.push_back("LOOPBACK"); break;
    case LinkType::ethernet: flags.insert(flags.end(), {"BROADCAST", "MULTICAST"}); break;
    case LinkType::point_to_point:
      flags.insert(flags.end(), {"POINTOPOINT", "MULTICAST", "NOARP"});
      break;
  }
  if (interface.up) flags.push_back("UP");
  if (interface.usable()) flags.push_back("LOWER_UP");
  return flags;
}

std::string_view state_of(const Interface& interface) {
  if (!interface.usable()) return "DOWN";
  return interface.link == LinkType::ethernet ? "UP" : "UNKNOWN";
}

std::string_view type_of(LinkType link) {
  switch (link) {
    case LinkType::loopback: return "loopback";
    case LinkType::ethernet: return "ether";
    case LinkType::point_to_point: return "none";
  }
  return "?";
}

void put_statistics(Json& row, const Interface& interface) {
  const auto& count = interface.counters;
  const auto& drops = interface.drops;
  const std::uint64_t full = drops[DropReason::device_full];
  const std::uint64_t down = drops[DropReason::device_down];
  row["stats64"]["rx"] = {{"bytes", count.rx_bytes},
                          {"packets", count.rx_packets},
                          {"errors", drops.total(DropKind::malformed)},
                          {"dropped", drops.total(DropKind::refused) - full - down},
                          {"over_errors", 0},
                          {"multicast", count.rx_multicast}};
  row["stats64"]["tx"] = {{"bytes", count.tx_bytes}, {"packets", count.tx_packets},
                          {"errors", down},          {"dropped", full},
                          {"carrier_errors", 0},     {"collisions", 0}};
}

/// Link addresses; TUN has none.
void put_link_addresses(Json& row, const Interface& interface) {
  if (interface.link == LinkType::point_to_point) return;
  const bool is_ether = interface.link == LinkType::ethernet;
  row["address"] = to_string(interface.mac);
  row["broadcast"] = to_string(is_ether ? broadcast_mac : MacAddress{});
}

Json brief_row(const Interface& interface) {
  Json row = {{"ifname", interface.name}, {"operstate", state_of(interface)}};
  if (interface.link != LinkType::point_to_point) row["address"] = to_string(interface.mac);
  row["flags"] = flags_of(interface);
  return row;
}

IpAnswer show_links(Machine& machine, const IpOptions& options, WordReader& words) {
  const Interface* chosen = nullptr;
  bool only_up = false;
  while (!words.done()) {
    if (words.take("up")) {
      only_up = true;
      continue;
    }
    (void)words.take("dev");
    const auto name = words.value();
    if (!name) return unexpected(name.error());
    if (chosen != nullptr) return garbage("dev", *name);
    const auto device = read_shown_device(machine.stack.interfaces(), *name);
    if (!device) return unexpected(device.error());
    chosen = *device;
  }
  std::vector<const Interface*> shown;
  for (const auto& interface : machine.stack.interfaces())
    if ((chosen == nullptr || interface.get() == chosen) && (!only_up || interface->up))
      shown.push_back(interface.get());
  return rows_of(std::move(shown), [options](const Interface* interface) {
    return options.brief ? brief_row(*interface) : link_row(*interface, options);
  });
}

/// What `ip link set` is to do.
struct LinkChange {
  Interface* device = nullptr;
  std::optional<bool> up;
  std::optional<std::uint32_t> mtu;
};

Read<std::uint32_t> read_mtu(WordReader& words) {
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  return read_number(*word, "Invalid \"mtu\" value");
}

Read<LinkChange> parse_change(Machine& machine, WordReader& words) {
  LinkChange change;
  while (!words.done()) {
    if (words.take("up")) {
      change.up = true;
    } else if (words.take("down")) {
      change.up = false;
    } else if (words.take_short("mtu")) {
      const auto mtu = read_mtu(words);
      if (!mtu) return unexpected(mtu.error());
      change.mtu = *mtu;
    } else if (words.abbreviates("address") || words.abbreviates("name")) {
      return rtnetlink(std::errc::operation_not_supported);
    } else {
      (void)words.take("dev");
      const auto name = words.value();
      if (!name) return unexpected(name.error());
      if (change.device != nullptr) return garbage("dev", *name);
      const auto device = read_device(machine.stack.interfaces(), *name);
      if (!device) return unexpected(device.error());
      change.device = *device;
    }
  }
  if (change.device != nullptr) return change;
  return refuse(exit_code::usage, "Not enough information: \"dev\" argument is required.");
}

IpAnswer set_link(Machine& machine, WordReader& words) {
  const auto change = parse_change(machine, words);
  if (!change) return unexpected(change.error());
  if (change->mtu && !machine.stack.tables().set_mtu(*change->device, *change->mtu))
    return kernel_says(*change->mtu < min_mtu ? "mtu less than device minimum."
                                              : "mtu greater than device maximum.");
  if (change->up) machine.stack.set_up(*change->device, *change->up, io::EventLoop::now());
  return Rows();
}

}  // namespace

Json link_row(const Interface& interface, const IpOptions& options) {
  Json row = {{"ifindex", static_cast<unsigned>(interface.index)},
              {"ifname", interface.name},
              {"flags", flags_of(interface)},
              {"mtu", interface.mtu},
              {"qdisc", "noqueue"},
              {"operstate", state_of(interface)},
              {"linkmode", "DEFAULT"},
              {"group", "default"},
              {"txqlen", 1000},
              {"link_type", type_of(interface.link)}};
  put_link_addresses(row, interface);
  if (options.statistics) put_statistics(row, interface);
  return row;
}

IpAnswer ip_link(Machine& machine, const IpRequest& request, WordReader words) {
  if (request.verb == IpVerb::set) return set_link(machine, words);
  return show_links(machine, request.options, words);
}

}  // namespace smolstack::control
