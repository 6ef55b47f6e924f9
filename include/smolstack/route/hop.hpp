#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "smolstack/netif/interface.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// What becomes of a packet that a route matches, in Linux's words.
enum class RouteKind : std::uint8_t {
  unicast,      ///< goes to the gateway, or to the destination itself when there is none
  local,        ///< is delivered here
  broadcast,    ///< is delivered here, and sent as a link broadcast
  blackhole,    ///< is dropped in silence
  unreachable,  ///< is answered with host unreachable
  prohibit,     ///< is answered with administratively prohibited
};

/// Does a route of this kind end here, by no interface?
constexpr bool leads_nowhere(RouteKind kind) {
  return kind == RouteKind::blackhole || kind == RouteKind::unreachable ||
         kind == RouteKind::prohibit;
}

std::string_view to_string(RouteKind kind);

struct Ipv4HopGroup;

/// What a route says of a packet: all that the data path wants to know, and no more, so that
/// thousands of routes share one.
struct Ipv4Hop {
  RouteKind kind = RouteKind::unicast;
  IfIndex interface = IfIndex::none;
  Ipv4Address gateway{};           ///< 0.0.0.0: the destination is on the link
  Ipv4Address preferred_source{};  ///< 0.0.0.0: chosen when a packet is sent

  /// Where the route has several ways: all of them, and gateway and interface above are those of
  /// the first. choose_path() says which one a flow takes. nullptr: there is this one.
  const Ipv4HopGroup* group = nullptr;

  bool has_gateway() const { return !gateway.is_unspecified(); }
  Ipv4Address next_hop(Ipv4Address destination) const {
    return has_gateway() ? gateway : destination;
  }
  /// This hop, or the first way of the group, that leads out by this interface; nullptr: none does.
  const Ipv4Hop* by(IfIndex out) const;
  /// Does it, or one of its ways, lead to this gateway by this interface?
  bool leads_by(IfIndex out, Ipv4Address by_gateway) const;

  /// Groups are equal when they say the same.
  friend bool operator==(const Ipv4Hop& a, const Ipv4Hop& b);
};

/// The number of a hop in one forwarding table; the same until no route leads there any more.
enum class HopId : std::uint32_t { none = 0 };

}  // namespace smolstack
