#pragma once
// Who carries out what is asked on a control socket.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// Carries out commands; a server asks it on the loop that it runs on.
class Commander {
 public:
  virtual ~Commander() = default;
  /// Answers at once and returns nullptr, or keeps the reply and returns what goes on.
  virtual std::unique_ptr<Running> start(std::string_view command, const Words& words,
                                         const std::shared_ptr<Reply>& reply) = 0;
  /// Called after each command: what it made must get out.
  virtual void flush() {}
};

/// The refusal of a command that nobody knows.
void refuse_unknown(Reply& reply, std::string_view command, const std::string& known);

/// A machine with a stack, and the table of what can be asked of it.
class MachineCommander : public Commander {
 public:
  MachineCommander(Machine machine, std::span<const Command> commands)
      : machine_(std::move(machine)), commands_(commands) {}

  std::unique_ptr<Running> start(std::string_view command, const Words& words,
                                 const std::shared_ptr<Reply>& reply) override;
  void flush() override;

 private:
  Machine machine_;
  std::span<const Command> commands_;
};

}  // namespace smolstack::control
