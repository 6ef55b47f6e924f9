#include "smolstack/mirror/sync.hpp"

#include <algorithm>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "smolstack/control/log.hpp"
#include "smolstack/mirror/namespace_reading.hpp"

namespace smolstack::mirror {
namespace {

/// In the kernel's order: primary addresses first. A group among them is one that `ip addr add ...
/// autojoin` has joined: the kernel's own business.
std::vector<Ipv4Subnet> addresses_of(unsigned ifindex, const std::vector<AddressRow>& rows) {
  std::vector<Ipv4Subnet> subnets;
  for (const AddressRow& row : rows)
    if (row.ifindex == ifindex && !row.subnet.address.is_multicast()) subnets.push_back(row.subnet);
  return subnets;
}

std::vector<Ipv4Subnet> subnets_of(const Interface& interface) {
  std::vector<Ipv4Subnet> subnets;
  for (const InterfaceAddress& own : interface.addresses) subnets.push_back(own.subnet);
  return subnets;
}

}  // namespace

Sync::Sync(Stack& stack, const LinkMap& links) : stack_(&stack), links_(&links) {
  stack.tables().follow_kernel(true);
}

// Each thing is said once, not each time it is met: a routing daemon meets it thousands of times.
void Sync::say_once(std::string_view what) {
  if (std::ranges::find(said_, what) != said_.end()) return;
  said_.push_back(what);
  control::log_of("mirror")->warn("{}", what);
}

// --- Notifications -------------------------------------------------------------------------------

void Sync::notice(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: return link_notice(message);
    // IPv4 drops and brings routes with addresses and links, and does not tell of all of them.
    case RTM_NEWADDR:
    case RTM_DELADDR: return want(Wanted::everything);
    case RTM_NEWROUTE:
    case RTM_DELROUTE: return route_notice(message);
    case RTM_NEWNETCONF:
      if (const auto row = parse_netconf(message)) follow_netconf(*row);
      return apply_netconf();
    default: return;
  }
}

void Sync::link_notice(const nlmsghdr& message) {
  const auto row = parse_link(message);
  if (!row || links_->interface_of(row->ifindex) == IfIndex::none) return;
  // Most are of no concern to us: somebody runs tcpdump, a counter was read.
  const auto known = known_.find(row->ifindex);
  LinkRow now_known = known == known_.end() ? LinkRow() : known->second;
  now_known.carrier = row->carrier;
  if (message.nlmsg_type == RTM_DELLINK || now_known != *row) want(Wanted::everything);
}

void Sync::route_notice(const nlmsghdr& message) {
  if (wanted_ != Wanted::nothing) return;  // it will be among those that are read
  const auto row = parse_route(message);
  if (!row) return say_once("a route of a kind that smolstack does not know is ignored");
  const auto route = route_of(*row);
  if (!route) return;
  if (message.nlmsg_type == RTM_DELROUTE) {
    if (!route->paths.empty()) return want(Wanted::routes);
    (void)stack_->tables().remove_route({.prefix = route->prefix,
                                         .kind = route->kind,
                                         .protocol = route->protocol,
                                         .gateway = route->gateway,
                                         .interface = route->interface,
                                         .metric = route->metric});
    return;
  }
  // Beside others of its prefix and metric its place counts, and only the whole table shows that.
  if ((message.nlmsg_flags & (NLM_F_EXCL | NLM_F_REPLACE)) == 0) return want(Wanted::routes);
  (void)stack_->tables().install_route(*route);
}

// --- The whole picture ---------------------------------------------------------------------------

Expected<void, Error> Sync::settle(Instant now) {
  switch (wanted_) {
    case Wanted::nothing: return {};
    case Wanted::routes: return follow_routes();
    case Wanted::everything: return all(now);
  }
  return {};
}

Expected<void, Error> Sync::all(Instant now) {
  const auto links = read_links();
  if (!links) return unexpected(links.error());
  const auto addresses = read_addresses();
  if (!addresses) return unexpected(addresses.error());
  const auto settings = read_netconf();
  if (!settings) return unexpected(settings.error());
  follow_links(*links, now);
  for (const MirrorLink& link : links_->all())
    follow_addresses(stack_->interfaces()[link.interface], addresses_of(link.ifindex, *addresses),
                     now);
  for (const NetconfRow& row : *settings) follow_netconf(row);
  apply_netconf();
  return follow_routes();
}

// --- Links ---------------------------------------------------------------------------------------

void Sync::follow_links(const std::vector<LinkRow>& rows, Instant now) {
  for (const MirrorLink& link : links_->all()) {
    Interface& interface = stack_->interfaces()[link.interface];
    const auto row = std::ranges::find(rows, link.ifindex, &LinkRow::ifindex);
    if (row == rows.end()) {
      known_.erase(link.ifindex);
      stack_->set_up(interface, false, now);
    } else {
      follow_link(interface, *row, now);
    }
  }
}

void Sync::follow_link(Interface& interface, const LinkRow& row, Instant now) {
  if (interface.link == LinkType::ethernet) {
    if (interface.mac != row.mac || interface.name != row.name) ++identities_;
    interface.mac = row.mac;
    interface.name = row.name;
    (void)stack_->tables().set_mtu(interface, std::min(row.mtu, max_mtu));
  }
  stack_->set_up(interface, row.up, now);
  known_[row.ifindex] = row;
}

// --- Addresses -----------------------------------------------------------------------------------

// From the first place on where the two lists differ ours is built anew: the order decides which
// address packets leave with.
void Sync::follow_addresses(Interface& interface, const std::vector<Ipv4Subnet>& wanted,
                            Instant now) {
  const auto present = subnets_of(interface);
  const auto [old_rest, new_rest] = std::ranges::mismatch(present, wanted);
  for (auto at = old_rest; at != present.end(); ++at) (void)stack_->remove_address(interface, *at);
  for (auto at = new_rest; at != wanted.end(); ++at)
    if (!stack_->add_address(interface, *at, now))
      say_once("an address that no host may have (RFC 1122 §3.2.1.3) is ignored");
}

// --- Routes --------------------------------------------------------------------------------------

Expected<void, Error> Sync::follow_routes() {
  const auto rows = read_routes();
  if (!rows) return unexpected(rows.error());
  std::vector<Ipv4Route> routes;
  for (const RouteRow& row : *rows)
    if (const auto route = route_of(row)) routes.push_back(*route);
  (void)stack_->tables().sync_routes(std::move(routes));
  wanted_ = Wanted::nothing;
  return {};
}

/// Those that lead by interfaces of ours.
std::vector<Ipv4Path> Sync::paths_of(const RouteRow& row) const {
  std::vector<Ipv4Path> paths;
  for (const PathRow& each : row.paths) {
    const IfIndex out = links_->interface_of(each.ifindex);
    if (out != IfIndex::none && out != loopback_index)
      paths.push_back({each.gateway, out, each.weight});
  }
  return paths;
}

/// The route as our table has it; nothing: it is none of ours.
std::optional<Ipv4Route> Sync::route_of(const RouteRow& row) {
  if (row.table == RT_TABLE_LOCAL) return std::nullopt;  // follows from the addresses
  if (row.table != main_table) {
    say_once("routes of tables other than main are ignored");
    return std::nullopt;
  }
  Ipv4Route route = row.route;
  if (leads_nowhere(route.kind)) return route;
  if (!row.paths.empty()) {
    route.set_paths(paths_of(row));
    if (route.interface == IfIndex::none) return std::nullopt;
    return route;
  }
  route.interface = links_->interface_of(row.ifindex);
  if (route.interface == IfIndex::none) return std::nullopt;
  // What goes out by `lo` comes back as a martian: Linux drops it in silence.
  if (route.interface == loopback_index && route.kind == RouteKind::unicast) {
    route.kind = RouteKind::blackhole;
    route.interface = IfIndex::none;
  }
  return route;
}

// --- Settings ------------------------------------------------------------------------------------

void Sync::follow_netconf(const NetconfRow& row) {
  const bool is_mirror =
      row.ifindex > 0 && links_->interface_of(static_cast<unsigned>(row.ifindex)) != IfIndex::none;
  if (!is_mirror && row.ifindex != NetconfRow::all) return;
  NetconfRow& known = netconf_[row.ifindex];
  known.ifindex = row.ifindex;
  if (row.forwarding) known.forwarding = row.forwarding;
  if (row.rp_filter) known.rp_filter = row.rp_filter;
}

// Linux forwards what comes in on an interface whose own switch is on; the switch of all only sets
// those of each. Of the two rp_filters the stricter number counts.
void Sync::apply_netconf() {
  const NetconfRow all = netconf_[NetconfRow::all];
  bool forwards = all.forwarding.value_or(0) != 0;
  for (const MirrorLink& link : links_->all()) {
    const NetconfRow& row = netconf_[static_cast<std::int32_t>(link.ifindex)];
    Interface& interface = stack_->interfaces()[link.interface];
    interface.forwarding = row.forwarding.value_or(0) != 0;
    const auto filter = std::max(all.rp_filter.value_or(0), row.rp_filter.value_or(0));
    interface.rp_filter = static_cast<ReversePath>(std::clamp(filter, 0, 2));
    if (link.interface != loopback_index) forwards = forwards || interface.forwarding;
  }
  stack_->settings().forwarding = forwards;
}

}  // namespace smolstack::mirror
