#pragma once
// The process of one machine of a running lab.

#include <string>

#include "smolstack/io/descriptor.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// What the supervisor and the process of a machine tell each other, one JSON object a packet:
///   machine: {"ready": true}                              speaks on its wires
///   machine: {"failed": "TEXT"}                           and ends
///   supervisor: {"do": "start"}                           run the start-up script
///   supervisor: {"do": "stage", "name": "final"}          run the commands of a stage
///   machine: {"done": "start"|"stage", "problems": [...]}
struct MachineStart {
  const topology::Lab& lab;
  const topology::Machine& machine;
  const LabPaths& paths;
  io::Descriptor channel;  ///< a Unix socket of packets, to the supervisor
};

/// Runs a machine until it is told to end; returns the process's exit code. Must be called in a
/// process that is the first of its own PID namespace, with its own mount and UTS namespaces, and
/// still in the lab's network namespace.
int run_machine(MachineStart start);

}  // namespace smolstack::lab
