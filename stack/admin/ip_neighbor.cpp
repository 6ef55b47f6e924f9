#include <algorithm>
#include <array>
#include <cctype>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

constexpr auto states = std::to_array<NeighborState>(
    {NeighborState::none, NeighborState::incomplete, NeighborState::reachable, NeighborState::stale,
     NeighborState::delay, NeighborState::probe, NeighborState::failed, NeighborState::permanent});

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

Read<NeighborState> read_state(const std::string& word) {
  const auto at = std::ranges::find_if(
      states, [&](NeighborState state) { return lower(to_string(state)) == lower(word); });
  if (at != states.end()) return *at;
  return wrong_argument(word, "nud state is bad");
}

/// Which neighbours a listing or a flush is about.
struct NeighborFilter {
  const Interface* device = nullptr;
  std::optional<Ipv4Prefix> to;
  std::vector<NeighborState> only;
  bool every_state = false;

  bool passes(const NeighborView& view) const {
    return (device == nullptr || device->index == view.key.interface) &&
           (!to || to->contains(view.key.address));
  }
  bool names(NeighborState state) const { return std::ranges::count(only, state) != 0; }
  bool shows(const NeighborView& view) const {
    const bool wanted = only.empty() ? view.state != NeighborState::none : names(view.state);
    return passes(view) && (every_state || wanted);
  }
  /// What an administrator entered goes only when it is named.
  bool flushes(const NeighborView& view) const {
    const bool wanted = only.empty() ? view.state != NeighborState::permanent : names(view.state);
    return passes(view) && (every_state || wanted);
  }
};

Read<void> read_filter_state(WordReader& words, NeighborFilter& filter) {
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (*word == "all") {
    filter.every_state = true;
    return {};
  }
  const auto state = read_state(*word);
  if (!state) return unexpected(state.error());
  filter.only.push_back(*state);
  return {};
}

Read<void> read_filter_prefix(WordReader& words, NeighborFilter& filter) {
  (void)words.take("to");
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (filter.to) return garbage("to", *word);
  const auto prefix = read_subnet(*word);
  if (!prefix) return unexpected(prefix.error());
  filter.to = prefix->prefix();
  return {};
}

Read<void> read_filter(Machine& machine, WordReader& words, NeighborFilter& filter) {
  if (words.take("nud")) return read_filter_state(words, filter);
  if (!words.take("dev")) return read_filter_prefix(words, filter);
  const auto name = words.value();
  if (!name) return unexpected(name.error());
  const auto device = read_device(machine.stack.interfaces(), *name);
  if (!device) return unexpected(device.error());
  filter.device = *device;
  return {};
}

Read<NeighborFilter> parse_filter(Machine& machine, WordReader& words) {
  NeighborFilter filter;
  while (!words.done())
    if (const auto read = read_filter(machine, words, filter); !read)
      return unexpected(read.error());
  return filter;
}

std::int64_t seconds_since(Instant then, Instant now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
}

Json row_of(const NeighborView& view, const std::string& device, bool statistics) {
  Json row = {{"dst", to_string(view.key.address)}};
  if (!device.empty()) row["dev"] = device;
  if (has_address(view.state)) row["lladdr"] = to_string(view.mac);
  if (statistics) {
    const Instant now = io::EventLoop::now();
    row["used"] = seconds_since(view.used, now);
    row["confirmed"] = seconds_since(view.confirmed, now);
    row["updated"] = seconds_since(view.updated, now);
    row["probes"] = view.requests;
  }
  row["state"] = Json::array();
  if (view.state != NeighborState::none) row["state"].push_back(to_string(view.state));
  return row;
}

Rows rows_for(Machine& machine, std::vector<NeighborView> shown, bool with_device,
              bool statistics) {
  const auto& interfaces = machine.stack.interfaces();
  return rows_of(std::move(shown), [&interfaces, with_device, statistics](const auto& view) {
    const std::string device = with_device ? interfaces[view.key.interface].name : "";
    return row_of(view, device, statistics);
  });
}

IpAnswer show_neighbors(Machine& machine, const IpOptions& options, WordReader& words) {
  const auto filter = parse_filter(machine, words);
  if (!filter) return unexpected(filter.error());
  std::vector<NeighborView> shown = machine.stack.arp().cache().entries();
  std::erase_if(shown, [&](const NeighborView& view) { return !filter->shows(view); });
  return rows_for(machine, std::move(shown), filter->device == nullptr, options.statistics);
}

IpAnswer flush_neighbors(Machine& machine, WordReader& words) {
  if (words.done()) return refuse(exit_code::no, "Flush requires arguments.");
  const auto filter = parse_filter(machine, words);
  if (!filter) return unexpected(filter.error());
  for (const NeighborView& view : machine.stack.arp().cache().entries())
    if (filter->flushes(view)) machine.stack.remove_neighbor(view.key);
  return Rows();
}

/// What add, change, replace, delete and get are about.
struct NeighborChange {
  Interface* device = nullptr;
  std::optional<Ipv4Address> address;
  std::optional<MacAddress> mac;
  NeighborState state = NeighborState::permanent;

  NeighborKey key() const { return {device->index, *address}; }
};

Read<MacAddress> read_mac(const std::string& word) {
  if (const auto mac = parse_mac_address(word)) return *mac;
  const bool looks_like_one = word.find(':') != std::string::npos &&
                              word.find_first_not_of("0123456789abcdefABCDEF:") == word.npos;
  if (looks_like_one) return kernel_says("Invalid link address.");
  return refuse(exit_code::no, "\"" + word + "\" is invalid lladdr.");
}

Read<void> read_neighbor_address(WordReader& words, NeighborChange& change) {
  const bool is_named = words.take("to");
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (change.address && !is_named) return garbage("to", *word);
  const auto address = parse_ipv4_address(*word);
  if (!address)
    return refuse(exit_code::no,
                  "Error: any valid address is expected rather than \"" + *word + "\".");
  change.address = *address;
  return {};
}

Read<void> read_change(WordReader& words, NeighborChange& change, std::string& device) {
  const bool is_mac = words.take("lladdr");
  const bool is_state = !is_mac && words.take("nud");
  const bool is_device = !is_mac && !is_state && words.take("dev");
  if (!is_mac && !is_state && !is_device) return read_neighbor_address(words, change);
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (is_device) {
    device = *word;
  } else if (is_mac) {
    const auto mac = read_mac(*word);
    if (!mac) return unexpected(mac.error());
    change.mac = *mac;
  } else {
    const auto state = read_state(*word);
    if (!state) return unexpected(state.error());
    change.state = *state;
  }
  return {};
}

Read<NeighborChange> parse_change(Machine& machine, WordReader& words) {
  NeighborChange change;
  std::string device;
  while (!words.done())
    if (const auto read = read_change(words, change, device); !read)
      return unexpected(read.error());
  if (device.empty() || !change.address)
    return refuse(exit_code::usage, "Device and destination are required arguments.");
  const auto found = read_device(machine.stack.interfaces(), device);
  if (!found) return unexpected(found.error());
  change.device = *found;
  return change;
}

/// May the administrator put a neighbour into this state? The others are reached by themselves.
bool may_be_set(NeighborState state) {
  return state == NeighborState::permanent || state == NeighborState::reachable ||
         state == NeighborState::stale;
}

IpAnswer set_neighbor(Machine& machine, const NeighborChange& change, IpVerb verb) {
  const auto known = machine.stack.arp().cache().find(change.key());
  if (verb == IpVerb::add && known) return rtnetlink(std::errc::file_exists);
  if (verb == IpVerb::change && !known) return rtnetlink(std::errc::no_such_file_or_directory);
  if (!may_be_set(change.state)) return rtnetlink(std::errc::operation_not_supported);
  if (change.device->link != LinkType::ethernet) return rtnetlink(std::errc::invalid_argument);
  const bool keeps_mac = known && has_address(known->state);
  if (!change.mac && !keeps_mac) return kernel_says("No link layer address given.");
  machine.stack.arp().set(change.key(), change.mac.value_or(keeps_mac ? known->mac : MacAddress{}),
                          change.state, io::EventLoop::now());
  if (!machine.stack.arp().cache().find(change.key())) return rtnetlink(std::errc::no_buffer_space);
  return Rows();
}

IpAnswer remove_neighbor(Machine& machine, const NeighborChange& change) {
  if (!machine.stack.arp().cache().find(change.key()))
    return rtnetlink(std::errc::no_such_file_or_directory);
  machine.stack.remove_neighbor(change.key());
  return Rows();
}

IpAnswer get_neighbor(Machine& machine, const NeighborChange& change) {
  const auto known = machine.stack.arp().cache().find(change.key());
  if (!known) return kernel_says("Neighbour entry not found.");
  return rows_for(machine, {*known}, true, false);
}

}  // namespace

IpAnswer ip_neighbor(Machine& machine, const IpRequest& request, WordReader words) {
  if (request.verb == IpVerb::show) return show_neighbors(machine, request.options, words);
  if (request.verb == IpVerb::flush) return flush_neighbors(machine, words);
  const auto change = parse_change(machine, words);
  if (!change) return unexpected(change.error());
  if (request.verb == IpVerb::remove) return remove_neighbor(machine, *change);
  if (request.verb == IpVerb::get) return get_neighbor(machine, *change);
  return set_neighbor(machine, *change, request.verb);
}

}  // namespace smolstack::control
