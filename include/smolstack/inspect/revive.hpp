#pragma once
// From a snapshot back to a stack, and commands carried out on snapshots.

#include <memory>
#include <string_view>

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::inspect {

/// A stack with the interfaces, addresses, routes and settings of the machine; whatever else
/// `options` says stays. Routes are taken as they are, but for those by interfaces that are down
/// or not there. Nothing is announced.
std::unique_ptr<Stack> revive(const MachineSnapshot& machine, StackOptions options = {});

/// Carries out `ip ...` or `sysctl ...` on the machine: not an imitation, but the command itself on
/// a stack that lives for this one moment. The outcome is the command's own; the snapshot stays as
/// it is when it fails.
control::Outcome apply(MachineSnapshot& machine, const control::Words& words);

/// The same by a line of text, on a machine of a lab. Knows two more, which are about machines:
/// `smolstack link NODE:IF up|down` and `smolstack restart NODE`.
control::Outcome apply(LabSnapshot& lab, std::string_view node, std::string_view command);

/// Text cut at its blanks.
control::Words words_of(std::string_view text);

}  // namespace smolstack::inspect
