#pragma once
// `traceroute` on a running machine: probes whose TTL runs out on the way, hop after hop.

#include <memory>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// {"event": "start"}, then {"event": "probe", "ttl", "from", "rtt", "note"} for each probe in
/// order, with "lost" for one that nobody answered.
std::unique_ptr<Running> traceroute(Machine& machine, const Words& words,
                                    const std::shared_ptr<Reply>& reply);

}  // namespace smolstack::control
