#include "smolstack/route/fib.hpp"

#include <limits>

namespace smolstack {

// Prefixes nest or are apart, so one walk by network address with a stack of the prefixes that
// are open at that point finds every cut: where a prefix opens its route begins; where it closes
// the route around it goes on.
Ipv4Fib::Ipv4Fib(std::vector<Ipv4Route> routes) : routes_(std::move(routes)) {
  std::ranges::stable_sort(routes_, {}, &Ipv4Route::prefix);
  std::vector<std::uint32_t> open;
  const auto close = [&] {
    const std::uint32_t last = routes_[open.back()].prefix.last().host();
    open.pop_back();
    if (last != std::numeric_limits<std::uint32_t>::max())
      cut(last + 1, open.empty() ? no_route : open.back());
  };

  cuts_.reserve(2 * routes_.size() + 1);
  cut(0, no_route);
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    const Ipv4Prefix& prefix = routes_[i].prefix;
    while (!open.empty() && routes_[open.back()].prefix.last() < prefix.network) close();
    cut(prefix.network.host(), i);
    open.push_back(i);
  }
  while (!open.empty()) close();
}

void Ipv4Fib::cut(std::uint32_t from, std::uint32_t route) {
  if (!cuts_.empty() && cuts_.back().from == from)
    cuts_.back().route = route;
  else
    cuts_.push_back({from, route});
}

}  // namespace smolstack
