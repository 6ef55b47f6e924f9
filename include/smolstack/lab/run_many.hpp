#pragma once
// Programs on many machines at once: their output comes by pipes, their ends in any order.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "smolstack/lab/start.hpp"

namespace smolstack::lab {

/// One program on one machine. Its stdin is empty.
struct Job {
  Target machine;
  Words words;
};

enum class Stream : std::uint8_t { out, err };

struct RunMany {
  std::size_t at_once = 64;
  /// Of each job, from its start: then it is ended, with exit_code::timed_out.
  std::optional<std::chrono::milliseconds> timeout;
};

/// Hears of the jobs by their number, in the order of events.
struct JobEvents {
  /// A piece of output, cut anywhere. Everything a job said comes before its end.
  std::function<void(std::size_t job, Stream stream, std::string_view text)> on_output;
  /// `error` is empty, or says why there is no exit code of the program's (then it is
  /// exit_code::ours): the machine could not be entered, or ended meanwhile.
  std::function<void(std::size_t job, int exit, const std::string& error)> on_end;
};

/// Runs them all, in their order as far as at_once lets it, and returns when the last one has
/// ended. SIGINT, SIGQUIT, SIGTERM and SIGHUP are handed on to those that run, and no more are
/// started: the rest end with exit_code::ours. Returns the first such signal, 0 if none came. Call
/// it from a process of one thread.
int run_many(const std::vector<Job>& jobs, const RunMany& how, const JobEvents& events);

}  // namespace smolstack::lab
