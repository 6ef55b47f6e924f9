#include "smolstack/io/report_limit.hpp"

#include <gtest/gtest.h>

namespace smolstack::io {
namespace {

using namespace std::chrono_literals;

TEST(ReportLimit, LetsOneASecondOutAndCountsTheOthers) {
  ReportLimit limit;
  const Instant start{5s};
  EXPECT_EQ(limit.take(ReportKind::full, 3, start), 3u);
  EXPECT_EQ(limit.take(ReportKind::full, 2, start + 1ms), std::nullopt);
  EXPECT_EQ(limit.take(ReportKind::full, 4, start + 999ms), std::nullopt);
  EXPECT_EQ(limit.take(ReportKind::full, 1, start + 1s), 7u);
  EXPECT_EQ(limit.take(ReportKind::full, 1, start + 2s), 1u);
}

TEST(ReportLimit, KindsDoNotHoldEachOtherBack) {
  ReportLimit limit;
  const Instant start{5s};
  EXPECT_EQ(limit.take(ReportKind::down, 1, start), 1u);
  EXPECT_EQ(limit.take(ReportKind::up, 1, start), 1u);
}

TEST(ReportLimit, TextsCountFramesOrOccasions) {
  EXPECT_EQ(report_text(ReportKind::full, 1), "the device takes no more frames: 1 frame dropped");
  EXPECT_EQ(report_text(ReportKind::too_long, 7),
            "frames longer than the MTU allows: 7 frames dropped");
  EXPECT_EQ(report_text(ReportKind::gone, 1), "the device is gone");
  EXPECT_EQ(report_text(ReportKind::gone, 3), "the device is gone (3 times since the last report)");
  EXPECT_TRUE(is_error(ReportKind::gone));
  EXPECT_FALSE(is_error(ReportKind::back));
}

}  // namespace
}  // namespace smolstack::io
