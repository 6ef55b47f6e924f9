#pragma once

#include <span>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// Every command that a running machine answers.
std::span<const Command> commands();

}  // namespace smolstack::control
