#pragma once
// `sysctl` on a running machine: its settings by Linux's names.

#include <span>
#include <string_view>

#include "smolstack/control/command.hpp"
#include "smolstack/ip/settings.hpp"

namespace smolstack::control {

/// One setting that can be read and set as a number.
struct SysctlName {
  std::string_view name;
  std::uint32_t least;
  std::uint32_t most;
  std::uint32_t (*get)(const Settings& settings);
  void (*set)(Settings& settings, std::uint32_t value);
};

/// Every setting, by name.
std::span<const SysctlName> sysctl_names();

/// Words are names, with dots or slashes, and NAME=VALUE; a name that stands for a directory
/// means all in it, and -a everything. One row {"name", "value"} for each.
std::unique_ptr<Running> sysctl_handler(Machine& machine, const Words& words,
                                        const std::shared_ptr<Reply>& reply);

}  // namespace smolstack::control
