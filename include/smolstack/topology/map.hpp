#pragma once
// A lab drawn: networks as bars with their names and prefixes, machines hanging off them by the
// last octets of their addresses, routers beside them, between the bars that they join.

#include <set>
#include <string>
#include <utility>

#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

/// What of a lab does not work just now.
struct MapState {
  std::set<std::string> dead;  ///< machines that do not run
  /// Machine and interface: shut, or its cable is out.
  std::set<std::pair<std::string, std::string>> unplugged;
};

/// A whole SVG document. The same lab makes the same picture; `running` may be null.
std::string map_svg(const Lab& lab, const MapState* running = nullptr);
/// The same for a terminal: a paragraph for each network.
std::string map_text(const Lab& lab, const MapState* running = nullptr);

/// What distinguishes an address among those of its network: ".2" in a /24, ".4.20" in a /16; a
/// dash when there is none.
std::string short_address(const Interface& interface);

}  // namespace smolstack::topology
