// Lab files: whatever the text, reading it ends, and a lab that is accepted keeps its promises to
// those who build it, check it and draw it. With a script behind the first NUL, that is read, too.

#include <string>

#include "fuzz/fuzz.hpp"
#include "smolstack/topology/check.hpp"
#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/map.hpp"
#include "smolstack/topology/shell_reader.hpp"

using namespace smolstack::topology;

namespace {

void check_promises(const Lab& lab) {
  SMOL_FUZZ_CHECK(is_name(lab.name));
  SMOL_FUZZ_CHECK(!lab.machines.empty() && lab.machines.size() <= lab_limit::machines);
  for (const Machine& machine : lab.machines) {
    SMOL_FUZZ_CHECK(is_name(machine.name) && is_name(machine.hostname));
    SMOL_FUZZ_CHECK(machine.name != "host");
    SMOL_FUZZ_CHECK(lab.find_machine(machine.name) == &machine);
    for (const Interface& interface : machine.interfaces) {
      SMOL_FUZZ_CHECK(lab.find_network(interface.network) != nullptr);
      SMOL_FUZZ_CHECK(!mac_of(machine, interface).is_group());
      SMOL_FUZZ_CHECK(interface.mtu >= 68 && interface.mtu <= 65535);
    }
  }
  for (const Stage& stage : lab.stages)
    for (const auto& [machine, commands] : stage.exec)
      SMOL_FUZZ_CHECK(lab.find_machine(machine) != nullptr);
  for (const Test& test : lab.tests) {
    SMOL_FUZZ_CHECK(lab.find_machine(test.from) != nullptr && !test.ping.empty());
    SMOL_FUZZ_CHECK(!test.stage || lab.find_stage(*test.stage) != nullptr);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(data, data + size);
  const std::size_t gap = std::min(input.find('\0'), input.size());

  // No such folder: nothing outside the text is read.
  const auto lab = parse_lab(input.substr(0, gap), "/nowhere/at/all/lab.yaml");
  if (lab) {
    check_promises(*lab);
    format_findings(check_addresses(*lab), true);
    map_text(*lab);
    map_svg(*lab);
  } else {
    SMOL_FUZZ_CHECK(has_errors(lab.error()));
  }

  const auto tokens = shell_tokens(std::string_view(input).substr(gap), 1);
  ShellReader(tokens, {{"HOSTNAME", "client"}}, [](const SimpleCommand& command) {
    SMOL_FUZZ_CHECK(!command.words.empty());
  }).run();
  return 0;
}
