#pragma once
// The log of a running machine: on stderr, with level and component.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <spdlog/spdlog.h>

#include "smolstack/base/time.hpp"

namespace smolstack::control {

/// "trace, debug, info, warning, error, critical, off": what --log-level knows.
std::string_view log_level_names();
/// `warn` and `err` are understood too.
std::optional<spdlog::level::level_enum> parse_log_level(std::string_view name);

/// Sets the level, and the shape of the lines: no time under systemd ($JOURNAL_STREAM), which
/// writes its own.
void set_up_log(spdlog::level::level_enum level);
/// The log of one component ("io", "neighbor", "control").
std::shared_ptr<spdlog::logger> log_of(std::string_view component);

/// Keeps one call site from filling the log: 10 lines in 5 s, then one line with the count.
class LogLimit {
 public:
  static constexpr std::uint32_t lines = 10;
  static constexpr Duration period = std::chrono::seconds(5);

  /// Whether to write this one, and how many were held back before it.
  struct Verdict {
    bool write = false;
    std::uint64_t held_back = 0;
  };
  Verdict take(Instant now);

 private:
  Instant since_{};
  std::uint32_t written_ = 0;
  std::uint64_t held_back_ = 0;
  bool started_ = false;
};

/// Writes a line unless its call site wrote too many.
void log_limited(LogLimit& limit, Instant now, spdlog::logger& log, spdlog::level::level_enum level,
                 std::string_view text);

}  // namespace smolstack::control
