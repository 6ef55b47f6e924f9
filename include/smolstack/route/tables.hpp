#pragma once
// Interfaces, addresses and routes of one machine, kept in step with one another.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/netif/interface.hpp"
#include "smolstack/route/fib.hpp"
#include "smolstack/route/rib.hpp"

namespace smolstack {

/// What an administrator changes with `ip link|addr|route`. An address brings its connected
/// route; a link that goes down takes its connected routes and the routes through it along, and
/// brings the connected ones back when it comes up. Errors carry the code that rtnetlink gives.
class Tables {
 public:
  Tables();

  /// The interface's addresses are added by add_address().
  Interface& add_interface(Interface interface);
  /// Sets the administrator's wish; no-op when it is so already.
  void set_up(Interface& interface, bool up);
  /// invalid_argument outside 68..65535.
  Expected<void, Error> set_mtu(Interface& interface, std::uint32_t mtu);

  /// file_exists when the interface has it already; invalid_argument for what no host may have.
  Expected<void, Error> add_address(Interface& interface, const Ipv4Subnet& subnet);
  /// address_not_available when the interface has no such address.
  Expected<void, Error> remove_address(Interface& interface, const Ipv4Subnet& subnet);

  /// Fills in interfaces from gateways where they are missing; of several ways each is judged so.
  /// network_unreachable: the
  /// gateway is on no network of ours (RFC 1812 §5.2.4: next hops are on a link);
  /// network_down: the interface is down; invalid_argument: a gateway that is ourselves.
  Expected<void, Error> add_route(Ipv4Route route, RouteInsert how);
  Expected<void, Error> remove_route(const RouteMatch& match);
  template <class Predicate>
  std::size_t flush_routes(Predicate&& predicate) {
    const std::vector<Ipv4Route> removed = rib_.remove_if(predicate);
    for (const Ipv4Route& route : removed) forget(route);
    return removed.size();
  }

  // A kernel beside us has judged its routes already, and says which there are. What redirects
  // taught us (RouteProtocol::redirect) is our own: it lives as long as the routes around it stay
  // as they are, like the exceptions of Linux's next hops.

  /// From now on addresses bring and take no connected routes: the kernel tells of those too. A
  /// link that goes down still takes all routes through it along.
  void follow_kernel(bool on) { follows_kernel_ = on; }
  /// Puts in a route without judging its gateway. RouteInsert::replace takes the place of one of
  /// equal prefix and metric, `append` stands behind, `add` is refused with file_exists.
  /// no_such_device: it leads somewhere, and not by an interface of ours. Of several ways those by
  /// interfaces that we do not have are left out.
  Expected<void, Error> install_route(const Ipv4Route& route,
                                      RouteInsert how = RouteInsert::replace);
  /// Makes the routes exactly these, in this order among equals, but for those by interfaces that
  /// we do not have. Returns how many went or came.
  std::size_t sync_routes(std::vector<Ipv4Route> wanted);

  InterfaceTable& interfaces() { return interfaces_; }
  const InterfaceTable& interfaces() const { return interfaces_; }
  const Ipv4Rib& rib() const { return rib_; }
  /// The routes to ourselves and to broadcast addresses: Linux's table `local`.
  std::vector<Ipv4Route> local_routes() const;

  /// The routes of the RIB that count, with the local ones above them. Each change above is in it
  /// at once, at the cost of that change alone; hops that were looked up are good until then.
  const Ipv4Fib& fib() const { return fib_; }
  /// What this very prefix leads to: a local route, or the one of the RIB that counts. nullptr:
  /// there is no such prefix.
  const Ipv4Route* find(const Ipv4Prefix& prefix) const;

  /// The source of a packet of ours along `route` (RFC 1122 §3.3.4.3): what the route prefers,
  /// else an address in the next hop's network, else the first of the interface, else the first
  /// of another one that is up. 0.0.0.0 when there is none at all.
  Ipv4Address source_for(const Ipv4Hop& route, Ipv4Address destination) const;
  /// Is it an address of ours, on an interface that is up?
  bool is_own(Ipv4Address address) const;

 private:
  /// Brings the FIB in step with what this prefix leads to now.
  void refresh(const Ipv4Prefix& prefix);
  /// Makes the local routes anew, after addresses or links have changed.
  void refresh_local();
  Expected<void, Error> insert(const Ipv4Route& route, RouteInsert how);
  /// After a route left the RIB.
  void forget(const Ipv4Route& removed);
  void connect(const Interface& interface, const InterfaceAddress& address);
  void disconnect(const Interface& interface, const InterfaceAddress& address);
  /// The way as it will be taken, with its interface.
  Expected<Ipv4Path, Error> check_path(const Ipv4Prefix& prefix, Ipv4Path path) const;
  Expected<IfIndex, Error> link_of_gateway(const Ipv4Path& path) const;
  /// The route with those of its ways that lead by interfaces of ours; nothing: none does.
  std::optional<Ipv4Route> possible(Ipv4Route route) const;
  void forget_redirects(const Ipv4Prefix& within);
  static void renumber_secondaries(Interface& interface);

  InterfaceTable interfaces_;
  Ipv4Rib rib_;
  /// The local routes by prefix; of those that claim one, that which counts.
  std::map<Ipv4Prefix, Ipv4Route> local_;
  /// Every prefix with a route that a redirect taught us; perhaps also one that had such a route.
  std::set<Ipv4Prefix> redirected_;
  Ipv4Fib fib_;
  bool follows_kernel_ = false;
};

}  // namespace smolstack
