#pragma once
// What is common to the verbs of `ip route`: which routes they choose, and how one is shown.

#include <optional>
#include <string>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/route/tables.hpp"

namespace smolstack::control {

/// Linux's tables, as far as they exist here.
enum class RouteTable : std::uint8_t { main, local, all };

/// Which routes a listing or a flush is about. What is not set matches anything.
struct RouteFilter {
  RouteTable table = RouteTable::main;
  std::optional<Ipv4Prefix> root;   ///< routes within it
  std::optional<Ipv4Prefix> match;  ///< routes that hold all of it
  std::optional<RouteKind> kind;
  std::optional<RouteProtocol> protocol;
  std::optional<Ipv4Address> gateway;
  std::optional<Ipv4Address> source;
  std::optional<IfIndex> interface;
  std::optional<std::string> scope;
  std::optional<std::uint32_t> metric;
  bool nothing = false;  ///< the route cache: it is always empty

  bool passes(const Ipv4Route& route) const;
};

/// "link", "host" or "global", as it follows from the route.
std::string scope_of(const Ipv4Route& route);
Read<RouteFilter> parse_route_filter(InterfaceTable& interfaces, WordReader& words);
/// A route as `ip -j route` shows it: what the filter fixes is left out, as iproute2 does.
Json route_row(const Ipv4Route& route, const RouteFilter& filter, const InterfaceTable& interfaces);
/// The route that the words behind `ip route add` mean; not yet held against the other routes.
Read<Ipv4Route> parse_route(Tables& tables, const Words& words);
std::optional<RouteKind> parse_route_kind(std::string_view word);
Read<RouteProtocol> read_route_protocol(const std::string& word);

}  // namespace smolstack::control
