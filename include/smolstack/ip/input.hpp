#pragma once
// What is tested of every datagram before anything is done with it.

#include <cstdint>
#include <optional>

#include "smolstack/netif/interface.hpp"
#include "smolstack/packet/gso.hpp"
#include "smolstack/packet/packet.hpp"
#include "smolstack/route/hop.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

/// Which multicast groups frames are taken in for.
enum class Groups : std::uint8_t {
  own,  ///< those that are joined here, and all of 224.0.0.0/24
  all,  ///< any: somebody beside us knows which are joined
};

/// Of frames to a multicast group, those that nobody here wants.
std::optional<DropReason> refuse_group_frame(const Interface& in,
                                             const wire::EthernetHeader& ethernet, Groups groups);
/// Whether a frame is not even looked into: of an impossible length (RFC 894), from a group address
/// or from ourselves (RFC 1812 §3.3.2), to another station (RFC 1122 §3.3.6), or to a group that
/// nobody here has joined.
inline std::optional<DropReason> refuse_frame(const Interface& in, const Packet& frame,
                                              Groups groups) {
  if (frame.size() < sizeof(wire::EthernetHeader)) return DropReason::runt_frame;
  if (exceeds(frame, in.mtu + sizeof(wire::EthernetHeader))) return DropReason::frame_too_long;
  const auto& ethernet = frame.header<wire::EthernetHeader>();
  if (ethernet.source.is_group()) return DropReason::bad_source_mac;
  if (ethernet.source == in.mac) return DropReason::own_frame;
  if (ethernet.destination == in.mac || ethernet.destination.is_broadcast()) return std::nullopt;
  if (!ethernet.destination.is_group()) return DropReason::other_mac;
  return refuse_group_frame(in, ethernet, groups);
}

/// A source that no other host can have: RFC 1122 §3.2.1.3, RFC 1812 §5.3.7. `route` is what the
/// FIB says of the source: our own addresses and broadcasts are martians too.
inline bool is_martian_source(Ipv4Address source, const Ipv4Hop* route) {
  if (source.is_this_network() || source.is_loopback()) return true;  // RFC 1122 §3.2.1.3 (a), (g)
  if (source.is_multicast() || source.is_class_e()) return true;      // RFC 1812 §5.3.7
  // Our own address, or a network's broadcast: RFC 1122 §3.2.1.3 (d), RFC 6274 §4.3.1.
  return route != nullptr &&
         (route->kind == RouteKind::local || route->kind == RouteKind::broadcast);
}
/// A destination that cannot be on a wire: networks 0, 127 and class E (RFC 1812 §5.3.7).
inline bool is_martian_destination(Ipv4Address destination) {
  if (destination.is_limited_broadcast()) return false;
  return destination.is_this_network() || destination.is_loopback() || destination.is_class_e();
}

/// Whether reverse-path filtering refuses a packet from `source` that came in on `in` (RFC 3704
/// §2.2, §2.4); `route` is what the FIB says of the source. 0.0.0.0 has no way back, and passes.
inline bool fails_reverse_path(const Interface& in, Ipv4Address source, const Ipv4Hop* route) {
  if (in.rp_filter == ReversePath::off || source.is_unspecified()) return false;
  if (route == nullptr || route->kind != RouteKind::unicast) return true;
  return in.rp_filter == ReversePath::strict && route->by(in.index) == nullptr;
}

/// RFC 1812 §5.2.3: whose a datagram is.
enum class Destination : std::uint8_t {
  local,      ///< one of our own addresses, on any interface
  broadcast,  ///< ours and everybody else's: delivered, never answered with an error
  group,      ///< a multicast group that is joined, or one of 224.0.0.0/24: the same
  transit,    ///< somebody else's
  nobody,     ///< a group that we have not joined
};
/// Groups are joined on interfaces, and `in` is the one that it came by. Those of 224.0.0.0/24 are
/// taken in unasked: routing protocols and mDNS live there, and no switch keeps them from anybody
/// (RFC 4541 §2.1.2).
inline Destination classify(const Interface& in, Ipv4Address destination, const Ipv4Hop* route) {
  if (destination.is_limited_broadcast()) return Destination::broadcast;
  if (destination.is_multicast()) {
    const bool is_ours = destination.is_link_local_group() || in.is_member(destination);
    return is_ours ? Destination::group : Destination::nobody;  // RFC 1112 §7.2
  }
  if (route == nullptr) return Destination::transit;
  if (route->kind == RouteKind::local) return Destination::local;
  if (route->kind == RouteKind::broadcast) return Destination::broadcast;
  return Destination::transit;
}

}  // namespace smolstack
