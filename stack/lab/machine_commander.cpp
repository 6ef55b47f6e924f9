#include "smolstack/lab/machine_commander.hpp"

namespace smolstack::lab {

using control::exit_code::done;
using control::exit_code::wrong;

std::unique_ptr<control::Running> LabMachineCommander::start(
    std::string_view command, const control::Words& words,
    const std::shared_ptr<control::Reply>& reply) {
  if (command != "link") return rest_->start(command, words, reply);
  link(words, *reply);
  return nullptr;
}

void LabMachineCommander::link(const control::Words& words, control::Reply& reply) {
  const bool is_understood = words.size() == 2 && (words[1] == "up" || words[1] == "down");
  if (!is_understood) return reply.fail(wrong, "link takes an interface and `up` or `down`");
  if (const auto plugged = front_.plug(words[0], words[1] == "up"); !plugged)
    return reply.fail(wrong, plugged.error().message());
  reply.finish(done);
}

}  // namespace smolstack::lab
