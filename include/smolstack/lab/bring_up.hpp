#pragma once
// Bringing a lab up, from the side of whoever wants it.
//
//   `up` ─ keeper ─ supervisor ─ one process for each machine
//
// The supervisor is the first process of the lab's PID namespace: when it ends, however it ends,
// the kernel ends every process of the lab and with them its devices and namespaces. The keeper
// waits for that outside, and removes the lab's directory; when the keeper ends, the supervisor is
// told to.

#include <functional>
#include <string>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// A lab that has come up.
struct LabUp {
  std::vector<std::string> problems;  ///< commands of scripts and stages that ended badly
};

/// Called while it comes up: so many of its machines speak.
using OnProgress = std::function<void(std::size_t ready, std::size_t of)>;

/// Brings a lab up under its name. The error says what was in the way and what to do about it; then
/// nothing is left behind. The process must have one thread.
Expected<LabUp, std::string> bring_up(const topology::Lab& lab, const std::string& stage,
                                      const OnProgress& on_progress);

}  // namespace smolstack::lab
