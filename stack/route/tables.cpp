#include "smolstack/route/tables.hpp"

#include <algorithm>
#include <utility>

namespace smolstack {
namespace {

Ipv4Route own_route(Ipv4Prefix prefix, RouteKind kind, const Interface& interface,
                    Ipv4Address source) {
  return {.prefix = prefix,
          .kind = kind,
          .protocol = RouteProtocol::kernel,
          .gateway = {},
          .interface = interface.index,
          .preferred_source = source};
}

Ipv4Prefix host_prefix(Ipv4Address address) {
  return Ipv4Prefix::of(address, 32);
}

/// What no interface may be given: RFC 1122 §3.2.1.3. Networks and broadcasts of their own subnet
/// are nobody's address either, but for /31 and /32 (RFC 3021).
bool may_be_assigned(const Interface& interface, const Ipv4Subnet& subnet) {
  const Ipv4Address a = subnet.address;
  if (a.is_this_network() || a.is_multicast() || a.is_class_e()) return false;
  if (interface.link == LinkType::loopback) return true;
  const Ipv4Prefix prefix = subnet.prefix();
  const bool is_edge = prefix.has_broadcast() && (a == prefix.network || a == prefix.last());
  return !a.is_loopback() && !is_edge;
}

}  // namespace

Tables::Tables() {
  Interface& lo = add_interface({.name = "lo", .link = LinkType::loopback, .mtu = loopback_mtu});
  lo.addresses.push_back({.subnet = {Ipv4Address(127, 0, 0, 1), 8}});
  refresh_local();
}

Interface& Tables::add_interface(Interface interface) {
  Interface& added = interfaces_.add(std::move(interface));
  refresh_local();
  return added;
}

void Tables::set_up(Interface& interface, bool up) {
  if (interface.up == up) return;
  interface.up = up;
  if (up) {
    for (const auto& address : interface.addresses) connect(interface, address);
  } else {
    // Of several ways the others stay; the route goes with the last one.
    flush_routes([&](const Ipv4Route& route) {
      if (route.paths.empty()) return route.interface == interface.index;
      return std::ranges::none_of(
          route.paths.list(), [&](const Ipv4Path& each) { return interfaces_[each.interface].up; });
    });
  }
  refresh_local();
}

Expected<void, Error> Tables::set_mtu(Interface& interface, std::uint32_t mtu) {
  if (mtu < min_mtu || mtu > max_mtu)
    return failed(std::errc::invalid_argument, "setting the MTU of " + interface.name + " to " +
                                                   std::to_string(mtu) + " (68 to 65535)");
  interface.mtu = mtu;
  return {};
}

Expected<void, Error> Tables::add_address(Interface& interface, const Ipv4Subnet& subnet) {
  const auto doing = [&] { return "adding " + to_string(subnet) + " to " + interface.name; };
  if (!may_be_assigned(interface, subnet)) return failed(std::errc::invalid_argument, doing());
  if (interface.find(subnet.address) != nullptr) return failed(std::errc::file_exists, doing());
  interface.addresses.push_back({.subnet = subnet});
  renumber_secondaries(interface);
  connect(interface, interface.addresses.back());
  refresh_local();
  return {};
}

Expected<void, Error> Tables::remove_address(Interface& interface, const Ipv4Subnet& subnet) {
  auto& list = interface.addresses;
  const auto at = std::ranges::find(list, subnet, &InterfaceAddress::subnet);
  if (at == list.end())
    return failed(std::errc::address_not_available,
                  "removing " + to_string(subnet) + " from " + interface.name);
  const InterfaceAddress removed = *at;
  list.erase(at);
  disconnect(interface, removed);
  renumber_secondaries(interface);
  for (const auto& address : list) connect(interface, address);
  refresh_local();
  return {};
}

// The first address of a network is the one packets leave with; the others are secondary. When
// the first goes the next takes its place (Linux with promote_secondaries).
void Tables::renumber_secondaries(Interface& interface) {
  auto& list = interface.addresses;
  for (auto at = list.begin(); at != list.end(); ++at)
    at->secondary = std::any_of(list.begin(), at, [&](const InterfaceAddress& earlier) {
      return earlier.subnet.prefix() == at->subnet.prefix();
    });
}

void Tables::connect(const Interface& interface, const InterfaceAddress& address) {
  const bool has_network = address.subnet.length < 32 && interface.link != LinkType::loopback;
  if (follows_kernel_ || !interface.up || address.secondary || !has_network) return;
  // It may be there already: then it moves behind.
  const Ipv4Route route =
      own_route(address.subnet.prefix(), RouteKind::unicast, interface, address.subnet.address);
  (void)rib_.remove_equal(route);
  (void)insert(route, RouteInsert::append);
}

void Tables::disconnect(const Interface& interface, const InterfaceAddress& address) {
  if (follows_kernel_) return;
  flush_routes([&](const Ipv4Route& route) {
    return route.leads_by(interface.index) && route.preferred_source == address.subnet.address;
  });
}

Expected<IfIndex, Error> Tables::link_of_gateway(const Ipv4Path& path) const {
  const auto doing = [&] { return "checking the gateway " + to_string(path.gateway); };
  const Ipv4Hop* const towards = fib_.lookup(path.gateway);
  const bool on_link =
      towards != nullptr && towards->kind == RouteKind::unicast && !towards->has_gateway();
  if (towards != nullptr && towards->kind != RouteKind::unicast && !leads_nowhere(towards->kind))
    return failed(std::errc::invalid_argument, doing());
  if (!on_link) return failed(std::errc::network_unreachable, doing());
  if (path.interface == IfIndex::none || path.interface == towards->interface)
    return towards->interface;
  // Another link of ours may hold the same network.
  if (interfaces_[path.interface].on_link(path.gateway)) return path.interface;
  return failed(std::errc::network_unreachable, doing());
}

Expected<Ipv4Path, Error> Tables::check_path(const Ipv4Prefix& prefix, Ipv4Path path) const {
  const auto doing = [&] { return "adding a route to " + to_string(prefix); };
  if (path.interface != IfIndex::none && !interfaces_[path.interface].up)
    return failed(std::errc::network_down, doing());
  if (!path.gateway.is_unspecified()) {
    const auto link = link_of_gateway(path);
    if (!link.has_value()) return unexpected(link.error());
    path.interface = *link;
  }
  if (path.interface == IfIndex::none) return failed(std::errc::no_such_device, doing());
  return path;
}

Expected<void, Error> Tables::add_route(Ipv4Route route, RouteInsert how) {
  std::vector<Ipv4Path> ways = route.paths.list();
  if (ways.empty()) ways.push_back({route.gateway, route.interface});
  if (leads_nowhere(route.kind)) ways.clear();
  for (Ipv4Path& each : ways) {
    const auto checked = check_path(route.prefix, each);
    if (!checked.has_value()) return unexpected(checked.error());
    each = *checked;
  }
  route.set_paths(std::move(ways));
  if (!route.preferred_source.is_unspecified() && !is_own(route.preferred_source))
    return failed(std::errc::invalid_argument, "adding a route to " + to_string(route.prefix));
  return insert(route, how);
}

Expected<void, Error> Tables::remove_route(const RouteMatch& match) {
  const auto removed = rib_.remove(match);
  if (!removed.has_value()) return unexpected(removed.error());
  forget(*removed);
  if (follows_kernel_) forget_redirects(match.prefix);
  return {};
}

std::vector<Ipv4Route> Tables::local_routes() const {
  std::vector<Ipv4Route> routes;
  for (const auto& interface : interfaces_) {
    if (!interface->up) continue;
    for (const auto& own : interface->addresses) {
      const Ipv4Prefix prefix = own.subnet.prefix();
      const Ipv4Address a = own.subnet.address;
      // The whole of 127/8 is ourselves (RFC 1122 §3.2.1.3(g)).
      if (interface->link == LinkType::loopback && a.is_loopback())
        routes.push_back(own_route(prefix, RouteKind::local, *interface, a));
      routes.push_back(own_route(host_prefix(a), RouteKind::local, *interface, a));
      if (!prefix.has_broadcast()) continue;
      routes.push_back(own_route(host_prefix(prefix.last()), RouteKind::broadcast, *interface, a));
      // RFC 1812 §4.2.3.1: {network, 0} is an old form of broadcast, and nobody's address.
      if (interface->link != LinkType::loopback)
        routes.push_back(
            own_route(host_prefix(prefix.network), RouteKind::broadcast, *interface, a));
    }
  }
  return routes;
}

// --- The FIB in step ---------------------------------------------------------------------------

Expected<void, Error> Tables::insert(const Ipv4Route& route, RouteInsert how) {
  auto inserted = rib_.insert(route, how);
  if (!inserted.has_value()) return inserted;
  if (route.protocol == RouteProtocol::redirect) redirected_.insert(route.prefix);
  refresh(route.prefix);
  return inserted;
}

void Tables::forget(const Ipv4Route& removed) {
  if (rib_.find(removed.prefix) == nullptr) redirected_.erase(removed.prefix);
  refresh(removed.prefix);
}

const Ipv4Route* Tables::find(const Ipv4Prefix& prefix) const {
  // As Linux asks its table `local` before `main`.
  const auto local = local_.find(prefix);
  return local != local_.end() ? &local->second : rib_.find(prefix);
}

void Tables::refresh(const Ipv4Prefix& prefix) {
  const Ipv4Route* const route = find(prefix);
  if (route == nullptr) {
    (void)fib_.remove(prefix);
    return;
  }
  const Ipv4HopGroup group = route->hop_group();
  Ipv4Hop hop = route->hop();
  if (!group.members.empty()) hop.group = &group;
  fib_.set(prefix, hop);
}

// A broadcast address that is somebody's own address stays an own address; of equals the last one
// counts.
void Tables::refresh_local() {
  std::map<Ipv4Prefix, Ipv4Route> now;
  for (const Ipv4Route& route : local_routes()) {
    const auto [at, is_new] = now.try_emplace(route.prefix, route);
    const bool stays = route.kind == RouteKind::broadcast && at->second.kind == RouteKind::local;
    if (!is_new && !stays) at->second = route;
  }
  const auto before = std::exchange(local_, std::move(now));
  for (const auto& [prefix, route] : before)
    if (!local_.contains(prefix)) refresh(prefix);
  for (const auto& [prefix, route] : local_) refresh(prefix);
}

Ipv4Address Tables::source_for(const Ipv4Hop& route, Ipv4Address destination) const {
  if (route.kind == RouteKind::local) {
    // To ourselves, as ourselves; 127.0.0.0/8 has one address.
    const bool is_held = interfaces_.holder_of(destination) != nullptr;
    return is_held ? destination : route.preferred_source;
  }
  if (!route.preferred_source.is_unspecified()) return route.preferred_source;
  if (interfaces_.contains(route.interface)) {
    const Interface& out = interfaces_[route.interface];
    if (const auto* own = out.address_towards(route.next_hop(destination)))
      return own->subnet.address;
    if (!out.addresses.empty()) return out.addresses.front().subnet.address;
  }
  for (const auto& other : interfaces_)
    if (other->up && other->link != LinkType::loopback && !other->addresses.empty())
      return other->addresses.front().subnet.address;
  return {};
}

bool Tables::is_own(Ipv4Address address) const {
  return std::ranges::any_of(interfaces_, [&](const auto& interface) {
    return interface->up && interface->find(address) != nullptr;
  });
}

}  // namespace smolstack
