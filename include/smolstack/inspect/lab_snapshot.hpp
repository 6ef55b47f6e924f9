#pragma once
// What the machines of a lab would believe if it were started: its file read, its commands carried
// out on snapshots.

#include <string>
#include <string_view>
#include <vector>

#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/topology/finding.hpp"
#include "smolstack/topology/script.hpp"

namespace smolstack::inspect {

/// A command of the lab that its machine would refuse, and the words it would refuse it with.
struct RefusedCommand {
  topology::ScriptedCommand command;
  std::string error;
};

/// The lab in one of its stages (empty: none), all machines running and all cables plugged in.
/// The lab's own namespace is the machine `host` when it has addresses. Commands are carried out in
/// the order of topology::scripted_commands(); those that fail come out in `refused`.
LabSnapshot snapshot_of(const topology::Lab& lab, std::string_view stage,
                        std::vector<RefusedCommand>* refused = nullptr);

}  // namespace smolstack::inspect
