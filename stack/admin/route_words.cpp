#include "smolstack/admin/route_words.hpp"

#include <algorithm>
#include <array>

namespace smolstack::control {
namespace {

constexpr auto kinds =
    std::to_array<RouteKind>({RouteKind::unicast, RouteKind::local, RouteKind::broadcast,
                              RouteKind::blackhole, RouteKind::unreachable, RouteKind::prohibit});

bool lies_in(const Ipv4Prefix& inner, const Ipv4Prefix& outer) {
  return inner.length >= outer.length && outer.contains(inner.network);
}

bool is_local(RouteKind kind) {
  return kind == RouteKind::local || kind == RouteKind::broadcast;
}

bool leads_somewhere(RouteKind kind) {
  return kind == RouteKind::unicast || is_local(kind);
}

/// As iproute2 writes a destination: no length for a single host.
std::string destination_of(const Ipv4Prefix& prefix) {
  if (prefix.is_default()) return "default";
  return prefix.length == 32 ? to_string(prefix.network) : to_string(prefix);
}

template <class T>
Read<void> assign(std::optional<T>& to, const Read<T>& value) {
  if (!value) return unexpected(value.error());
  to = *value;
  return {};
}

Read<void> read_table(const std::string& word, RouteFilter& filter) {
  filter.nothing = false;
  if (word == "main" || word == "254")
    filter.table = RouteTable::main;
  else if (word == "local" || word == "255")
    filter.table = RouteTable::local;
  else if (word == "all" || word == "unspec" || word == "0")
    filter.table = RouteTable::all;
  else if (word == "cache" || word == "default" || word == "253")
    filter.nothing = true;
  else
    return wrong_argument(word, "table id value is invalid");
  return {};
}

Read<void> read_kind(const std::string& word, RouteFilter& filter) {
  filter.kind = parse_route_kind(word);
  if (!filter.kind) return wrong_argument(word, "node type value is invalid");
  return {};
}

Read<void> read_interface(InterfaceTable& interfaces, const std::string& word,
                          RouteFilter& filter) {
  const auto device = read_device(interfaces, word);
  if (!device) return unexpected(device.error());
  filter.interface = (*device)->index;
  return {};
}

Read<void> read_scope(const std::string& word, RouteFilter& filter) {
  static constexpr auto scopes = std::to_array<std::string_view>({"global", "link", "host"});
  if (std::ranges::count(scopes, word) == 0) return wrong_argument(word, "invalid \"scope\"");
  filter.scope = word;
  return {};
}

/// A prefix, with or without a word that says how it is compared.
Read<void> read_prefix(WordReader& words, RouteFilter& filter) {
  (void)words.take("to");
  const bool only_root = words.take("root");
  const bool only_match = !only_root && words.take("match");
  if (!only_root && !only_match) (void)words.take("exact");
  const auto word = words.value();
  if (!word) return unexpected(word.error());
  const auto subnet = read_subnet(*word);
  if (!subnet) return unexpected(subnet.error());
  if (!only_match) filter.root = subnet->prefix();
  if (!only_root) filter.match = subnet->prefix();
  return {};
}

/// The words that take one value.
using ReadValue = Read<void> (*)(InterfaceTable&, const std::string&, RouteFilter&);
struct FilterWord {
  std::string_view word;
  ReadValue read;
};
constexpr auto filter_words = std::to_array<FilterWord>({
    {"table",
     [](InterfaceTable&, const std::string& w, RouteFilter& f) { return read_table(w, f); }},
    {"dev", &read_interface},
    {"oif", &read_interface},
    {"via", [](InterfaceTable&, const std::string& w,
               RouteFilter& f) { return assign(f.gateway, read_address(w)); }},
    {"src", [](InterfaceTable&, const std::string& w,
               RouteFilter& f) { return assign(f.source, read_address(w)); }},
    {"protocol", [](InterfaceTable&, const std::string& w,
                    RouteFilter& f) { return assign(f.protocol, read_route_protocol(w)); }},
    {"scope",
     [](InterfaceTable&, const std::string& w, RouteFilter& f) { return read_scope(w, f); }},
    {"type", [](InterfaceTable&, const std::string& w, RouteFilter& f) { return read_kind(w, f); }},
    {"metric",
     [](InterfaceTable&, const std::string& w, RouteFilter& f) {
       return assign(f.metric, read_number(w, "\"metric\" value is invalid"));
     }},
});

Read<void> read_filter_word(InterfaceTable& interfaces, WordReader& words, RouteFilter& filter) {
  if (words.take("cache") || words.take("cached")) {
    filter.nothing = true;
    return {};
  }
  for (const auto& [name, read] : filter_words) {
    // Two letters are asked for, since a bare "m" or "t" may begin several words.
    if (words.word().size() < 2 || !words.take_short(name)) continue;
    const auto word = words.value();
    if (!word) return unexpected(word.error());
    return read(interfaces, *word, filter);
  }
  return read_prefix(words, filter);
}

}  // namespace

bool RouteFilter::passes(const Ipv4Route& route) const {
  const bool in_table =
      table == RouteTable::all || is_local(route.kind) == (table == RouteTable::local);
  const bool has_one_way = route.paths.empty();  // iproute2 looks at the route's own only
  return !nothing && in_table && (!root || lies_in(route.prefix, *root)) &&
         (!match || lies_in(*match, route.prefix)) && (!kind || *kind == route.kind) &&
         (!protocol || *protocol == route.protocol) &&
         (!gateway || (has_one_way && *gateway == route.gateway)) &&
         (!source || *source == route.preferred_source) &&
         (!interface || (has_one_way && *interface == route.interface)) &&
         (!scope || *scope == scope_of(route)) && (!metric || *metric == route.metric);
}

std::string scope_of(const Ipv4Route& route) {
  if (route.kind == RouteKind::local) return "host";
  const bool is_direct = leads_somewhere(route.kind) && !route.has_gateway() && route.paths.empty();
  return is_direct ? "link" : "global";
}

Read<RouteFilter> parse_route_filter(InterfaceTable& interfaces, WordReader& words) {
  RouteFilter filter;
  while (!words.done())
    if (const auto read = read_filter_word(interfaces, words, filter); !read)
      return unexpected(read.error());
  return filter;
}

namespace {

/// What is wrong with a way, in iproute2's words.
Json flags_of(const Interface& out) {
  Json flags = Json::array();
  if (!out.up) flags.push_back("dead");
  if (!out.usable()) flags.push_back("linkdown");
  return flags;
}

Json next_hops_of(const Ipv4Route& route, const InterfaceTable& interfaces) {
  Json list = Json::array();
  for (const Ipv4Path& each : route.paths.list()) {
    Json row;
    if (!each.gateway.is_unspecified()) row["gateway"] = to_string(each.gateway);
    row["dev"] = interfaces[each.interface].name;
    row["weight"] = each.weight;
    row["flags"] = flags_of(interfaces[each.interface]);
    list.push_back(std::move(row));
  }
  return list;
}

}  // namespace

Json route_row(const Ipv4Route& route, const RouteFilter& filter,
               const InterfaceTable& interfaces) {
  Json row;
  if (route.kind != RouteKind::unicast) row["type"] = to_string(route.kind);
  row["dst"] = destination_of(route.prefix);
  const bool has_one_way = route.paths.empty();
  if (has_one_way && route.has_gateway() && !filter.gateway)
    row["gateway"] = to_string(route.gateway);
  const bool has_device = has_one_way && interfaces.contains(route.interface);
  if (has_device && !filter.interface) row["dev"] = interfaces[route.interface].name;
  if (is_local(route.kind) && filter.table == RouteTable::all) row["table"] = "local";
  if (route.protocol != RouteProtocol::boot && !filter.protocol)
    row["protocol"] = to_string(route.protocol);
  if (scope_of(route) != "global" && !filter.scope) row["scope"] = scope_of(route);
  if (!route.preferred_source.is_unspecified() && !filter.source)
    row["prefsrc"] = to_string(route.preferred_source);
  if (route.metric != 0 && !filter.metric) row["metric"] = route.metric;
  row["flags"] = Json::array();
  if (has_device && interfaces[route.interface].up && !interfaces[route.interface].running)
    row["flags"].push_back("linkdown");
  if (!has_one_way) row["nexthops"] = next_hops_of(route, interfaces);
  return row;
}

std::optional<RouteKind> parse_route_kind(std::string_view word) {
  const auto at =
      std::ranges::find_if(kinds, [&](RouteKind kind) { return to_string(kind) == word; });
  if (at == kinds.end()) return {};
  return *at;
}

Read<RouteProtocol> read_route_protocol(const std::string& word) {
  if (const auto protocol = parse_route_protocol(word)) return *protocol;
  return wrong_argument(word, "\"protocol\" value is invalid");
}

}  // namespace smolstack::control
