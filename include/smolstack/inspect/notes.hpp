#pragma once
// What is odd about a packet's way without being wrong, and what its sender is told.

#include <string>
#include <vector>

#include "smolstack/inspect/probe.hpp"
#include "smolstack/inspect/snapshot.hpp"

namespace smolstack::inspect {

/// Sentences: another way back, an address of another interface, redirects, fragments, addresses
/// that two machines have, and the ICMP error that comes back.
std::vector<std::string> notes_on(const LabSnapshot& lab, const Probe& probe, const Trace& trace);

}  // namespace smolstack::inspect
