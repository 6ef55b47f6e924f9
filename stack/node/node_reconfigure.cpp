#include <algorithm>

#include "smolstack/node/node_setup.hpp"

namespace smolstack::control {
namespace {

using Changes = std::vector<std::string>;

bool holds(const std::vector<Ipv4Subnet>& list, const Ipv4Subnet& subnet) {
  return std::ranges::find(list, subnet) != list.end();
}

/// An interface that is not written is that of the gateway.
bool same_way(const Ipv4Path& a, const Ipv4Path& b) {
  const bool same_link =
      a.interface == b.interface || a.interface == IfIndex::none || b.interface == IfIndex::none;
  return same_link && a.gateway == b.gateway && a.weight == b.weight;
}

/// The same for whoever looks at `ip route`: who made it does not matter, and the interface not
/// where the gateway decides it.
bool same_route(const Ipv4Route& a, const Ipv4Route& b) {
  const bool same_link =
      a.interface == b.interface || a.interface == IfIndex::none || b.interface == IfIndex::none;
  return same_link && a.prefix == b.prefix && a.kind == b.kind && a.gateway == b.gateway &&
         a.metric == b.metric && a.preferred_source == b.preferred_source &&
         std::ranges::equal(a.paths.list(), b.paths.list(), same_way);
}

bool holds(const std::vector<NamedRoute>& list, const Ipv4Route& route) {
  return std::ranges::any_of(list, [&](const NamedRoute& n) { return same_route(n.route, route); });
}

/// A route as `ip route` would name it: of a gateway only its address is written.
std::string name_of(const NamedRoute& named) {
  const std::string& text = named.written.text;
  return parse_ipv4_address(text) ? "default via " + text : text;
}

/// The route of the machine's table that this one stands for.
std::optional<Ipv4Route> find_route(const Stack& stack, const Ipv4Route& wanted) {
  for (const Ipv4Route& route : stack.tables().rib().routes())
    if (same_route(route, wanted)) return route;
  return std::nullopt;
}

void follow_forwarding(Stack& stack, bool forwarding, Changes& changes) {
  if (stack.settings().forwarding == forwarding) return;
  stack.settings().forwarding = forwarding;
  changes.push_back(std::string("forwarding is ") + (forwarding ? "on" : "off"));
}

void remove_addresses(Stack& stack, Interface& interface, const InterfaceConfig& before,
                      const InterfaceConfig& after, Changes& changes) {
  for (const Ipv4Subnet& subnet : before.addresses)
    if (!holds(after.addresses, subnet) && stack.remove_address(interface, subnet))
      changes.push_back("removed " + to_string(subnet) + " from " + interface.name);
}

void add_addresses(Stack& stack, Interface& interface, const InterfaceConfig& after, Instant now,
                   Changes& changes) {
  for (const Ipv4Subnet& subnet : after.addresses) {
    const auto added = stack.add_address(interface, subnet, now);
    if (added)
      changes.push_back("added " + to_string(subnet) + " to " + interface.name);
    else if (added.error().code != std::errc::file_exists)
      changes.push_back("could not follow the file: " + added.error().message());
  }
}

void follow_groups(Stack& stack, Interface& interface, const InterfaceConfig& before,
                   const InterfaceConfig& after, Instant now, Changes& changes) {
  for (const Ipv4Address group : before.groups)
    if (std::ranges::find(after.groups, group) == after.groups.end() &&
        stack.leave_group(interface, group, now))
      changes.push_back("left " + to_string(group) + " on " + interface.name);
  for (const Ipv4Address group : after.groups) {
    const auto joined = stack.join_group(interface, group, now);
    if (joined)
      changes.push_back("joined " + to_string(group) + " on " + interface.name);
    else if (joined.error().code != std::errc::file_exists)
      changes.push_back("could not follow the file: " + joined.error().message());
  }
}

/// Interfaces are opened at the start and stay as they are.
bool device_differs(const InterfaceConfig& a, const InterfaceConfig& b) {
  return a.kind != b.kind || a.label() != b.label() || a.mac != b.mac || a.mtu != b.mtu ||
         a.host_address != b.host_address || a.impairment != b.impairment || a.netns != b.netns;
}

void say_what_waits(const NodeConfig& before, const NodeConfig& after, Changes& changes) {
  const auto waits = [&](const std::string& what) {
    changes.push_back(what + " takes effect at the next start");
  };
  auto old = before;
  auto fresh = after;
  for (const InterfaceConfig& interface : after.interfaces) {
    const InterfaceConfig* const was = old.find(interface.device);
    if (was == nullptr)
      waits("the new interface " + interface.device);
    else if (device_differs(*was, interface))
      waits("what changed of " + interface.device + " besides its addresses and groups");
  }
  for (const InterfaceConfig& interface : before.interfaces)
    if (fresh.find(interface.device) == nullptr)
      waits("the end of the interface " + interface.device);
  if (before.workers != after.workers) waits("another number of workers");
  if (before.label() != after.label() || before.control != after.control)
    waits("another name or control socket");
  if (before.offload != after.offload) waits("offload");
}

void remove_routes(Stack& stack, const std::vector<NamedRoute>& before,
                   const std::vector<NamedRoute>& after, Changes& changes) {
  for (const NamedRoute& named : before) {
    const auto present = find_route(stack, named.route);
    if (!present || holds(after, named.route)) continue;
    const RouteMatch match{.prefix = present->prefix,
                           .kind = present->kind,
                           .protocol = present->protocol,
                           .gateway = present->gateway,
                           .interface = present->interface,
                           .metric = present->metric};
    if (stack.tables().remove_route(match))
      changes.push_back("removed the route " + name_of(named));
  }
}

void add_routes(Stack& stack, const std::vector<NamedRoute>& after, Changes& changes) {
  for (const NamedRoute& named : after) {
    if (find_route(stack, named.route)) continue;
    const auto added = add_route(stack, named);
    changes.push_back(added ? "added the route " + name_of(named)
                            : "could not follow the file: " + added.error());
  }
}

template <class Visit>
void for_each_kept(Stack& stack, const NodeConfig& before, const NodeConfig& after, Visit&& visit) {
  auto old = before;
  for (const InterfaceConfig& interface : after.interfaces)
    if (const InterfaceConfig* const was = old.find(interface.device); was != nullptr)
      if (Interface* const running = stack.interfaces().find(was->label()); running != nullptr)
        visit(*running, *was, interface);
}

}  // namespace

std::vector<std::string> reconfigure(Stack& stack, const NodeConfig& before,
                                     const NodeConfig& after, Instant now) {
  Changes changes;
  follow_forwarding(stack, after.forwarding, changes);
  const auto old_routes = routes_of(stack, before);
  for_each_kept(stack, before, after, [&](Interface& running, const auto& was, const auto& is) {
    remove_addresses(stack, running, was, is, changes);
    add_addresses(stack, running, is, now, changes);
    follow_groups(stack, running, was, is, now, changes);
  });
  const auto routes = routes_of(stack, after);
  if (old_routes && routes) remove_routes(stack, *old_routes, *routes, changes);
  if (routes)
    add_routes(stack, *routes, changes);
  else
    changes.push_back("could not follow the file: " + routes.error());
  say_what_waits(before, after, changes);
  return changes;
}

NodeConfig as_running(const NodeConfig& before, const NodeConfig& after) {
  NodeConfig running = before;
  NodeConfig wanted = after;
  running.gateway = after.gateway;
  running.routes = after.routes;
  running.forwarding = after.forwarding;
  for (InterfaceConfig& interface : running.interfaces)
    if (const InterfaceConfig* const is = wanted.find(interface.device); is != nullptr) {
      interface.addresses = is->addresses;
      interface.groups = is->groups;
    }
  return running;
}

}  // namespace smolstack::control
