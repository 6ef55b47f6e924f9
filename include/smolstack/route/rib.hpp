#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/route/route.hpp"

namespace smolstack {

/// How a route meets one of the same prefix and metric, as `ip route` has its verbs.
enum class RouteInsert : std::uint8_t {
  add,      ///< refuses: File exists
  replace,  ///< takes its place
  append,   ///< stands behind it
};

/// Which route to delete: what is not set matches anything, but for the prefix.
struct RouteMatch {
  Ipv4Prefix prefix;
  std::optional<RouteKind> kind{};
  std::optional<RouteProtocol> protocol{};
  std::optional<Ipv4Address> gateway{};
  std::optional<IfIndex> interface {};
  std::optional<std::uint32_t> metric{};

  bool matches(const Ipv4Route& route) const;
};

/// The routing information base: every route that somebody configured, also those that another
/// one hides (RFC 1812 §5.2.4). Lowest metric first within a prefix.
class Ipv4Rib {
 public:
  /// Fails with file_exists only for RouteInsert::add.
  Expected<void, Error> insert(const Ipv4Route& route, RouteInsert how);
  /// Removes the first match; fails with no_such_process, rtnetlink's word for "no such route".
  Expected<Ipv4Route, Error> remove(const RouteMatch& match);

  template <class Predicate>
  std::size_t remove_if(Predicate&& predicate) {
    std::size_t removed = 0;
    for (auto at = routes_.begin(); at != routes_.end();) {
      removed += std::erase_if(at->second, predicate);
      at = at->second.empty() ? routes_.erase(at) : std::next(at);
    }
    size_ -= removed;
    return removed;
  }

  /// All routes, by prefix and metric: the default route first, as `ip route` prints them.
  std::vector<Ipv4Route> routes() const;
  /// The route of each prefix that counts: the first.
  std::vector<Ipv4Route> best() const;
  std::size_t size() const { return size_; }

 private:
  std::map<Ipv4Prefix, std::vector<Ipv4Route>> routes_;
  std::size_t size_ = 0;
};

}  // namespace smolstack
