#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smolstack/netif/interface.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

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

/// Who made a route. The numbers are those of rtnetlink(7), any of which may come in.
enum class RouteProtocol : std::uint8_t {
  unspecified = 0,
  redirect = 1,
  kernel = 2,  ///< connected networks and own addresses
  boot = 3,    ///< what `ip route add` makes when it is not told
  administrator = 4,
};

struct Ipv4Route {
  Ipv4Prefix prefix{};
  RouteKind kind = RouteKind::unicast;
  RouteProtocol protocol = RouteProtocol::boot;
  Ipv4Address gateway{};  ///< 0.0.0.0: the destination is on the link
  IfIndex interface = IfIndex::none;
  Ipv4Address preferred_source{};  ///< 0.0.0.0: chosen when a packet is sent
  std::uint32_t metric = 0;        ///< the lowest wins among equal prefixes

  bool has_gateway() const { return !gateway.is_unspecified(); }
  Ipv4Address next_hop(Ipv4Address destination) const {
    return has_gateway() ? gateway : destination;
  }
  friend bool operator==(const Ipv4Route&, const Ipv4Route&) = default;
};

/// Does a route of this kind end here, by no interface?
constexpr bool leads_nowhere(RouteKind kind) {
  return kind == RouteKind::blackhole || kind == RouteKind::unreachable ||
         kind == RouteKind::prohibit;
}

std::string_view to_string(RouteKind kind);
std::string to_string(RouteProtocol protocol);  ///< "static", "kernel"; unknown ones as numbers
std::optional<RouteProtocol> parse_route_protocol(std::string_view text);

}  // namespace smolstack
