#pragma once
// The first process of a machine's PID namespace: it starts the machine's scripts and commands, and
// takes in every process that loses its parent.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace smolstack::lab {

/// How a command ended: its exit code (128 and the signal, if one killed it), and the last that was
/// written to our log meanwhile.
struct CommandEnd {
  int exit = 0;
  std::string output;
};

/// Starts programs whose output goes to our stderr. One for each process.
class CommandRunner {
 public:
  using OnEnd = std::function<void(const CommandEnd&)>;

  /// `environment` is in the form of environ(7); programs start in `directory`.
  CommandRunner(boost::asio::io_context& context, std::vector<std::string> environment,
                std::filesystem::path directory);

  /// Starts a program; 127 at once when there is none of that name. Returns its pid, 0: none.
  pid_t start(const std::vector<std::string>& words, OnEnd on_end);
  bool is_running(pid_t pid) const { return jobs_.contains(pid); }

 private:
  struct Job {
    OnEnd on_end;
    off_t log_began = 0;
  };

  void wait_for_child();
  void reap_all();
  void end(pid_t pid, int status);

  boost::asio::signal_set signals_;
  std::vector<std::string> environment_;
  std::filesystem::path directory_;
  std::map<pid_t, Job> jobs_;
};

/// Has the process, or a descendant it waits for, come to `sleep` or `tail`? So scripts end that
/// keep a container alive: they have done their work.
bool has_settled(pid_t pid);

}  // namespace smolstack::lab
