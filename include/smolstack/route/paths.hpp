#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "smolstack/netif/interface.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// One of several ways that a route leads.
struct Ipv4Path {
  Ipv4Address gateway{};  ///< 0.0.0.0: the destination is on the link
  IfIndex interface = IfIndex::none;
  std::uint16_t weight = 1;  ///< 1 to 256: its share of the flows, beside those of the others

  friend bool operator==(const Ipv4Path&, const Ipv4Path&) = default;
  friend auto operator<=>(const Ipv4Path&, const Ipv4Path&) = default;
};

/// The ways of a route that has several, in the order in which they were given. A value that is
/// cheap to copy, and one word where there are none.
class Ipv4Paths {
 public:
  Ipv4Paths() = default;
  explicit Ipv4Paths(std::vector<Ipv4Path> paths) {
    if (!paths.empty()) paths_ = std::make_shared<const std::vector<Ipv4Path>>(std::move(paths));
  }

  bool empty() const { return paths_ == nullptr; }
  const std::vector<Ipv4Path>& list() const {
    static const std::vector<Ipv4Path> none;
    return empty() ? none : *paths_;
  }

  friend bool operator==(const Ipv4Paths& a, const Ipv4Paths& b) { return a.list() == b.list(); }
  friend bool operator<(const Ipv4Paths& a, const Ipv4Paths& b) { return a.list() < b.list(); }

 private:
  std::shared_ptr<const std::vector<Ipv4Path>> paths_;
};

}  // namespace smolstack
