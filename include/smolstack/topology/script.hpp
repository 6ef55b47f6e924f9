#pragma once
// Which commands a lab's files will run on its machines, read without running them: the start-up
// scripts and the lines of a stage.

#include <string>
#include <string_view>
#include <vector>

#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

/// A command that changes addresses, routes, links or sysctls, in one of two forms:
/// {"ip", WORD...} as written, and {"sysctl", "-w", "NAME=VALUE"} with dots in the name.
struct ScriptedCommand {
  std::string machine;
  std::vector<std::string> words;
  Place place;

  friend bool operator==(const ScriptedCommand&, const ScriptedCommand&) = default;
};

namespace script_limit {
inline constexpr std::size_t bytes = 64 * 1024;  ///< a longer script is not read
inline constexpr std::size_t tokens = 500'000;   ///< looked at for a whole lab
inline constexpr std::size_t commands = 20'000;  ///< of a whole lab
inline constexpr int depth = 32;                 ///< of nested constructs
}  // namespace script_limit

/// The `ip` and `sysctl` commands of every machine in the order of the lab, of each its start-up
/// script's before its lines in `stage` (a name of the lab's, or empty for none). Understood are
/// `case $HOSTNAME in ... esac`, plain variables, `;`, `&&`, redirections and `echo N >
/// /proc/sys/...`; what stands in other constructs (if, for, functions) or behind `||` is passed
/// over.
std::vector<ScriptedCommand> scripted_commands(const Lab& lab, std::string_view stage);

}  // namespace smolstack::topology
