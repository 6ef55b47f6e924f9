#include "smolstack/route/rib.hpp"

#include <algorithm>

namespace smolstack {
namespace {

/// Where in its prefix's list a route of this metric stands: behind all that are not dearer.
auto behind(std::vector<Ipv4Route>& list, std::uint32_t metric) {
  return std::ranges::upper_bound(list, metric, {}, &Ipv4Route::metric);
}

}  // namespace

bool RouteMatch::matches(const Ipv4Route& route) const {
  return route.prefix == prefix && (!kind || *kind == route.kind) &&
         (!protocol || *protocol == route.protocol) && (!gateway || *gateway == route.gateway) &&
         (!interface || *interface == route.interface) && (!metric || *metric == route.metric);
}

Expected<void, Error> Ipv4Rib::insert(const Ipv4Route& route, RouteInsert how) {
  auto& list = routes_[route.prefix];
  const auto same = std::ranges::find(list, route.metric, &Ipv4Route::metric);
  if (same == list.end() || how == RouteInsert::append) {
    list.insert(behind(list, route.metric), route);
    ++size_;
    return {};
  }
  if (how == RouteInsert::add)
    return failed(std::errc::file_exists, "adding a route to " + to_string(route.prefix));
  *same = route;
  return {};
}

Expected<Ipv4Route, Error> Ipv4Rib::remove(const RouteMatch& match) {
  const auto at = routes_.find(match.prefix);
  if (at != routes_.end()) {
    auto& list = at->second;
    const auto found = std::ranges::find_if(list, [&](const auto& r) { return match.matches(r); });
    if (found != list.end()) {
      const Ipv4Route removed = *found;
      list.erase(found);
      if (list.empty()) routes_.erase(at);
      --size_;
      return removed;
    }
  }
  return failed(std::errc::no_such_process, "deleting a route to " + to_string(match.prefix));
}

std::vector<Ipv4Route> Ipv4Rib::routes() const {
  std::vector<Ipv4Route> all;
  all.reserve(size_);
  for (const auto& [prefix, list] : routes_) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::vector<Ipv4Route> Ipv4Rib::best() const {
  std::vector<Ipv4Route> first;
  first.reserve(routes_.size());
  for (const auto& [prefix, list] : routes_) first.push_back(list.front());
  return first;
}

}  // namespace smolstack
