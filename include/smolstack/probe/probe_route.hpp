#pragma once
// What a probing command learns before its first packet, as connect() would tell a program.

#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {

struct ProbeRoute {
  Ipv4Address source;  ///< what the packets will carry
  IfIndex bound = IfIndex::none;
  std::string interface;  ///< its name, when bound to one
  std::uint32_t mtu = 0;  ///< of the first link
  bool broadcast = false;
};

/// Finds the way to `destination`. `source` may be empty, an address of ours, or an interface. The
/// error is the text behind "ping: ": "connect: Network is unreachable".
Expected<ProbeRoute, std::string> find_probe_route(Stack& stack, Ipv4Address destination,
                                                   const std::string& source);

/// The word of strerror() for a datagram that did not leave.
std::string send_error(DropReason reason);

}  // namespace smolstack::control
