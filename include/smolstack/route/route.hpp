#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smolstack/route/multipath.hpp"
#include "smolstack/route/paths.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack {

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
  /// Two or more ways for the flows to share; gateway and interface above are then those of the
  /// first. Empty: there is that one.
  Ipv4Paths paths{};

  bool has_gateway() const { return !gateway.is_unspecified(); }
  /// Is this the interface of it, or of one of its ways?
  bool leads_by(IfIndex out) const;
  /// What a forwarding table keeps of it, but for the group of several ways.
  Ipv4Hop hop() const { return {kind, interface, gateway, preferred_source}; }
  Ipv4HopGroup hop_group() const;  ///< empty: there is one way
  /// Makes these its ways, and the first its gateway and interface.
  void set_paths(std::vector<Ipv4Path> ways);
  friend bool operator==(const Ipv4Route&, const Ipv4Route&) = default;
};

std::string to_string(RouteProtocol protocol);  ///< "static", "kernel"; unknown ones as numbers
std::optional<RouteProtocol> parse_route_protocol(std::string_view text);

}  // namespace smolstack
