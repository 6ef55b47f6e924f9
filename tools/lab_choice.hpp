#pragma once
// Which lab a command line means.

#include <optional>
#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::tools {

/// Reads the lab at a path (a folder, its lab.yaml, a compose file; empty: here). Says what is
/// wrong with it, and what is odd, on stderr.
std::optional<topology::Lab> read_lab_or_complain(const std::string& path);

/// Says why it could not be, and returns the exit code.
int say(const control::Outcome& outcome);

/// The running lab that is meant: by name, by path, by $SMOLSTACK_LAB, or the only one there is.
Expected<lab::LabPaths, control::Outcome> choose_running_lab(const std::string& given);

}  // namespace smolstack::tools
