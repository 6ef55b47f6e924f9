#pragma once
// `smolstack exec`: a command on one machine or on many, and what becomes of its output.

#include <chrono>
#include <optional>
#include <ostream>
#include <vector>

#include "smolstack/lab/start.hpp"

namespace smolstack::lab {

struct ExecOptions {
  std::optional<std::chrono::milliseconds> timeout;
  bool json = false;
};

/// Runs the words on each machine at the same time. One machine: with our own stdin, stdout and
/// stderr. Several: every line behind `NAME | `, whole. With `json` one object a line for each
/// machine, in their order: {"node", "exit", "stdout", "stderr"}, of each stream the first 16 MiB
/// ("truncated": true if there was more), and "error" where it is ours. Returns the exit code of
/// the first machine, in the order given, where it was not 0.
int exec_on(const std::vector<Target>& machines, const Words& words, const ExecOptions& options,
            std::ostream& out, std::ostream& errors);

/// Cuts output into lines and writes each behind a name.
class PrefixedLines {
 public:
  /// A line longer than this is written in pieces.
  static constexpr std::size_t longest = 64u << 10;

  PrefixedLines(std::string prefix, std::ostream& out) : prefix_(std::move(prefix)), out_(&out) {}
  void add(std::string_view text);
  /// What is left without a newline gets one.
  void end();

 private:
  void write_line(std::string_view line);

  std::string prefix_;
  std::ostream* out_;
  std::string rest_;
};

}  // namespace smolstack::lab
