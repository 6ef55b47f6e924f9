#pragma once
// The supervisor's side of one machine: its process, and what it last said.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "smolstack/control/command.hpp"
#include "smolstack/lab/machine.hpp"
#include "smolstack/lab/namespaces.hpp"

namespace smolstack::lab {

enum class MachineState : std::uint8_t { starting, running, dead };

/// A machine's process. Whoever holds it must outlive its handlers: `on_message` and `on_end` are
/// called from the loop.
class MachineChild {
 public:
  using OnMessage = std::function<void(MachineChild&, const control::Json&)>;
  using OnEnd = std::function<void(MachineChild&)>;

  MachineChild(boost::asio::io_context& context, const topology::Machine& machine);

  /// Starts the process; `inherited` must be closed by it.
  Expected<void, Error> start(const topology::Lab& lab, const LabPaths& paths, OnMessage on_message,
                              OnEnd on_end);
  void tell(const control::Json& order);
  /// Asks it to end; it has ended when on_end is called.
  void terminate();
  void kill();

  const topology::Machine& machine() const { return machine_; }
  MachineState state() const { return state_; }
  pid_t pid() const { return child_.pid; }
  /// Why it is dead: "killed by signal 9 (Killed)".
  const std::string& end() const { return end_; }
  std::chrono::seconds uptime() const;

  void became_ready() { state_ = MachineState::running; }
  void failed_with(const std::string& why) { failure_ = why; }

 private:
  void wait_for_end();
  void wait_for_message();

  boost::asio::posix::stream_descriptor pidfd_;
  boost::asio::posix::stream_descriptor channel_;
  const topology::Machine& machine_;
  OnMessage on_message_;
  OnEnd on_end_;
  Child child_;
  MachineState state_ = MachineState::starting;
  std::string failure_;
  std::string end_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace smolstack::lab
