#pragma once

#include <span>

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// What can be asked of a machine of a lab that runs our stack: all that a single node answers, and
///   owners      who answers which kind of packet
///   snapshot    its tables, for `why` and `check`
std::span<const control::Command> machine_commands();

/// Adds to the first row of a snapshot what no stack knows: the machine's networks, the names it
/// can resolve, the ports that its programs listen on.
void complete_snapshot(const topology::Machine& machine, control::Json& row);

/// The same tables of a machine that runs the kernel's stack, read from the namespace that we are
/// in.
Expected<inspect::MachineSnapshot, Error> kernel_snapshot(const topology::Machine& machine);

}  // namespace smolstack::lab
