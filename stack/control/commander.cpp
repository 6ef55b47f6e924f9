#include "smolstack/control/commander.hpp"

#include <algorithm>

#include "smolstack/io/event_loop.hpp"

namespace smolstack::control {
namespace {

std::string names_of(std::span<const Command> commands) {
  std::string names;
  for (const Command& command : commands) {
    if (!names.empty()) names += ", ";
    names += command.name;
  }
  return names;
}

}  // namespace

void refuse_unknown(Reply& reply, std::string_view command, const std::string& known) {
  reply.fail(exit_code::wrong,
             "unknown command \"" + std::string(command) + "\"; known are " + known);
}

std::unique_ptr<Running> MachineCommander::start(std::string_view name, const Words& words,
                                                 const std::shared_ptr<Reply>& reply) {
  const auto command = std::ranges::find(commands_, name, &Command::name);
  machine_.loop.refresh();
  if (command != commands_.end()) return command->handler(machine_, words, reply);
  refuse_unknown(*reply, name, names_of(commands_));
  return nullptr;
}

void MachineCommander::flush() {
  machine_.loop.flush();
}

}  // namespace smolstack::control
