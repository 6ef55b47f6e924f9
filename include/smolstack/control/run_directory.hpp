#pragma once
// Where running machines are found: one control socket each, NAME.sock. The machines of a lab
// have theirs in LAB/NAME.sock; LAB/lab.sock is the lab's own.

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

/// A socket, and the lab that it belongs to; no lab: a machine that was started by itself.
struct ControlSocket {
  std::filesystem::path path;
  std::string lab;
};
/// What a word may mean: a machine that runs by itself, a machine of a lab by its name or as
/// LAB/NAME, or a path. `lab`, else $SMOLSTACK_LAB, says which lab is meant. Several: the name is
/// in several labs that run. Never none: where nobody answers, it is where one would.
std::vector<ControlSocket> control_sockets(std::string_view machine, std::string_view lab = {});

struct RunningMachine {
  std::string name;
  int pid = 0;
  std::string lab;  ///< none: it runs by itself
};
/// The machines of the run directory whose sockets answer, by lab and name; first those that run
/// by themselves.
std::vector<RunningMachine> running_machines();
/// The labs whose own sockets answer, by name.
std::vector<std::string> running_labs();
/// Where a lab's own socket is.
std::filesystem::path lab_path(std::string_view lab);

}  // namespace smolstack::control
