#pragma once
// A forwarding table that is plainly right: the oracle for the one that is fast.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <vector>

#include "smolstack/route/hop.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack {

/// Longest-prefix match as a sorted list of cuts, "from this address on, that hop". Immutable: a
/// change makes a new one.
class RangeFib {
 public:
  using Routes = std::map<Ipv4Prefix, Ipv4Hop>;

  // Prefixes nest or are apart, so one walk by network address with a stack of the prefixes that
  // are open at that point finds every cut: where a prefix opens its hop begins; where it closes
  // the hop around it goes on.
  explicit RangeFib(const Routes& routes) {
    std::vector<Routes::const_iterator> open;
    const auto close = [&] {
      const std::uint32_t last = open.back()->first.last().host();
      open.pop_back();
      if (last != std::numeric_limits<std::uint32_t>::max())
        cut(last + 1, open.empty() ? nullptr : &open.back()->second);
    };
    cut(0, nullptr);
    for (auto route = routes.begin(); route != routes.end(); ++route) {
      while (!open.empty() && open.back()->first.last() < route->first.network) close();
      cut(route->first.network.host(), &route->second);
      open.push_back(route);
    }
    while (!open.empty()) close();
  }

  /// The hop of the longest prefix that holds `destination`; nullptr: no route. It is good as long
  /// as the routes are.
  const Ipv4Hop* lookup(Ipv4Address destination) const {
    return std::prev(std::ranges::upper_bound(cuts_, destination.host(), {}, &Cut::from))->hop;
  }

 private:
  struct Cut {
    std::uint32_t from;
    const Ipv4Hop* hop;
  };

  void cut(std::uint32_t from, const Ipv4Hop* hop) {
    if (!cuts_.empty() && cuts_.back().from == from)
      cuts_.back().hop = hop;
    else
      cuts_.push_back({from, hop});
  }

  std::vector<Cut> cuts_;
};

}  // namespace smolstack
