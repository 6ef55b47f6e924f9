#pragma once
// `stats` on a running machine: what it counted, what it dropped and why, and how near it came to
// its limits.

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// One row for each interface {"ifname", "rx", "tx", "drops"}, and at the end one {"stack",
/// "levels"}. Drops that never happened are left out but with -a.
std::unique_ptr<Running> stats_handler(Machine& machine, const Words& words,
                                       const std::shared_ptr<Reply>& reply);

}  // namespace smolstack::control
