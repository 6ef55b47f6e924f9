#pragma once
// The process that owns a running lab: its networks, and the processes of its machines.

#include <string>

#include "smolstack/io/descriptor.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// What `up` is told while a lab comes up, one JSON object a line; it answers the last one with a
/// byte:
///   {"ready": 12, "of": 46}                      so many machines speak
///   {"failed": "TEXT"}                           the lab is taken down again
///   {"up": "NAME", "problems": ["..."]}          it runs; these commands ended badly
struct SupervisorStart {
  topology::Lab lab;
  std::string stage;  ///< empty: none
  LabPaths paths;
  io::Descriptor progress;
};

/// The signals that end a lab wait until run_supervisor asks for them.
void block_ending_signals();

/// Runs a lab until it is told to end; returns the process's exit code. Must be called in a process
/// that is the first of its own PID namespace, with its own mount and network namespaces.
int run_supervisor(SupervisorStart start);

}  // namespace smolstack::lab
