#include "smolstack/control/log.hpp"

#include <cstdlib>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>

namespace smolstack::control {
namespace {

/// All components write by the same way, so that lines do not mix.
const std::shared_ptr<spdlog::sinks::sink>& stderr_sink() {
  static const std::shared_ptr<spdlog::sinks::sink> sink =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return sink;
}

bool is_under_systemd() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  return stream != nullptr && *stream != '\0';
}

}  // namespace

std::string_view log_level_names() {
  return "trace, debug, info, warning, error, critical, off";
}

std::optional<spdlog::level::level_enum> parse_log_level(std::string_view name) {
  if (name == "off") return spdlog::level::off;
  const auto level = spdlog::level::from_str(std::string(name));
  // from_str() says "off" of what it does not know.
  if (level == spdlog::level::off) return {};
  return level;
}

void set_up_log(spdlog::level::level_enum level) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("smolstack", stderr_sink()));
  spdlog::set_pattern(is_under_systemd() ? "%l %n: %v" : "%H:%M:%S.%e %l %n: %v");
  spdlog::set_level(level);
}

std::shared_ptr<spdlog::logger> log_of(std::string_view component) {
  const std::string name(component);
  if (auto known = spdlog::get(name)) return known;
  auto made = std::make_shared<spdlog::logger>(name, stderr_sink());
  spdlog::initialize_logger(made);
  return made;
}

LogLimit::Verdict LogLimit::take(Instant now) {
  if (!started_ || now - since_ >= period) {
    started_ = true;
    since_ = now;
    written_ = 0;
  }
  if (written_ >= lines) {
    ++held_back_;
    return {};
  }
  ++written_;
  return {true, std::exchange(held_back_, 0)};
}

void log_limited(LogLimit& limit, Instant now, spdlog::logger& log, spdlog::level::level_enum level,
                 std::string_view text) {
  const LogLimit::Verdict verdict = limit.take(now);
  if (!verdict.write) return;
  if (verdict.held_back > 0) log.log(level, "{} more lines like the next one", verdict.held_back);
  log.log(level, "{}", text);
}

}  // namespace smolstack::control
