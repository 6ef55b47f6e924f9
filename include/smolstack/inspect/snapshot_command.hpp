#pragma once
// `snapshot` on a running machine: its tables at this moment, for `why` and `check`.

#include "smolstack/inspect/snapshot_json.hpp"

namespace smolstack {
class Stack;
}

namespace smolstack::inspect {

/// What the stack knows of itself. Networks, listening ports and host names are the caller's to
/// fill in.
MachineSnapshot snapshot_of(const Stack& stack, std::string_view name);

/// Answers with to_rows(); takes no words. Machine::complete_snapshot, when there is one, adds
/// what the stack cannot know.
std::unique_ptr<control::Running> snapshot_handler(control::Machine& machine,
                                                   const control::Words& words,
                                                   const std::shared_ptr<control::Reply>& reply);

}  // namespace smolstack::inspect
