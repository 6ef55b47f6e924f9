#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "smolstack/route/route.hpp"

namespace smolstack {

/// The forwarding table: longest-prefix match (RFC 1812 §5.2.4.3) as a sorted list of cuts, "from
/// this address on, that route". Immutable: a change makes a new one.
class Ipv4Fib {
 public:
  Ipv4Fib() : Ipv4Fib(std::vector<Ipv4Route>{}) {}
  /// At most one route per prefix; of several the last one counts. O(n log n).
  explicit Ipv4Fib(std::vector<Ipv4Route> routes);

  /// The route with the longest prefix that holds `destination`; nullptr: no route.
  const Ipv4Route* lookup(Ipv4Address destination) const {
    const auto after = std::ranges::upper_bound(cuts_, destination.host(), {}, &Cut::from);
    const std::uint32_t route = std::prev(after)->route;
    return route == no_route ? nullptr : &routes_[route];
  }

  std::size_t size() const { return routes_.size(); }

 private:
  static constexpr std::uint32_t no_route = ~0u;
  struct Cut {
    std::uint32_t from;
    std::uint32_t route;
  };

  void cut(std::uint32_t from, std::uint32_t route);

  std::vector<Ipv4Route> routes_;
  std::vector<Cut> cuts_;
};

}  // namespace smolstack
