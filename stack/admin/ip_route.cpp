#include <algorithm>
#include <unistd.h>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/admin/route_words.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

/// What add, append, change, replace and delete are about.
struct RouteChange {
  std::optional<Ipv4Subnet> destination;
  std::optional<RouteKind> kind;
  std::optional<Ipv4Address> gateway;
  std::optional<Ipv4Address> source;
  std::optional<RouteProtocol> protocol;
  std::optional<std::uint32_t> metric;
  std::optional<std::string> scope;
  Interface* device = nullptr;
  std::vector<Ipv4Path> paths;  ///< of the words that begin with "nexthop"
};

Read<void> read_table(const std::string& word) {
  if (word == "main" || word == "254") return {};
  if (word == "local" || word == "default" || word == "255" || word == "253")
    return rtnetlink(std::errc::operation_not_supported);
  return wrong_argument(word, "\"table\" value is invalid");
}

Read<void> read_scope(const std::string& word, RouteChange& change) {
  if (word != "global" && word != "link" && word != "host")
    return wrong_argument(word, "invalid \"scope\" value");
  change.scope = word;
  return {};
}

template <class T>
Read<void> assign(std::optional<T>& to, const Read<T>& value) {
  if (!value) return unexpected(value.error());
  to = *value;
  return {};
}

Read<void> read_option(Tables& tables, const std::string& name, const std::string& word,
                       RouteChange& change) {
  if (name == "via") return assign(change.gateway, read_address(word));
  if (name == "src") return assign(change.source, read_address(word));
  if (name == "protocol") return assign(change.protocol, read_route_protocol(word));
  if (name == "metric")
    return assign(change.metric, read_number(word, "\"metric\" value is invalid"));
  if (name == "scope") return read_scope(word, change);
  if (name == "table") return read_table(word);
  const auto device = read_device(tables.interfaces(), word);
  if (!device) return unexpected(device.error());
  change.device = *device;
  return {};
}

/// The option that this word names, if it names one.
std::optional<std::string> take_option(WordReader& words) {
  for (const char* const exact : {"via", "src", "dev"})
    if (words.take(exact)) return exact;
  if (words.take("oif")) return "dev";
  if (words.take("priority") || words.take("preference")) return "metric";
  for (const char* const name : {"protocol", "metric", "scope", "table"})
    if (words.word().size() > 1 && words.take_short(name)) return name;
  return {};
}

Read<void> read_destination(WordReader& words, RouteChange& change) {
  (void)words.take("to");
  if (!words.done() && !change.kind) {
    change.kind = parse_route_kind(words.word());
    if (change.kind) words.next();
  }
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (change.destination) return garbage("to", *word);
  const auto subnet = read_subnet(*word);
  if (!subnet) return unexpected(subnet.error());
  change.destination = *subnet;
  return {};
}

Read<void> read_change(Tables& tables, WordReader& words, RouteChange& change) {
  // A gateway that is on no network of ours can never be asked for by ARP.
  if (words.take("onlink")) return rtnetlink(std::errc::operation_not_supported);
  const auto option = take_option(words);
  if (!option) return read_destination(words, change);
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  return read_option(tables, *option, *word, change);
}

// --- Several ways ------------------------------------------------------------------------------

Read<void> read_weight(const std::string& word, Ipv4Path& path) {
  constexpr std::uint32_t most = 256;
  const auto weight = read_number(word, "\"weight\" is invalid\n");
  if (!weight) return unexpected(weight.error());
  if (*weight == 0 || *weight > most) return wrong_argument(word, "\"weight\" is invalid\n");
  path.weight = static_cast<std::uint16_t>(*weight);
  return {};
}

Read<void> read_path_word(Tables& tables, WordReader& words, const std::string& name,
                          Ipv4Path& path) {
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  if (name == "weight") return read_weight(*word, path);
  if (name == "via") {
    const auto gateway = read_address(*word);
    if (!gateway) return unexpected(gateway.error());
    path.gateway = *gateway;
    return {};
  }
  const auto device = read_device(tables.interfaces(), *word);
  if (!device) return unexpected(device.error());
  path.interface = (*device)->index;
  return {};
}

/// What stands behind "nexthop", up to the next one.
Read<Ipv4Path> read_path(Tables& tables, WordReader& words) {
  Ipv4Path path;
  while (!words.done()) {
    if (words.take("onlink")) return rtnetlink(std::errc::operation_not_supported);
    std::string name;
    for (const char* const known : {"via", "dev", "oif", "weight"})
      if (name.empty() && words.take(known)) name = known;
    if (name.empty()) break;
    if (const auto read = read_path_word(tables, words, name, path); !read)
      return unexpected(read.error());
  }
  return path;
}

/// The rest of the line, which begins with "nexthop".
Read<void> read_paths(Tables& tables, WordReader& words, RouteChange& change) {
  while (!words.done()) {
    if (!words.take("nexthop"))
      return refuse(
          exit_code::usage,
          "Error: \"nexthop\" or end of line is expected instead of \"" + words.word() + "\"");
    if (words.done())
      return refuse(exit_code::usage, "Error: unexpected end of line after \"nexthop\"");
    const auto path = read_path(tables, words);
    if (!path) return unexpected(path.error());
    change.paths.push_back(*path);
  }
  return {};
}

Read<RouteChange> parse_change(Tables& tables, WordReader& words) {
  RouteChange change;
  while (!words.done() && words.word() != "nexthop")
    if (const auto read = read_change(tables, words, change); !read)
      return unexpected(read.error());
  if (const auto read = read_paths(tables, words, change); !read) return unexpected(read.error());
  if (!change.destination)
    return refuse(exit_code::usage,
                  "Usage: ip route { add | del | change | append | replace } [ TYPE ] PREFIX "
                  "[ via ADDRESS ] [ dev STRING ] [ metric METRIC ] [ proto RTPROTO ] [ src "
                  "ADDRESS ] [ nexthop [ via ADDRESS ] [ dev STRING ] [ weight NUMBER ] ... ]");
  if (change.destination->address != change.destination->prefix().network)
    return kernel_says("Invalid prefix for given prefix length.");
  return change;
}

Ipv4Route route_of(const RouteChange& change) {
  Ipv4Route route{.prefix = change.destination->prefix(),
                  .kind = change.kind.value_or(RouteKind::unicast),
                  .protocol = change.protocol.value_or(RouteProtocol::boot),
                  .gateway = change.gateway.value_or(Ipv4Address()),
                  .interface = change.device == nullptr ? IfIndex::none : change.device->index,
                  .preferred_source = change.source.value_or(Ipv4Address()),
                  .metric = change.metric.value_or(0)};
  if (!change.paths.empty()) route.set_paths(change.paths);
  return route;
}

/// What the kernel would say of a route before it looks at its tables.
Read<void> check(const Tables& tables, const RouteChange& change, const Ipv4Route& route) {
  if (route.kind == RouteKind::local || route.kind == RouteKind::broadcast)
    return rtnetlink(std::errc::operation_not_supported);
  if (leads_nowhere(route.kind) &&
      (change.gateway || change.device != nullptr || !change.paths.empty()))
    return kernel_says("Gateway, device and multipath can not be specified for this route type.");
  // With several ways, what the route says for itself must be what the first one says.
  if (change.gateway && !change.paths.empty() && route.gateway != *change.gateway)
    return kernel_says("Nexthop gateway does not match RTA_GATEWAY or RTA_VIA.");
  if (change.device != nullptr && !change.paths.empty() && route.interface != change.device->index)
    return kernel_says("Nexthop device index does not match RTA_OIF.");
  if (change.scope && *change.scope != "global" && route.has_gateway())
    return kernel_says("Nexthop has invalid gateway.");
  if (change.source && !tables.is_own(*change.source))
    return kernel_says("Invalid prefsrc address.");
  return {};
}

/// The kernel's words for why a route could not be added.
tl::unexpected<Outcome> explain(const Error& error) {
  if (error.code == std::errc::network_unreachable || error.code == std::errc::invalid_argument)
    return kernel_says("Nexthop has invalid gateway.");
  if (error.code == std::errc::network_down) return kernel_says("Device for nexthop is not up.");
  return rtnetlink(error);
}

bool is_there(const Machine& machine, const Ipv4Route& wanted) {
  return machine.stack.tables().rib().contains(wanted.prefix, wanted.metric);
}

IpAnswer add_route(Machine& machine, const RouteChange& change, IpVerb verb) {
  const Ipv4Route route = route_of(change);
  if (const auto fine = check(machine.stack.tables(), change, route); !fine)
    return unexpected(fine.error());
  if (verb == IpVerb::change && !is_there(machine, route))
    return rtnetlink(std::errc::no_such_file_or_directory);
  const RouteInsert how = verb == IpVerb::add      ? RouteInsert::add
                          : verb == IpVerb::append ? RouteInsert::append
                                                   : RouteInsert::replace;
  if (const auto added = machine.stack.tables().add_route(route, how); !added)
    return explain(added.error());
  return Rows();
}

IpAnswer remove_route(Machine& machine, const RouteChange& change) {
  RouteMatch match{.prefix = change.destination->prefix(),
                   .kind = change.kind,
                   .protocol = change.protocol,
                   .gateway = change.gateway,
                   .interface = change.device == nullptr ? std::optional<IfIndex>()
                                                         : std::optional(change.device->index),
                   .metric = change.metric};
  if (change.paths.size() == 1) {
    const Ipv4Path& way = change.paths.front();
    if (!way.gateway.is_unspecified()) match.gateway = way.gateway;
    if (way.interface != IfIndex::none) match.interface = way.interface;
  } else if (!change.paths.empty()) {
    match.paths = Ipv4Paths(change.paths);
  }
  if (const auto removed = machine.stack.tables().remove_route(match); !removed)
    return rtnetlink(removed.error());
  return Rows();
}

std::vector<Ipv4Route> all_routes(Machine& machine, RouteTable table) {
  const Tables& tables = machine.stack.tables();
  std::vector<Ipv4Route> routes;
  if (table != RouteTable::local) routes = tables.rib().routes();
  if (table == RouteTable::main) return routes;
  std::vector<Ipv4Route> local = tables.local_routes();
  std::ranges::stable_sort(local, {}, &Ipv4Route::prefix);
  routes.insert(routes.end(), local.begin(), local.end());
  return routes;
}

IpAnswer show_routes(Machine& machine, WordReader& words) {
  const auto filter = parse_route_filter(machine.stack.interfaces(), words);
  if (!filter) return unexpected(filter.error());
  std::vector<Ipv4Route> shown = all_routes(machine, filter->table);
  std::erase_if(shown, [&](const Ipv4Route& route) { return !filter->passes(route); });
  const InterfaceTable& interfaces = machine.stack.interfaces();
  return rows_of(std::move(shown), [filter = *filter, &interfaces](const Ipv4Route& route) {
    return route_row(route, filter, interfaces);
  });
}

IpAnswer flush_routes(Machine& machine, WordReader& words) {
  if (words.done()) return refuse(exit_code::no, "\"ip route flush\" requires arguments.");
  const auto filter = parse_route_filter(machine.stack.interfaces(), words);
  if (!filter) return unexpected(filter.error());
  if (filter->table == RouteTable::local) return rtnetlink(std::errc::operation_not_supported);
  machine.stack.tables().flush_routes(
      [&](const Ipv4Route& route) { return filter->passes(route); });
  return Rows();
}

// --- get ---------------------------------------------------------------------------------------

/// A route that leads nowhere, in the error that Linux's send would give.
std::errc error_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::blackhole: return std::errc::invalid_argument;
    case RouteKind::unreachable: return std::errc::host_unreachable;
    case RouteKind::prohibit: return std::errc::permission_denied;
    case RouteKind::unicast:
    case RouteKind::local:
    case RouteKind::broadcast: return std::errc::network_unreachable;
  }
  return std::errc::network_unreachable;
}

Json cache_of(RouteKind kind) {
  if (kind == RouteKind::local) return Json::array({"local"});
  if (kind == RouteKind::broadcast) return Json::array({"local", "brd"});
  return Json::array();
}

Json looked_up(const Tables& tables, const Ipv4Hop& route, Ipv4Address destination) {
  Json row;
  if (route.kind != RouteKind::unicast) row["type"] = to_string(route.kind);
  row["dst"] = to_string(destination);
  if (route.has_gateway()) row["gateway"] = to_string(route.gateway);
  row["dev"] = route.kind == RouteKind::local ? "lo" : tables.interfaces()[route.interface].name;
  row["prefsrc"] = to_string(tables.source_for(route, destination));
  row["flags"] = Json::array();
  row["uid"] = ::geteuid();
  row["cache"] = cache_of(route.kind);
  return row;
}

Read<Ipv4Address> parse_get(WordReader& words) {
  std::optional<Ipv4Address> destination;
  while (!words.done()) {
    (void)words.take("to");
    const auto word = words.value();
    if (!word) return unexpected(word.error());
    if (destination)
      return refuse(exit_code::no, "Error: inet prefix is expected rather than \"" + *word + "\".");
    const auto subnet = read_subnet(*word);
    if (!subnet) return unexpected(subnet.error());
    destination = subnet->address;
  }
  if (destination) return *destination;
  return refuse(exit_code::no, "need at least a destination address");
}

IpAnswer get_route(Machine& machine, WordReader& words) {
  const auto destination = parse_get(words);
  if (!destination) return unexpected(destination.error());
  const Tables& tables = machine.stack.tables();
  const Ipv4Hop* const route = machine.stack.route_of({.destination = *destination});
  if (route == nullptr) return rtnetlink(std::errc::network_unreachable);
  if (leads_nowhere(route->kind)) return rtnetlink(error_of(route->kind));
  return rows_of(std::vector{looked_up(tables, *route, *destination)},
                 [](Json& row) { return std::move(row); });
}

}  // namespace

Read<Ipv4Route> parse_route(Tables& tables, const Words& words) {
  WordReader reader(words);
  const auto change = parse_change(tables, reader);
  if (!change) return unexpected(change.error());
  const Ipv4Route route = route_of(*change);
  if (const auto fine = check(tables, *change, route); !fine) return unexpected(fine.error());
  return route;
}

IpAnswer ip_route(Machine& machine, const IpRequest& request, WordReader words) {
  if (request.verb == IpVerb::show) return show_routes(machine, words);
  if (request.verb == IpVerb::flush) return flush_routes(machine, words);
  if (request.verb == IpVerb::get) return get_route(machine, words);
  const auto change = parse_change(machine.stack.tables(), words);
  if (!change) return unexpected(change.error());
  if (request.verb == IpVerb::remove) return remove_route(machine, *change);
  return add_route(machine, *change, request.verb);
}

}  // namespace smolstack::control
