#include "smolstack/route/rib.hpp"

#include <algorithm>

namespace smolstack {
namespace {

bool matches_way(const Ipv4Path& match, const Ipv4Path& way) {
  return (match.gateway.is_unspecified() || match.gateway == way.gateway) &&
         (match.interface == IfIndex::none || match.interface == way.interface) &&
         (match.weight == 1 || match.weight == way.weight);
}

}  // namespace

bool RouteMatch::matches(const Ipv4Route& route) const {
  return route.prefix == prefix && (!kind || *kind == route.kind) &&
         (!protocol || *protocol == route.protocol) && (!gateway || *gateway == route.gateway) &&
         (!interface || *interface == route.interface) && (!metric || *metric == route.metric) &&
         (!paths || std::ranges::equal(paths->list(), route.paths.list(), matches_way));
}

Expected<void, Error> Ipv4Rib::insert(const Ipv4Route& route, RouteInsert how) {
  const auto [first, last] = routes_.equal_range(route);
  if (first == last || how == RouteInsert::append) {
    routes_.insert(last, route);
    return {};
  }
  if (how == RouteInsert::add)
    return failed(std::errc::file_exists, "adding a route to " + to_string(route.prefix));
  // The place among equals is the old one's.
  routes_.insert(routes_.erase(first), route);
  return {};
}

Expected<Ipv4Route, Error> Ipv4Rib::remove(const RouteMatch& match) {
  const auto [first, last] = routes_.equal_range(match.prefix);
  const auto found = std::find_if(first, last, [&](const auto& r) { return match.matches(r); });
  if (found == last)
    return failed(std::errc::no_such_process, "deleting a route to " + to_string(match.prefix));
  Ipv4Route removed = *found;
  routes_.erase(found);
  return removed;
}

bool Ipv4Rib::remove_equal(const Ipv4Route& route) {
  const auto [first, last] = routes_.equal_range(route);
  const auto found = std::find(first, last, route);
  if (found == last) return false;
  routes_.erase(found);
  return true;
}

const Ipv4Route* Ipv4Rib::find(const Ipv4Prefix& prefix) const {
  const auto at = routes_.lower_bound(prefix);
  return at == routes_.end() || at->prefix != prefix ? nullptr : &*at;
}

bool Ipv4Rib::contains(const Ipv4Prefix& prefix, std::uint32_t metric) const {
  return routes_.contains(std::pair(prefix, metric));
}

}  // namespace smolstack
