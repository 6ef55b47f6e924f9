#pragma once
// Mistakes in a lab that only a packet finds: one-way routes, loops, routers that do not forward.
// The packets are sent in memory, before anything is started.

#include <cstdint>
#include <string_view>
#include <vector>

#include "smolstack/inspect/fault.hpp"
#include "smolstack/topology/finding.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::inspect {

/// What a check may cost, and did cost: work, not time.
struct CheckLimits {
  std::size_t probes = 20'000;
  std::size_t mends = 16;  ///< findings for which a remedy is looked for
};
struct CheckCost {
  std::size_t pairs = 0;  ///< that there are to look at
  std::size_t probes = 0;
  std::uint64_t frames = 0;
};

/// Looks at a lab in one of its stages (empty: none). An error is what some route promises and
/// does not keep; that there is no route yet, or a blackhole that somebody wrote, is a note. Each
/// fault is told once, with an example and how many other pairs it concerns. Machines that cannot
/// be told apart (one interface on the same network, the same routes) are looked at once.
std::vector<topology::Finding> check_reachability(const topology::Lab& lab, std::string_view stage,
                                                  const CheckLimits& limits = {},
                                                  CheckCost* cost = nullptr);

/// A machine that asks and an address that is asked.
struct Pair {
  const MachineSnapshot* from;
  const MachineSnapshot* to;
  Ipv4Address address;
};
/// One pair for each kind of machine and each network of another.
std::vector<Pair> distinct_pairs(const LabSnapshot& lab);

}  // namespace smolstack::inspect
