#include <algorithm>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

/// rtnetlink(7)'s lifetime of what never ends.
constexpr std::uint32_t forever = 0xffffffff;

/// Which addresses a listing or a flush is about.
struct AddressFilter {
  const Interface* device = nullptr;
  bool only_up = false;
  std::optional<Ipv4Subnet> to;
  std::optional<bool> secondary;
  std::optional<std::string> scope;

  bool passes(const Interface& interface) const {
    return (device == nullptr || device == &interface) && (!only_up || interface.up);
  }
  bool passes(const Interface& interface, const InterfaceAddress& address) const;
  bool chooses() const { return to || secondary || scope; }
};

std::string scope_of(const Interface& interface, Ipv4Address address) {
  if (interface.link == LinkType::loopback && address.is_loopback()) return "host";
  return address.is_link_local() ? "link" : "global";
}

bool AddressFilter::passes(const Interface& interface, const InterfaceAddress& address) const {
  const Ipv4Address own = address.subnet.address;
  return (!to || to->prefix().contains(own)) && (!secondary || *secondary == address.secondary) &&
         (!scope || *scope == scope_of(interface, own));
}

Json info_of(const Interface& interface, const InterfaceAddress& address) {
  const Ipv4Subnet& subnet = address.subnet;
  Json info = {
      {"family", "inet"}, {"local", to_string(subnet.address)}, {"prefixlen", subnet.length}};
  if (interface.link != LinkType::loopback && subnet.prefix().has_broadcast())
    info["broadcast"] = to_string(subnet.broadcast());
  info["scope"] = scope_of(interface, subnet.address);
  if (address.secondary) info["secondary"] = true;
  if (address.duplicate) info["duplicate"] = true;
  info["label"] = interface.name;
  info["valid_life_time"] = forever;
  info["preferred_life_time"] = forever;
  return info;
}

Json filtered_info(const Interface& interface, const AddressFilter& filter, bool brief) {
  Json list = Json::array();
  for (const auto& address : interface.addresses) {
    if (!filter.passes(interface, address)) continue;
    list.push_back(brief ? Json{{"local", to_string(address.subnet.address)},
                                {"prefixlen", address.subnet.length}}
                         : info_of(interface, address));
  }
  return list;
}

Json row_of(const Interface& interface, const IpOptions& options, const AddressFilter& filter) {
  Json row = link_row(interface, {});
  if (options.brief) {
    row = {{"ifname", row["ifname"]}, {"operstate", row["operstate"]}};
  } else {
    row.erase("linkmode");
  }
  row["addr_info"] = filtered_info(interface, filter, options.brief);
  if (options.statistics && !options.brief)
    row["stats64"] = link_row(interface, options)["stats64"];
  return row;
}

Read<void> read_filter_value(Machine& machine, WordReader& words, AddressFilter& filter) {
  if (words.take("to")) {
    const auto word = words.value();
    if (!word) return unexpected(word.error());
    const auto prefix = read_subnet(*word);
    if (!prefix) return unexpected(prefix.error());
    filter.to = *prefix;
    return {};
  }
  if (words.take("scope")) {
    const auto word = words.value();
    if (!word) return unexpected(word.error());
    filter.scope = *word;
    return {};
  }
  (void)words.take("dev");
  const auto name = words.value();
  if (!name) return unexpected(name.error());
  if (filter.device != nullptr) return garbage("dev", *name);
  const auto device = read_shown_device(machine.stack.interfaces(), *name);
  if (!device) return unexpected(device.error());
  filter.device = *device;
  return {};
}

Read<AddressFilter> parse_filter(Machine& machine, WordReader& words) {
  AddressFilter filter;
  while (!words.done()) {
    if (words.take("up")) {
      filter.only_up = true;
    } else if (words.take_short("primary")) {
      filter.secondary = false;
    } else if (words.take_short("secondary")) {
      filter.secondary = true;
    } else if (const auto read = read_filter_value(machine, words, filter); !read) {
      return unexpected(read.error());
    }
  }
  return filter;
}

IpAnswer show_addresses(Machine& machine, const IpOptions& options, WordReader& words) {
  auto filter = parse_filter(machine, words);
  if (!filter) return unexpected(filter.error());
  std::vector<Json> rows;
  for (const auto& interface : machine.stack.interfaces()) {
    if (!filter->passes(*interface)) continue;
    Json row = row_of(*interface, options, *filter);
    const bool only_with_address = options.inet_only || filter->chooses();
    if (!only_with_address || !row["addr_info"].empty()) rows.push_back(std::move(row));
  }
  return rows_of(std::move(rows), [](Json& row) { return std::move(row); });
}

IpAnswer flush_addresses(Machine& machine, WordReader& words) {
  if (words.done()) return refuse(exit_code::no, "Flush requires arguments.");
  const auto filter = parse_filter(machine, words);
  if (!filter) return unexpected(filter.error());
  for (const auto& interface : machine.stack.interfaces()) {
    if (!filter->passes(*interface)) continue;
    const auto addresses = interface->addresses;
    for (const auto& address : addresses)
      if (filter->passes(*interface, address))
        (void)machine.stack.remove_address(*interface, address.subnet);
  }
  return Rows();
}

/// What add, change, replace and delete are about.
struct AddressChange {
  Interface* device = nullptr;
  std::optional<Ipv4Subnet> subnet;
  bool has_length = false;
};

Read<void> read_local(WordReader& words, AddressChange& change) {
  const bool is_named = words.take("local");
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (change.subnet && !is_named) return garbage("local", *word);
  const auto subnet = read_subnet(*word);
  if (!subnet) return unexpected(subnet.error());
  if (subnet->address.is_unspecified() && subnet->length == 0)
    return rtnetlink(std::errc::operation_not_supported);
  change.subnet = *subnet;
  change.has_length = word->find('/') != std::string::npos;
  return {};
}

/// Broadcast address, label and scope follow from the address; they may be said.
bool is_derived(WordReader& words) {
  return words.take("brd") || words.take_short("broadcast") || words.take("label") ||
         words.take_short("scope");
}

Read<AddressChange> parse_change(Machine& machine, WordReader& words) {
  AddressChange change;
  std::string device;
  while (!words.done()) {
    if (words.take("dev")) {
      const auto name = words.value();
      if (!name) return unexpected(name.error());
      device = *name;
    } else if (is_derived(words)) {
      if (const auto value = words.value(); !value) return unexpected(value.error());
    } else if (const auto read = read_local(words, change); !read) {
      return unexpected(read.error());
    }
  }
  if (device.empty())
    return refuse(exit_code::no, "Not enough information: \"dev\" argument is required.");
  const auto found = read_device(machine.stack.interfaces(), device);
  if (!found) return unexpected(found.error());
  change.device = *found;
  if (!change.subnet) return rtnetlink(std::errc::operation_not_supported);
  return change;
}

IpAnswer add_address(Machine& machine, const AddressChange& change, IpVerb verb) {
  const auto added =
      machine.stack.add_address(*change.device, *change.subnet, io::EventLoop::now());
  if (added) return Rows();
  const auto& own = change.device->addresses;
  const bool is_there =
      std::ranges::find(own, *change.subnet, &InterfaceAddress::subnet) != own.end();
  if (is_there && verb != IpVerb::add) return Rows();
  return rtnetlink(added.error());
}

IpAnswer remove_address(Machine& machine, const AddressChange& change) {
  Ipv4Subnet subnet = *change.subnet;
  // Without a length any address of that name goes, as ever with iproute2.
  const InterfaceAddress* const named = change.device->find(subnet.address);
  if (!change.has_length && named != nullptr) subnet = named->subnet;
  const auto removed = machine.stack.remove_address(*change.device, subnet);
  if (!removed) return rtnetlink(removed.error());
  return Rows();
}

}  // namespace

IpAnswer ip_address(Machine& machine, const IpRequest& request, WordReader words) {
  if (request.verb == IpVerb::show) return show_addresses(machine, request.options, words);
  if (request.verb == IpVerb::flush) return flush_addresses(machine, words);
  const auto change = parse_change(machine, words);
  if (!change) return unexpected(change.error());
  if (request.verb == IpVerb::remove) return remove_address(machine, *change);
  return add_address(machine, *change, request.verb);
}

}  // namespace smolstack::control
