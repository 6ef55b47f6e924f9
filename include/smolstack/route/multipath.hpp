#pragma once
// Which of several ways a flow takes.

#include <cstdint>
#include <vector>

#include "smolstack/route/hop.hpp"

namespace smolstack {

/// The hops of a route with several ways.
struct Ipv4HopGroup {
  struct Member {
    Ipv4Hop hop{};
    std::uint16_t weight = 1;
    friend bool operator==(const Member&, const Member&) = default;
  };
  std::vector<Member> members{};

  friend bool operator==(const Ipv4HopGroup&, const Ipv4HopGroup&) = default;
};

/// Hash-threshold (RFC 2992 §2): the space of hashes is cut into one region for each way, as large
/// as its weight, and the flow takes the way whose region its hash lies in. When a way comes or
/// goes only the edges move, so that most flows stay where they are. Ways by an interface that is
/// not usable have no region; if none is usable it is the first.
const Ipv4Hop& choose_path(const Ipv4HopGroup& group, std::uint32_t hash,
                           const InterfaceTable& interfaces);

}  // namespace smolstack
