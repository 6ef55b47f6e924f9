#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
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
  /// As many ways in this order. Of each, too, what is not set matches anything, and a weight of 1
  /// as well: rtnetlink cannot tell it from none.
  std::optional<Ipv4Paths> paths{};

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
  /// Removes a route that is equal in all; false: there is none.
  bool remove_equal(const Ipv4Route& route);

  /// Removes the routes of which this is true, and returns them. Walks the whole table.
  template <class Predicate>
  std::vector<Ipv4Route> remove_if(Predicate&& predicate) {
    std::vector<Ipv4Route> removed;
    for (auto at = routes_.begin(); at != routes_.end();) {
      if (!predicate(*at)) {
        ++at;
        continue;
      }
      removed.push_back(*at);
      at = routes_.erase(at);
    }
    return removed;
  }

  /// The route of this very prefix that counts, the first; nullptr: there is none. Good until the
  /// table changes.
  const Ipv4Route* find(const Ipv4Prefix& prefix) const;
  /// Is there one of this prefix and metric?
  bool contains(const Ipv4Prefix& prefix, std::uint32_t metric) const;
  /// All routes, by prefix and metric: the default route first, as `ip route` prints them.
  std::vector<Ipv4Route> routes() const { return {routes_.begin(), routes_.end()}; }
  std::size_t size() const { return routes_.size(); }

 private:
  struct Before {
    using is_transparent = void;
    using Key = std::pair<Ipv4Prefix, std::uint32_t>;
    bool operator()(const Ipv4Route& a, const Ipv4Route& b) const {
      return Key(a.prefix, a.metric) < Key(b.prefix, b.metric);
    }
    bool operator()(const Ipv4Route& a, const Key& b) const { return Key(a.prefix, a.metric) < b; }
    bool operator()(const Key& a, const Ipv4Route& b) const { return a < Key(b.prefix, b.metric); }
    bool operator()(const Ipv4Route& a, const Ipv4Prefix& b) const { return a.prefix < b; }
    bool operator()(const Ipv4Prefix& a, const Ipv4Route& b) const { return a < b.prefix; }
  };
  /// Equals stand in the order in which they came.
  std::multiset<Ipv4Route, Before> routes_;
};

}  // namespace smolstack
