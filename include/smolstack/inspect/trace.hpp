#pragma once
// What became of one simulated packet and of its answer.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack::inspect {

enum class Leg : std::uint8_t { request, reply };

std::string_view to_string(Leg leg);  ///< "request", "reply"

/// A machine that the packet came to. Empty interfaces: it began here, or ended here. `next_hop`
/// is the neighbour it was handed to, `ttl` what the packet had as it left (as it came, where it
/// ended).
struct Hop {
  Leg leg = Leg::request;
  std::string machine;
  std::string in{};
  std::string out{};
  Ipv4Address next_hop{};
  std::uint8_t ttl = 0;
};

/// A packet that ended where it should not. `out` and `next_hop` are where the routes of the
/// machine led it; empty when they led nowhere.
struct Loss {
  Leg leg = Leg::request;
  std::string machine;
  DropReason reason = DropReason::no_route;
  std::string in{};
  std::string out{};
  Ipv4Address next_hop{};
};

/// An ICMP error that came back to the one who asked.
struct Notice {
  Ipv4Address from;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t mtu = 0;  ///< of fragmentation needed (RFC 1191 §4)
};

struct Trace {
  Ipv4Address source;  ///< the address that the probe left with; 0.0.0.0: it did not leave
  Ipv4Address destination;
  std::vector<Hop> hops;                 ///< of both legs, as they happened
  std::optional<std::string> delivered;  ///< the machine that took the request in
  bool answered = false;                 ///< the reply came home
  std::vector<Loss> losses;              ///< as they happened: the first is the cause of the others
  std::vector<Notice> notices;
  std::vector<std::string> redirected_by;  ///< routers that told of a better first hop
  std::vector<std::string> fragmented_by;  ///< machines that cut it into pieces
  /// The frame was put on a wire on which nobody has its destination's link address.
  bool to_nobody = false;

  /// The hops of one leg.
  std::vector<Hop> path(Leg leg) const;
};

}  // namespace smolstack::inspect
