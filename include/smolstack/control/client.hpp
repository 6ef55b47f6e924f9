#pragma once
// The other end of the control socket, for commands: asks, and waits for the answer.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/control/local_socket.hpp"
#include "smolstack/control/run_directory.hpp"

namespace smolstack::control {

/// Turns SIGINT and SIGTERM into a descriptor that becomes readable, as long as it lives. Once one
/// was taken the signals act as ever: the second one ends the program.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  int descriptor() const { return descriptor_.number(); }
  void take();

 private:
  void restore();
  Descriptor descriptor_;
  bool blocked_ = false;
};

/// Why nobody answers for a machine, and what to do about it. exit_code::wrong.
Outcome not_running(std::string_view machine, const Error& why);
/// That a name means machines of several labs, and how to say which one.
Outcome ambiguous(std::string_view machine, const std::vector<ControlSocket>& sockets);

/// A connection to one running machine. Blocks.
class Client {
 public:
  using OnData = std::function<void(const Json&)>;

  /// By name, as LAB/NAME or by path of the socket. The outcome of a failure says what to do about
  /// it.
  static Expected<Client, Outcome> connect(std::string_view machine);
  explicit Client(Descriptor socket) : socket_(std::move(socket)) {}

  /// Asks, hands each {"data": ...} to `on_data` as it comes, and returns how it ended. An
  /// interrupt becomes {"stop": true}: the command ends in good order. A machine that goes away
  /// meanwhile is an outcome too: exit_code::wrong.
  Outcome run(std::string_view command, const Words& words, const OnData& on_data,
              Interrupts* interrupts = nullptr);

 private:
  Expected<void, Error> send_line(const Json& line);
  /// False: nothing to read yet, but an interrupt was handled.
  Expected<bool, Error> wait(Interrupts* interrupts);
  Expected<std::string, Error> next_line(Interrupts* interrupts);

  Descriptor socket_;
  std::string input_;
  bool stopped_ = false;
};

}  // namespace smolstack::control
