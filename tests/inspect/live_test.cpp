#include "smolstack/inspect/live.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smolstack::inspect {
namespace {

using control::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What `stats` answers, with one counter of drops.
Json rows(std::uint64_t originated, std::uint64_t forwarded, std::uint64_t delivered,
          const char* reason = "", std::uint64_t dropped = 0) {
  Json drops = Json::array();
  if (dropped > 0) drops.push_back({{"reason", reason}, {"count", dropped}, {"text", ""}});
  return Json::array(
      {{{"ifname", "eth1"}, {"drops", drops}},
       {{"stack",
         {{"originated", originated}, {"forwarded", forwarded}, {"delivered", delivered}}}}});
}

WhyQuestion from_client() {
  WhyQuestion question;
  question.probe.from = "client";
  return question;
}

TEST(LiveVerdict, NamesTheMachineWhoseCounterMoved) {
  const auto verdict =
      judge_live({{"client", rows(5, 0, 5)}, {"router", rows(0, 7, 0, "forwarding_off", 2)}},
                 {{"client", rows(6, 0, 5)}, {"router", rows(0, 7, 0, "forwarding_off", 3)}},
                 from_client(), false);
  EXPECT_TRUE(verdict.left);
  EXPECT_THAT(verdict.forwarded_by, IsEmpty());
  ASSERT_EQ(verdict.drops.size(), 1u);
  EXPECT_EQ(verdict.drops[0].machine, "router");
  EXPECT_EQ(verdict.drops[0].count, 1u);
  EXPECT_EQ(verdict.sentence,
            "The probe left client. No answer came. router dropped 1 on eth1: forwarding_off, for "
            "another host, and forwarding is off (RFC 1122 §3.2.1.3).");
}

TEST(LiveVerdict, FollowsAProbeThatArrives) {
  const auto verdict =
      judge_live({{"client", rows(0, 0, 0)}, {"router", rows(0, 0, 0)}, {"server", rows(0, 0, 0)}},
                 {{"client", rows(1, 0, 1)}, {"router", rows(0, 2, 0)}, {"server", rows(1, 0, 1)}},
                 from_client());
  EXPECT_THAT(verdict.forwarded_by, ElementsAre("router"));
  EXPECT_THAT(verdict.delivered_at, ElementsAre("server"));
  EXPECT_TRUE(verdict.heard);
  EXPECT_EQ(verdict.sentence,
            "The probe left client, was forwarded by router, was taken in at server.");
}

TEST(LiveVerdict, WhatEveryWireBringsIsNoReason) {
  const auto verdict = judge_live({{"client", rows(0, 0, 0)}},
                                  {{"client", rows(1, 0, 0, "other_mac", 50)}}, from_client());
  EXPECT_THAT(verdict.drops, IsEmpty());
  EXPECT_THAT(verdict.sentence, HasSubstr("No machine counted a drop."));
}

TEST(LiveVerdict, MachinesThatCannotBeAskedAreNamed) {
  const auto verdict =
      judge_live({{"client", rows(0, 0, 0)}, {"gone", rows(0, 0, 0)}},
                 {{"client", rows(1, 0, 0)}, {"kernel", Json::array()}, {"new", rows(0, 0, 9)}},
                 from_client());
  EXPECT_THAT(verdict.unseen, ElementsAre("kernel", "new", "gone"));
  EXPECT_THAT(verdict.delivered_at, IsEmpty());
  EXPECT_THAT(verdict.sentence, HasSubstr("but kernel, new and gone could not be asked"));
}

TEST(LiveVerdict, ACounterThatWentBackIsARestart) {
  const auto verdict = judge_live({{"client", rows(9, 0, 9, "no_route", 9)}},
                                  {{"client", rows(0, 0, 0, "no_route", 1)}}, from_client());
  EXPECT_FALSE(verdict.left);
  EXPECT_THAT(verdict.drops, IsEmpty());
}

TEST(LiveVerdict, RowsThatMakeNoSenseCountNothing) {
  const Json nonsense = Json::parse(R"([7, {"ifname": 3, "drops": {"a": 1}}, {"stack": [1]},
      {"ifname": "e", "drops": [{"reason": "\u001b[2J", "count": 5},
                                {"reason": "no_route", "count": -5}]}])");
  const auto verdict = judge_live({{"client", Json(7)}, {"router", rows(0, 0, 0)}},
                                  {{"client", Json()}, {"router", nonsense}}, from_client());
  EXPECT_THAT(verdict.drops, IsEmpty());
  EXPECT_EQ(to_json(verdict)["left"], false);
}

}  // namespace
}  // namespace smolstack::inspect
