#pragma once
// Programs on a machine of a lab: joining the namespaces of its process, and becoming one of its
// own.

#include <signal.h>
#include <string>
#include <sys/types.h>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/io/descriptor.hpp"

namespace smolstack::lab {

using control::Words;
using io::Descriptor;

/// A running machine: what it is called, and the process, in our eyes, that lives in its
/// namespaces.
struct Target {
  std::string name;
  pid_t pid = 0;
};

/// What a program there is given.
struct Plumbing {
  int in = 0;
  int out = 1;
  int err = 2;
  /// A process group of its own: signals of our terminal do not reach it, and signals to the group
  /// reach its children too. Without it the program may use our terminal.
  bool own_group = false;
  sigset_t signals{};  ///< blocked at its start; none, unless told otherwise
};

/// A program that was started: a child of ours, whoever's namespaces it lives in. To be waited for
/// by its owner.
struct Program {
  pid_t pid = 0;
  Descriptor ended;          ///< readable once it has ended
  Descriptor machine_ended;  ///< readable once its machine has
};

/// Starts the words, or a shell if there are none, on the machine: user, mount, network, PID, UTS
/// and IPC namespaces are those of its process where they differ from ours. It runs as root of
/// there, with an environment of the machine's own (lab/surroundings.hpp), in our working directory
/// if there is one of that name, else in /. Returns when it runs; a program that cannot be run says
/// so on its stderr and ends with 126 or 127, as a shell has it. Call it from a process of one
/// thread.
Expected<Program, Error> start_inside(const Target& machine, const Words& words,
                                      const Plumbing& plumbing);

/// What a shell would make of a wait status: the exit code, or 128 and the signal.
int exit_code_of(int status);

namespace exit_code {
inline constexpr int timed_out = 124;
inline constexpr int ours = 125;  ///< it was never started, or its machine went away
inline constexpr int not_runnable = 126;
inline constexpr int not_found = 127;
}  // namespace exit_code

}  // namespace smolstack::lab
