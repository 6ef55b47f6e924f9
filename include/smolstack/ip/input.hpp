#pragma once
// What is tested of every datagram before anything is done with it.

#include <cstdint>
#include <optional>

#include "smolstack/netif/interface.hpp"
#include "smolstack/packet/packet.hpp"
#include "smolstack/route/route.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

/// Which multicast groups frames are taken in for.
enum class Groups : std::uint8_t {
  own,  ///< those that are joined here, and all of 224.0.0.0/24
  all,  ///< any: somebody beside us knows which are joined
};

/// Whether a frame is not even looked into: of an impossible length (RFC 894), from a group address
/// or from ourselves (RFC 1812 §3.3.2), to another station (RFC 1122 §3.3.6), or to a group that
/// nobody here has joined.
std::optional<DropReason> refuse_frame(const Interface& in, ConstBytes frame, Groups groups);

/// A source that no other host can have: RFC 1122 §3.2.1.3, RFC 1812 §5.3.7. `route` is what the
/// FIB says of the source: our own addresses and broadcasts are martians too.
bool is_martian_source(Ipv4Address source, const Ipv4Route* route);
/// A destination that cannot be on a wire: networks 0, 127 and class E (RFC 1812 §5.3.7).
bool is_martian_destination(Ipv4Address destination);

/// Whether reverse-path filtering refuses a packet from `source` that came in on `in` (RFC 3704
/// §2.2, §2.4); `route` is what the FIB says of the source. 0.0.0.0 has no way back, and passes.
bool fails_reverse_path(const Interface& in, Ipv4Address source, const Ipv4Route* route);

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
Destination classify(const Interface& in, Ipv4Address destination, const Ipv4Route* route);

}  // namespace smolstack
