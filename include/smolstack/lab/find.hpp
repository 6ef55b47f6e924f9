#pragma once
// Running machines by what people call them.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/lab/start.hpp"

namespace smolstack::lab {

/// The lab's own namespace, where its wires end: a name that no machine has.
inline constexpr std::string_view host_name = "host";

struct FoundMachine {
  std::string name;
  std::string lab;  ///< none: it runs by itself
  std::filesystem::path socket;
  pid_t pid = 0;

  Target target() const { return {name, pid}; }
};

/// The machine that NAME or LAB/NAME means, or `host`. `lab`, else $SMOLSTACK_LAB, says which lab
/// is meant where several run. The outcome of a failure says what to do about it: nobody of that
/// name runs, several do, or it lives where we cannot see its process.
Expected<FoundMachine, control::Outcome> find_machine(std::string_view name,
                                                      std::string_view lab = {});

/// The lab that is meant when none is named: `lab`, else $SMOLSTACK_LAB, else the only one that
/// runs.
Expected<std::string, control::Outcome> choose_lab(std::string_view lab = {});

/// Every machine of that lab, by name.
std::vector<FoundMachine> machines_of(const std::string& lab);

}  // namespace smolstack::lab
