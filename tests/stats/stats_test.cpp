#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/stats/counters.hpp"
#include "smolstack/stats/drop_reason.hpp"

namespace smolstack {
namespace {

TEST(DropReasons, HaveDifferentWords) {
  std::set<std::string_view> words;
  for (const auto& entry : drop_reason_entries) words.insert(entry.word);
  EXPECT_EQ(words.size(), drop_reasons);
}

TEST(DropReasons, AreWordsThatScriptsCanUse) {
  for (const auto& entry : drop_reason_entries) {
    EXPECT_EQ(entry.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    EXPECT_FALSE(entry.sentence.empty()) << entry.word;
  }
}

TEST(DropReasons, NameTheRuleThatTheyFollow) {
  EXPECT_EQ(to_string(DropReason::no_route), "no_route");
  EXPECT_THAT(std::string(describe(DropReason::ttl_expired)),
              testing::HasSubstr("RFC 1812 §5.3.1"));
}

TEST(DropCounters, CountEachReasonByItself) {
  DropCounters drops;
  drops.count(DropReason::no_route);
  drops.count(DropReason::no_route, 4);
  drops.count(DropReason::device_down);
  EXPECT_EQ(drops[DropReason::no_route], 5u);
  EXPECT_EQ(drops[DropReason::device_down], 1u);
  EXPECT_EQ(drops[DropReason::bad_checksum], 0u);
}

TEST(DropCounters, SumByKind) {
  DropCounters drops;
  drops.count(DropReason::bad_checksum, 2);
  drops.count(DropReason::truncated);
  drops.count(DropReason::no_route, 7);
  EXPECT_EQ(drops.total(DropKind::malformed), 3u);
  EXPECT_EQ(drops.total(DropKind::refused), 7u);
}

TEST(HighWater, RemembersTheHighestLevel) {
  HighWater mark;
  mark.set(3);
  mark.set(9);
  mark.set(1);
  EXPECT_EQ(mark.level(), 1u);
  EXPECT_EQ(mark.highest(), 9u);
}

}  // namespace
}  // namespace smolstack
