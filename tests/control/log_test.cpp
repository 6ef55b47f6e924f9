#include "smolstack/control/log.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

namespace smolstack {
namespace {

using control::LogLimit;

TEST(Log, KnowsItsLevels) {
  EXPECT_EQ(control::parse_log_level("info"), spdlog::level::info);
  EXPECT_EQ(control::parse_log_level("warning"), spdlog::level::warn);
  EXPECT_EQ(control::parse_log_level("off"), spdlog::level::off);
  EXPECT_EQ(control::parse_log_level("loud"), std::nullopt);
}

TEST(Log, OneCallSiteWritesTenLinesInFiveSecondsAndThenTheCount) {
  std::ostringstream written;
  spdlog::logger log("io", std::make_shared<spdlog::sinks::ostream_sink_st>(written));
  log.set_pattern("%l %n: %v");
  LogLimit limit;
  Instant now{};
  for (int i = 0; i < 25; ++i)
    control::log_limited(limit, now, log, spdlog::level::warn, "frames were lost");
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "warning io: frames were lost\n";
  EXPECT_EQ(written.str(), expected);

  now += LogLimit::period;
  control::log_limited(limit, now, log, spdlog::level::warn, "frames were lost");
  EXPECT_EQ(written.str(), expected +
                               "warning io: 15 more lines like the next one\n"
                               "warning io: frames were lost\n");
}

}  // namespace
}  // namespace smolstack
