#pragma once
// The tables of all machines of a running lab, for `why`.

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/lab/lab_directory.hpp"

namespace smolstack::lab {

/// Asks every machine. One that is dead, or does not answer, is there and does not run. The lab's
/// own namespace is the machine `host` where it has addresses on networks.
Expected<inspect::LabSnapshot, control::Outcome> snapshot_of_running(const LabPaths& paths);

/// The rows of a command on a socket of the lab.
Expected<control::Json, control::Outcome> ask(const std::filesystem::path& socket,
                                              std::string_view command,
                                              const control::Words& words = {});

}  // namespace smolstack::lab
