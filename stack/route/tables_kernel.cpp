#include <algorithm>
#include <iterator>
#include <tuple>

#include "smolstack/route/tables.hpp"

// The routes as a kernel beside us tells them.

namespace smolstack {
namespace {

bool is_redirect(const Ipv4Route& route) {
  return route.protocol == RouteProtocol::redirect;
}

bool comes_before(const Ipv4Route& a, const Ipv4Route& b) {
  const auto key = [](const Ipv4Route& route) {
    return std::tie(route.prefix, route.metric, route.kind, route.protocol, route.gateway,
                    route.interface, route.preferred_source, route.paths);
  };
  return key(a) < key(b);
}

/// What `of` has and `but` has not; both sorted.
std::vector<Ipv4Route> difference(const std::vector<Ipv4Route>& of,
                                  const std::vector<Ipv4Route>& but) {
  std::vector<Ipv4Route> only;
  std::ranges::set_difference(of, but, std::back_inserter(only), comes_before);
  return only;
}

}  // namespace

std::optional<Ipv4Route> Tables::possible(Ipv4Route route) const {
  std::vector<Ipv4Path> ways = route.paths.list();
  if (ways.empty()) ways.push_back({route.gateway, route.interface});
  // A route that leads nowhere has neither gateway nor interface here.
  if (leads_nowhere(route.kind)) ways.clear();
  std::erase_if(ways, [&](const auto& each) { return !interfaces_.contains(each.interface); });
  if (ways.empty() && !leads_nowhere(route.kind)) return std::nullopt;
  route.set_paths(std::move(ways));
  return route;
}

Expected<void, Error> Tables::install_route(const Ipv4Route& route, RouteInsert how) {
  const auto installed = possible(route);
  if (!installed)
    return failed(std::errc::no_such_device, "taking over a route to " + to_string(route.prefix));
  forget_redirects(route.prefix);
  return insert(*installed, how);
}

std::size_t Tables::sync_routes(std::vector<Ipv4Route> told) {
  std::vector<Ipv4Route> wanted;
  for (Ipv4Route& route : told)
    if (auto kept = possible(std::move(route))) wanted.push_back(std::move(*kept));
  std::vector<Ipv4Route> present = rib_.routes();
  std::erase_if(present, is_redirect);
  std::ranges::sort(present, comes_before);
  std::vector<Ipv4Route> sorted = wanted;
  std::ranges::sort(sorted, comes_before);

  const auto gone = difference(present, sorted);
  const auto come = difference(sorted, present);
  for (const auto& changed : {gone, come})
    for (const Ipv4Route& route : changed) forget_redirects(route.prefix);
  rib_.remove_if([](const Ipv4Route& route) { return !is_redirect(route); });
  for (const Ipv4Route& route : wanted) (void)rib_.insert(route, RouteInsert::append);
  // Also where only the order among equals is another one.
  for (const Ipv4Route& route : gone) refresh(route.prefix);
  for (const Ipv4Route& route : wanted) refresh(route.prefix);
  return gone.size() + come.size();
}

void Tables::forget_redirects(const Ipv4Prefix& within) {
  for (auto at = redirected_.lower_bound({within.network, 0}); at != redirected_.end();) {
    if (!within.contains(at->network)) break;
    while (rib_.remove({.prefix = *at, .protocol = RouteProtocol::redirect}).has_value()) {
    }
    const Ipv4Prefix prefix = *at;
    at = redirected_.erase(at);
    refresh(prefix);
  }
}

}  // namespace smolstack
