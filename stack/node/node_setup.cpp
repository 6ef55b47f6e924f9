#include "smolstack/node/node_setup.hpp"

#include <iterator>
#include <sstream>

#include "smolstack/admin/route_words.hpp"

namespace smolstack::control {
namespace {

using Result = Expected<void, Complaint>;

auto complain(const WrittenWord& written, const std::string& why) {
  return unexpected(Complaint(written.where + " " + written.text + ": " + why));
}

/// Which neighbours there could be, for somebody whose gateway is none.
std::string networks_of(const Stack& stack) {
  std::string text;
  for (const auto& interface : stack.interfaces()) {
    if (interface->link == LinkType::loopback) continue;
    for (const auto& address : interface->addresses)
      text += (text.empty() ? "" : ", ") + to_string(address.subnet.prefix()) + " on " +
              interface->name;
  }
  return text.empty() ? "there is none: no interface has an address" : text;
}

std::string why_no_route(const Stack& stack, const Ipv4Route& route, const Error& error) {
  if (error.code == std::errc::network_unreachable)
    return "the gateway is on no network of ours; give a neighbour: " + networks_of(stack);
  if (error.code == std::errc::file_exists) return "there is such a route already; give it once";
  if (error.code == std::errc::no_such_device) return "name a gateway, or an interface with `dev`";
  if (error.code == std::errc::invalid_argument && stack.tables().is_own(route.gateway))
    return "the gateway is this machine itself; give a neighbour: " + networks_of(stack);
  if (error.code == std::errc::invalid_argument && route.has_gateway())
    return "the gateway must be a neighbour's address: " + networks_of(stack);
  return error.message();
}

Words words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

/// What `ip route` would say, without its "Error: " and without its usage.
std::string one_line(const std::string& error) {
  constexpr std::string_view prefix = "Error: ";
  if (error.starts_with(prefix)) return error.substr(prefix.size());
  if (!error.starts_with("Usage:")) return error;
  return "is no route; write it as in \"10.1.2.0/24 via 10.1.1.3\"";
}

std::optional<NamedRoute> gateway_route(const NodeConfig& node) {
  if (!node.gateway) return std::nullopt;
  Ipv4Route route;
  route.gateway = *parse_ipv4_address(node.gateway->text);
  return NamedRoute{*node.gateway, route};
}

Result configure_interface(Stack& stack, const InterfaceConfig& config, Random& random,
                           Instant now) {
  const bool is_tun = config.kind == DeviceKind::tun;
  Interface& interface =
      stack.add_interface({.name = config.label(),
                           .link = is_tun ? LinkType::point_to_point : LinkType::ethernet,
                           .mac = is_tun ? MacAddress{} : mac_of(config, random),
                           .mtu = config.mtu});
  for (const Ipv4Subnet& subnet : config.addresses)
    if (const auto added = stack.add_address(interface, subnet, now); !added)
      return unexpected(
          Complaint(config.where + ": ip " + to_string(subnet) + ": " + added.error().message()));
  for (const Ipv4Address group : config.groups)
    if (const auto joined = stack.join_group(interface, group, now); !joined)
      return unexpected(
          Complaint(config.where + ": join " + to_string(group) + ": " + joined.error().message()));
  return {};
}

}  // namespace

StackOptions stack_options(const NodeConfig& node) {
  StackOptions options;
  options.seed = node.seed.value_or(0);
  options.settings.forwarding = node.forwarding;
  return options;
}

MacAddress mac_of(const InterfaceConfig& interface, Random& random) {
  if (interface.mac) return *interface.mac;
  if (!interface.addresses.empty()) return default_mac(interface.addresses.front().address);
  return default_mac(Ipv4Address(static_cast<std::uint32_t>(random.next() >> 32)));
}

Expected<std::vector<NamedRoute>, Complaint> routes_of(Stack& stack, const NodeConfig& node) {
  std::vector<NamedRoute> routes;
  if (auto gateway = gateway_route(node)) routes.push_back(std::move(*gateway));
  for (const WrittenWord& written : node.routes) {
    const auto route = parse_route(stack.tables(), words_of(written.text));
    if (!route) return complain(written, one_line(route.error().error));
    routes.push_back({written, *route});
  }
  return routes;
}

Expected<void, Complaint> add_route(Stack& stack, const NamedRoute& named) {
  const auto added = stack.tables().add_route(named.route, RouteInsert::add);
  if (!added) return complain(named.written, why_no_route(stack, named.route, added.error()));
  return {};
}

Expected<void, Complaint> configure(Stack& stack, const NodeConfig& node, Instant now) {
  Random random(node.seed.value_or(0));
  for (const InterfaceConfig& interface : node.interfaces)
    if (auto done = configure_interface(stack, interface, random, now); !done) return done;
  const auto routes = routes_of(stack, node);
  if (!routes) return unexpected(routes.error());
  for (const NamedRoute& named : *routes)
    if (auto done = add_route(stack, named); !done) return done;
  return {};
}

}  // namespace smolstack::control
