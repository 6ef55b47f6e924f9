#pragma once
// `ping` on a running machine: echo requests out, and a line of JSON for each thing that happens.

#include <memory>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// {"event": "start"}, then "reply", "error", "redirect", "local_error", "send_failed" (and "sent"
/// of a flood), at last "end" with the statistics.
std::unique_ptr<Running> ping(Machine& machine, const Words& words,
                              const std::shared_ptr<Reply>& reply);

}  // namespace smolstack::control
