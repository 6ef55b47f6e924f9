#include <algorithm>
#include <limits>
#include <numeric>

#include "smolstack/topology/map_layout.hpp"

namespace smolstack::topology {
namespace {

using Order = std::vector<std::size_t>;

/// Beyond this many networks the file's own order has to do.
constexpr std::size_t most_ordered = 64;

/// For every router, the networks that it joins, as indices.
std::vector<Order> joined_networks(const Lab& lab) {
  std::vector<Order> joined;
  for (const Machine& machine : lab.machines) {
    if (machine.interfaces.size() < 2) continue;
    Order& networks = joined.emplace_back();
    for (const Interface& interface : machine.interfaces) {
      const auto at = std::ranges::find(lab.networks, interface.network, &Network::name);
      networks.push_back(static_cast<std::size_t>(at - lab.networks.begin()));
    }
  }
  return joined;
}

/// How many bars the lines of all routers pass.
std::size_t length_of(const Order& order, const std::vector<Order>& joined) {
  std::vector<std::size_t> rank(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  std::size_t length = 0;
  for (const Order& networks : joined) {
    std::size_t top = std::numeric_limits<std::size_t>::max(), bottom = 0;
    for (const std::size_t network : networks) {
      top = std::min(top, rank[network]);
      bottom = std::max(bottom, rank[network]);
    }
    length += bottom - top;
  }
  return length;
}

Order moved(Order order, std::size_t from, std::size_t to) {
  const std::size_t network = order[from];
  order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
  order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), network);
  return order;
}

/// Takes the best move of one network to another place; false when none is better.
bool improve(Order& order, std::size_t& length, const std::vector<Order>& joined) {
  Order best = order;
  const std::size_t before = length;
  for (std::size_t from = 0; from < order.size(); ++from)
    for (std::size_t to = 0; to < order.size(); ++to) {
      Order candidate = moved(order, from, to);
      if (const std::size_t l = length_of(candidate, joined); l < length)
        best = std::move(candidate), length = l;
    }
  order = std::move(best);
  return length < before;
}

}  // namespace

Order order_bars(const Lab& lab) {
  Order order(lab.networks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > most_ordered) return order;
  const std::vector<Order> joined = joined_networks(lab);
  std::size_t length = length_of(order, joined);
  for (int passes = 0; passes < 32 && improve(order, length, joined); ++passes) continue;
  return order;
}

}  // namespace smolstack::topology
