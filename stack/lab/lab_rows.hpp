#pragma once
// What a supervisor tells of its lab, as rows of JSON.

#include <vector>

#include "machine_child.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// A machine as `ps` has it.
control::Json row_of(const MachineChild& child);

/// Of the lab's own namespace, in which we are: the bridges on which it has an address.
Expected<std::vector<control::Json>, Error> own_snapshot(const topology::Lab& lab);

}  // namespace smolstack::lab
