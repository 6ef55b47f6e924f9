#pragma once
// One program on one machine, with our terminal: `hop`, and `exec` on a single machine.

#include <chrono>
#include <optional>

#include "smolstack/lab/start.hpp"

namespace smolstack::lab {

struct Enter {
  Target machine;
  Words words;  ///< none: a shell
  std::optional<std::chrono::milliseconds> timeout;
};

/// Runs it with our stdin, stdout and stderr and waits for its end. Ctrl-C, Ctrl-Z and a resized
/// window are the program's; SIGTERM and SIGHUP are handed on. Its exit code; 124: its time was up;
/// 128 and the signal that killed it. An error (for the caller: exit code 125) is ours: the machine
/// could not be entered, or ended while the program ran. Call it from a process of one thread.
Expected<int, Error> enter_and_run(const Enter& how);

}  // namespace smolstack::lab
