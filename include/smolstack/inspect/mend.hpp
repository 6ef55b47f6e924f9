#pragma once
// What would mend a fault: candidates, tried out in the simulation.

#include <vector>

#include "smolstack/inspect/fault.hpp"

namespace smolstack::inspect {

/// Commands that belong together.
using Remedy = std::vector<Mend>;

inline constexpr std::size_t most_remedies = 96;  ///< tried for one fault

/// Everything worth trying, the likeliest first. What is not a command (a server to be started, a
/// smaller packet) is not among them: see advice().
std::vector<Remedy> remedies(const LabSnapshot& lab, const Probe& probe, const Fault& fault);

/// Routes that one machine could take to `target`: by each neighbour that might know the way,
/// those nearer to the target first. And without the route that it takes now.
std::vector<Remedy> route_remedies(const LabSnapshot& lab, const std::string& machine,
                                   Ipv4Address target);

/// The remedy after which the answer comes home; else the one after which the packet gets
/// furthest; empty: none helps.
Remedy find_remedy(const LabSnapshot& lab, const Probe& probe, const Fault& fault);

/// What to do about a fault that no command to the lab mends: start a server, ask with another TTL
/// or size.
Remedy advice(const LabSnapshot& lab, const Probe& probe, const Fault& fault);

/// The lab after these commands; those that fail change nothing.
LabSnapshot mended(LabSnapshot lab, const Remedy& remedy);

}  // namespace smolstack::inspect
