#pragma once
// Where running machines are found: one control socket each, NAME.sock.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"

namespace smolstack::control {

/// $SMOLSTACK_RUN_DIR; else /run/smolstack for root, if /run may be written; else
/// $XDG_RUNTIME_DIR/smolstack; else /tmp/smolstack-UID, with the UID of the outermost user
/// namespace that we can see, so that `unshare -r` changes nothing.
std::filesystem::path run_directory();
/// Makes the directory if it is missing, and sees to it that it is ours and of mode 0700.
Expected<void, Error> make_run_directory(const std::filesystem::path& directory);

/// Letters, digits, `.`, `_` and `-`, at most 64, and no dot or dash in front.
bool is_machine_name(std::string_view name);
/// What is a path (it has a slash) stays one; a name becomes its socket in the run directory.
std::filesystem::path control_path(std::string_view machine);

struct RunningMachine {
  std::string name;
  int pid = 0;
};
/// The machines of the run directory whose sockets answer, by name.
std::vector<RunningMachine> running_machines();

}  // namespace smolstack::control
