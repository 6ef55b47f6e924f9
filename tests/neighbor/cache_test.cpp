#include "smolstack/neighbor/cache.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/packet/pool.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using enum NeighborState;
using testing::ElementsAre;

constexpr MacAddress mac_of(std::uint8_t n) {
  return {{2, 0, 0, 0, 0, n}};
}

class NeighborCacheTest : public testing::Test {
 protected:
  NeighborKey key(unsigned host, unsigned interface = 1) {
    return {IfIndex(static_cast<std::uint16_t>(interface)), Ipv4Address(0x0a000000u + host)};
  }
  Packet packet(unsigned number) {
    Packet made = pool.allocate(1);
    made.append(1)[0] = static_cast<std::byte>(number);
    return made;
  }
  static std::vector<unsigned> numbers(PacketQueue queue) {
    std::vector<unsigned> all;
    while (const Packet p = queue.pop()) all.push_back(std::to_integer<unsigned>(p.bytes()[0]));
    return all;
  }
  NeighborAction waits(unsigned host, unsigned number = 0) {
    return cache.wait(key(host), packet(number), now).action;
  }
  NeighborDuty answers(unsigned host, std::uint8_t n = 1) {
    return cache.learn(key(host), mac_of(n), NeighborEvent::reply, false, now);
  }
  void asks_us(unsigned host, std::uint8_t n = 1) {
    (void)cache.learn(key(host), mac_of(n), NeighborEvent::heard, true, now);
  }
  std::vector<NeighborDuty> pass(Duration time) {
    std::vector<NeighborDuty> duties;
    for (const Instant end = now + time; now < end;) {
      now = std::min(end, now + 100ms);
      cache.advance(now, [&](NeighborDuty duty) { duties.push_back(std::move(duty)); });
    }
    return duties;
  }
  NeighborState state(unsigned host, unsigned interface = 1) {
    const auto view = cache.find(key(host, interface));
    return view ? view->state : none;
  }

  Random random{5};
  NeighborLimits limits{.entries = 8, .incomplete = 4, .waiting_each = 3, .waiting_all = 6};
  PacketPool pool{{.small = 512, .large = 0}};
  NeighborCache cache{random, limits, {}};
  Instant now{100s};
};

TEST_F(NeighborCacheTest, AsksForTheFirstPacketAndNotForTheNext) {  // RFC 1122 §2.3.2.1
  EXPECT_EQ(cache.resolve(key(1), now), nullptr);
  EXPECT_EQ(waits(1), NeighborAction::ask_everyone);
  EXPECT_EQ(waits(1), NeighborAction::none);
  EXPECT_EQ(state(1), incomplete);
}

TEST_F(NeighborCacheTest, ReleasesWhatWaitedInOrder) {  // RFC 1122 §2.3.2.2
  for (unsigned i = 1; i <= 3; ++i) waits(1, i);
  NeighborDuty duty = answers(1, 7);
  EXPECT_EQ(duty.action, NeighborAction::send_waiting);
  EXPECT_EQ(duty.mac, mac_of(7));
  EXPECT_THAT(numbers(std::move(duty.released)), ElementsAre(1, 2, 3));
  EXPECT_EQ(*cache.resolve(key(1), now), mac_of(7));
  EXPECT_EQ(cache.waiting().level(), 0u);
}

TEST_F(NeighborCacheTest, KeepsTheLatestWhenTheQueueIsFull) {  // RFC 1122 §2.3.2.2
  for (unsigned i = 1; i <= 3; ++i) waits(1, i);
  NeighborWait full = cache.wait(key(1), packet(4), now);
  EXPECT_EQ(full.reason, DropReason::neighbor_queue_full);
  EXPECT_THAT(numbers(std::move(full.dropped)), ElementsAre(1));
  EXPECT_EQ(cache.waiting().level(), 3u);
  EXPECT_THAT(numbers(answers(1).released), ElementsAre(2, 3, 4));
}

TEST_F(NeighborCacheTest, BoundsWhatWaitsOverAllNeighbours) {
  for (unsigned host = 11; host <= 12; ++host)
    for (unsigned i = 0; i < 3; ++i)
      EXPECT_TRUE(cache.wait(key(host), packet(i), now).dropped.empty());
  EXPECT_EQ(cache.waiting().level(), limits.waiting_all);
  for (unsigned i = 0; i < 3; ++i) waits(13, i);
  EXPECT_EQ(cache.waiting().level(), limits.waiting_all + 1) << "the third keeps its latest";
  EXPECT_LE(cache.waiting().highest(), limits.waiting_all + 2);
}

TEST_F(NeighborCacheTest, KeepsTheLatestOfEachHoweverManyWait) {  // RFC 1122 §2.3.2.2
  for (unsigned host = 1; host <= 3; ++host)
    for (unsigned i = 0; i < 3; ++i) waits(host, i);
  EXPECT_TRUE(cache.wait(key(4), packet(9), now).dropped.empty());
  EXPECT_THAT(numbers(answers(4).released), ElementsAre(9));
}

TEST_F(NeighborCacheTest, GivesUpAfterThreeRequestsASecondApart) {
  waits(1, 9);
  auto duties = pass(3s);
  ASSERT_EQ(duties.size(), 3u);
  EXPECT_EQ(duties[0].action, NeighborAction::ask_everyone);
  EXPECT_EQ(duties[1].action, NeighborAction::ask_everyone);
  EXPECT_EQ(duties[2].action, NeighborAction::fail_waiting);
  EXPECT_THAT(numbers(std::move(duties[2].released)), ElementsAre(9));
  EXPECT_EQ(state(1), failed);
}

TEST_F(NeighborCacheTest, ForgetsAFailureInTheEnd) {
  waits(1);
  EXPECT_EQ(pass(40s).size(), 3u) << "two more requests, and what waited";
  EXPECT_FALSE(cache.find(key(1)));
  EXPECT_EQ(cache.size().level(), 0u);
}

TEST_F(NeighborCacheTest, AsksAgainAtOnceWhenSomebodyTriesAgain) {
  waits(1);
  pass(3s);
  EXPECT_EQ(waits(1), NeighborAction::ask_everyone);
  EXPECT_EQ(pass(3s).size(), 3u) << "as often as the first time";
}

TEST_F(NeighborCacheTest, IsReachableForHalfToOneAndAHalfOfItsTime) {  // RFC 4861 §6.3.2
  waits(1);
  answers(1);
  pass(14s);
  EXPECT_EQ(state(1), reachable);
  pass(32s);
  EXPECT_EQ(state(1), stale);
}

TEST_F(NeighborCacheTest, NeighboursFallOutOfStep) {  // RFC 4861 §6.3.2
  NeighborCache many{random, {.entries = 500, .incomplete = 500}, {}};
  for (unsigned host = 1; host <= 500; ++host) {
    (void)many.want(key(host), now);
    (void)many.learn(key(host), mac_of(1), NeighborEvent::reply, false, now);
  }
  std::vector<unsigned> stale_after(61);
  for (unsigned second = 1; second <= 60; ++second) {
    now += 1s;
    many.advance(now, [](const NeighborDuty&) {});
    for (const auto& view : many.entries()) stale_after[second] += view.state == stale ? 1 : 0;
  }
  EXPECT_EQ(stale_after[14], 0u);
  EXPECT_EQ(stale_after[46], 500u);
  for (unsigned second = 17; second <= 46; second += 2)
    EXPECT_GT(stale_after[second], stale_after[second - 2]) << "some in every two seconds";
}

TEST_F(NeighborCacheTest, ReChecksAStaleNeighbourFiveSecondsAfterUse) {  // RFC 1122 §2.3.2.1
  asks_us(1, 4);
  EXPECT_EQ(state(1), stale);
  EXPECT_EQ(*cache.resolve(key(1), now), mac_of(4));
  EXPECT_EQ(state(1), delay);
  EXPECT_TRUE(pass(4900ms).empty());
  const auto duties = pass(200ms);
  ASSERT_EQ(duties.size(), 1u);
  EXPECT_EQ(duties[0].action, NeighborAction::ask_neighbor);
  EXPECT_EQ(duties[0].mac, mac_of(4));
  answers(1, 4);
  EXPECT_EQ(state(1), reachable);
}

TEST_F(NeighborCacheTest, NoticesThatANeighbourIsDead) {
  asks_us(1);
  cache.resolve(key(1), now);
  pass(9s);
  EXPECT_EQ(state(1), failed);
  EXPECT_EQ(cache.resolve(key(1), now), nullptr);
}

TEST_F(NeighborCacheTest, AnUnusedNeighbourIsNotAskedFor) {
  asks_us(1);
  EXPECT_TRUE(pass(10min).empty());
}

TEST_F(NeighborCacheTest, WhatIsOverheardMakesNoEntry) {  // RFC 826
  (void)cache.learn(key(1), mac_of(1), NeighborEvent::heard, false, now);
  answers(2);
  EXPECT_EQ(cache.size().level(), 0u);
}

TEST_F(NeighborCacheTest, WhatIsOverheardUpdatesAnEntry) {  // RFC 826: the merge step
  asks_us(1, 1);
  (void)cache.learn(key(1), mac_of(2), NeighborEvent::heard, false, now);
  EXPECT_EQ(cache.find(key(1))->mac, mac_of(2));
}

TEST_F(NeighborCacheTest, ANewAddressOfAReachableNeighbourIsNotConfirmedYet) {  // RFC 4861 §7.2.5
  waits(1);
  answers(1, 1);
  (void)cache.learn(key(1), mac_of(2), NeighborEvent::heard, false, now);
  EXPECT_EQ(cache.find(key(1))->mac, mac_of(2));
  EXPECT_EQ(state(1), stale);
}

TEST_F(NeighborCacheTest, ANewAddressIsNotAskedForBeforeItIsUsed) {  // RFC 4861 §7.2.5
  asks_us(1, 1);
  cache.resolve(key(1), now);
  (void)cache.learn(key(1), mac_of(2), NeighborEvent::heard, false, now);
  EXPECT_EQ(state(1), stale);
  EXPECT_TRUE(pass(1min).empty());
}

TEST_F(NeighborCacheTest, AnAnswerNobodyAskedForTakesNothingBackEither) {
  waits(1);
  answers(1, 1);
  answers(1, 1);
  EXPECT_EQ(state(1), reachable);
}

TEST_F(NeighborCacheTest, RemembersWhenItWasUsedUpdatedAndConfirmed) {
  const Instant first = now;
  waits(1);
  EXPECT_EQ(cache.find(key(1))->used, first);
  now += 10ms;
  answers(1, 1);
  EXPECT_EQ(cache.find(key(1))->updated, first + 10ms);
  EXPECT_EQ(cache.find(key(1))->confirmed, first + 10ms);
  now += 10ms;
  cache.resolve(key(1), now);
  EXPECT_EQ(cache.find(key(1))->used, first + 20ms);
  now += 10ms;
  (void)cache.learn(key(1), mac_of(1), NeighborEvent::heard, false, now);
  EXPECT_EQ(cache.find(key(1))->updated, first + 30ms);
  EXPECT_EQ(cache.find(key(1))->confirmed, first + 10ms) << "hearing is not being heard";
  now += 10ms;
  (void)cache.set(key(2), mac_of(2), reachable, now);
  EXPECT_EQ(cache.find(key(2))->updated, now);
  EXPECT_EQ(cache.find(key(2))->confirmed, now);
  (void)cache.set(key(3), mac_of(3), stale, now);
  EXPECT_EQ(cache.find(key(3))->confirmed, Instant());
}

TEST_F(NeighborCacheTest, WhereThereIsNoRoomThePacketComesBack) {
  for (unsigned host = 1; host <= limits.entries; ++host)
    (void)cache.set(key(host), mac_of(1), permanent, now);
  NeighborWait full = cache.wait(key(100), packet(7), now);
  EXPECT_EQ(full.action, NeighborAction::none);
  EXPECT_EQ(full.reason, DropReason::neighbor_table_full);
  EXPECT_THAT(numbers(std::move(full.dropped)), ElementsAre(7));
  EXPECT_EQ(cache.want(key(100), now).reason, DropReason::neighbor_table_full);
  EXPECT_EQ(cache.set(key(100), mac_of(1), permanent, now).action, NeighborAction::none);
  EXPECT_EQ(cache.waiting().level(), 0u);
  EXPECT_EQ(cache.size().level(), limits.entries);
}

TEST_F(NeighborCacheTest, WhoWasUsedLatelyGetsAnotherRound) {
  for (unsigned host = 1; host <= limits.entries; ++host) asks_us(host);
  for (unsigned host = 1; host <= limits.entries; ++host) {
    if (host == 6) continue;
    cache.resolve(key(host), now);
    answers(host);
  }
  pass(60s);
  for (unsigned host = 1; host <= limits.entries; ++host) ASSERT_EQ(state(host), stale);
  asks_us(100);
  EXPECT_EQ(state(6), none) << "the only one that nobody used";
  asks_us(101);
  EXPECT_EQ(cache.size().level(), limits.entries) << "the others' second chance is over";
  EXPECT_EQ(state(101), stale);
}

TEST_F(NeighborCacheTest, WhereAllWereUsedLatelyOneGoesAllTheSame) {
  for (unsigned host = 1; host <= limits.entries; ++host) {
    asks_us(host);
    cache.resolve(key(host), now);
    answers(host);
  }
  pass(60s);
  asks_us(100);
  EXPECT_EQ(state(100), stale);
  EXPECT_EQ(cache.size().level(), limits.entries);
}

TEST_F(NeighborCacheTest, TheClockComesByEverybody) {
  for (const unsigned size : {2u, 3u, 5u, 7u, 8u})
    for (unsigned free = 1; free <= size; ++free) {
      NeighborCache small{random, {.entries = size}, {}};
      for (unsigned host = 1; host <= size; ++host)
        (void)small.set(key(host), mac_of(1), host == free ? stale : permanent, now);
      (void)small.learn(key(100), mac_of(1), NeighborEvent::heard, true, now);
      EXPECT_TRUE(small.find(key(100))) << "in the place of " << free << " of " << size;
      EXPECT_FALSE(small.find(key(free)));
    }
}

TEST_F(NeighborCacheTest, WhoComesNewWasNotUsedYet) {
  for (unsigned host = 1; host <= limits.entries; ++host) {
    asks_us(host);
    cache.resolve(key(host), now);
    answers(host);
  }
  pass(60s);
  PacketQueue waiting;
  EXPECT_TRUE(cache.remove(key(4), waiting));
  asks_us(50);
  asks_us(60);
  EXPECT_EQ(state(50), none) << "whatever 4 was, in whose place it came";
}

TEST_F(NeighborCacheTest, AQuestionMayTakeThePlaceOfTheOldestQuestionOnly) {
  for (unsigned host = 1; host <= limits.entries - 2; ++host)
    (void)cache.set(key(host), mac_of(1), permanent, now);
  waits(11, 11);
  waits(12, 12);
  asks_us(13);
  EXPECT_EQ(state(13), none) << "what is only heard takes nobody's place";
  NeighborWait wait = cache.wait(key(14), packet(14), now);
  EXPECT_EQ(wait.action, NeighborAction::ask_everyone);
  EXPECT_THAT(numbers(std::move(wait.dropped)), ElementsAre(11));
  EXPECT_EQ(state(12), incomplete);
  EXPECT_EQ(state(14), incomplete);
  EXPECT_EQ(cache.size().level(), limits.entries);
}

TEST_F(NeighborCacheTest, AnAnswerNobodyAskedForConfirmsNothing) {
  asks_us(1, 1);
  answers(1, 1);
  EXPECT_EQ(state(1), stale);
}

TEST_F(NeighborCacheTest, KeepsInterfacesApart) {  // RFC 1812 §3.3.2
  asks_us(1);
  EXPECT_EQ(state(1, 2), none);
  EXPECT_EQ(cache.resolve(key(1, 2), now), nullptr);
}

TEST_F(NeighborCacheTest, FindsEachOfThousands) {
  NeighborCache large{random, {.entries = 4000}, {}};
  for (unsigned host = 1; host <= 4000; ++host)
    (void)large.learn(key(host), mac_of(static_cast<std::uint8_t>(host)), NeighborEvent::heard,
                      true, now);
  for (unsigned host = 1; host <= 4000; ++host) {
    const MacAddress* const mac = large.resolve(key(host), now);
    ASSERT_NE(mac, nullptr) << host;
    ASSERT_EQ(*mac, mac_of(static_cast<std::uint8_t>(host)));
  }
  for (unsigned host = 2; host <= 4000; host += 2) {
    PacketQueue waiting;
    ASSERT_TRUE(large.remove(key(host), waiting));
  }
  for (unsigned host = 1; host <= 4000; ++host)
    ASSERT_EQ(large.find(key(host)).has_value(), host % 2 == 1) << host;
  EXPECT_EQ(large.entries().size(), 2000u);
}

TEST_F(NeighborCacheTest, BoundsItsEntriesForEachInterface) {
  for (unsigned host = 1; host <= 100; ++host) asks_us(host);
  EXPECT_EQ(cache.size().level(), limits.entries);
  EXPECT_EQ(cache.size().highest(), limits.entries);
  (void)cache.learn(key(1, 2), mac_of(1), NeighborEvent::heard, true, now);
  EXPECT_EQ(state(1, 2), stale) << "another interface has room of its own";
}

TEST_F(NeighborCacheTest, CountsOnEachInterfaceItsOwn) {
  for (unsigned host = 1; host <= 100; ++host)
    for (const unsigned interface : {3u, 1u, 2u})
      (void)cache.learn(key(host, interface), mac_of(1), NeighborEvent::heard, true, now);
  EXPECT_EQ(cache.size().level(), 3 * limits.entries);
  for (const unsigned interface : {1u, 2u, 3u}) {
    EXPECT_TRUE(cache.remove_all(IfIndex(static_cast<std::uint16_t>(interface))).empty());
    EXPECT_EQ(cache.size().level(), (3 - interface) * limits.entries);
  }
}

TEST_F(NeighborCacheTest, NeverEvictsPermanentOrReachableNeighbours) {
  (void)cache.set(key(1), mac_of(1), permanent, now);
  waits(2);
  answers(2, 2);
  for (unsigned host = 10; host < 200; ++host) {
    asks_us(host);
    waits(host + 1000);
  }
  EXPECT_EQ(state(1), permanent);
  EXPECT_EQ(state(2), reachable);
  EXPECT_LE(cache.size().highest(), limits.entries);
}

TEST_F(NeighborCacheTest, BoundsTheUnresolved) {
  for (unsigned host = 1; host <= 100; ++host) waits(host);
  unsigned count = 0;
  for (const auto& view : cache.entries()) count += view.state == incomplete ? 1 : 0;
  EXPECT_LE(count, limits.incomplete);
  EXPECT_EQ(cache.waiting().level(), count);
}

TEST_F(NeighborCacheTest, ServesAnHonestNeighbourDuringASweep) {
  for (unsigned host = 1; host <= 100; ++host) waits(host);
  now += 1ms;
  EXPECT_EQ(waits(500, 7), NeighborAction::ask_everyone);
  EXPECT_THAT(numbers(answers(500).released), ElementsAre(7));
}

TEST_F(NeighborCacheTest, GivesBackWhatWaitedForAnEvictedNeighbour) {
  for (unsigned host = 1; host <= 4; ++host) waits(host, host), now += 1ms;
  NeighborWait fifth = cache.wait(key(5), packet(5), now);
  EXPECT_EQ(fifth.reason, DropReason::neighbor_table_full);
  EXPECT_THAT(numbers(std::move(fifth.dropped)), ElementsAre(1)) << "who waited longest";
}

TEST_F(NeighborCacheTest, GivesUpTheOldestQuestionWhateverCameBetween) {
  std::vector<unsigned> asked;
  for (unsigned host = 1; host <= 3000; ++host) {
    NeighborWait wait = cache.wait(key(host), packet(host % 256), now);
    asked.push_back(host);
    if (asked.size() > limits.incomplete) {
      ASSERT_THAT(numbers(std::move(wait.dropped)), ElementsAre(asked.front() % 256));
      asked.erase(asked.begin());
    }
    ASSERT_TRUE(wait.dropped.empty());
    if (random.below(3) != 0) continue;
    const auto at = asked.begin() + random.below(static_cast<std::uint32_t>(asked.size()));
    if (random.below(2) == 0) {
      ASSERT_THAT(numbers(answers(*at).released), ElementsAre(*at % 256));
    }
    PacketQueue waiting;
    ASSERT_TRUE(cache.remove(key(*at), waiting));
    asked.erase(at);
  }
  EXPECT_EQ(cache.size().level(), asked.size());
}

TEST_F(NeighborCacheTest, APermanentNeighbourIsNotMovedByArp) {
  (void)cache.set(key(1), mac_of(1), permanent, now);
  asks_us(1, 2);
  answers(1, 2);
  EXPECT_EQ(*cache.resolve(key(1), now), mac_of(1));
  EXPECT_TRUE(pass(10min).empty());
}

TEST_F(NeighborCacheTest, TheAdministratorReleasesWhatWaits) {
  waits(1, 3);
  NeighborDuty duty = cache.set(key(1), mac_of(9), permanent, now);
  EXPECT_EQ(duty.action, NeighborAction::send_waiting);
  EXPECT_THAT(numbers(std::move(duty.released)), ElementsAre(3));
}

TEST_F(NeighborCacheTest, WhatTheAdministratorSaysLastsAsLongAsItsState) {
  (void)cache.set(key(1), mac_of(1), reachable, now);
  (void)cache.set(key(2), mac_of(2), stale, now);
  (void)cache.set(key(3), mac_of(3), permanent, now);
  pass(14s);
  EXPECT_EQ(state(1), reachable);
  pass(32s);
  EXPECT_EQ(state(1), stale);
  EXPECT_EQ(state(2), stale);
  EXPECT_EQ(state(3), permanent);
  (void)cache.set(key(2), mac_of(2), stale, now);
  EXPECT_EQ(cache.next_deadline(), std::nullopt);
}

TEST_F(NeighborCacheTest, RemovingGivesBackWhatWaits) {
  waits(1, 3);
  PacketQueue waiting;
  EXPECT_TRUE(cache.remove(key(1), waiting));
  EXPECT_THAT(numbers(std::move(waiting)), ElementsAre(3));
  EXPECT_FALSE(cache.remove(key(1), waiting));
  EXPECT_TRUE(pass(1min).empty());
  EXPECT_EQ(cache.next_deadline(), std::nullopt);
}

TEST_F(NeighborCacheTest, ShowsItsEntriesInOrder) {
  for (const unsigned host : {3u, 1u, 2u}) asks_us(host);
  std::vector<NeighborKey> keys;
  for (const auto& view : cache.entries()) keys.push_back(view.key);
  EXPECT_THAT(keys, ElementsAre(key(1), key(2), key(3)));
}

}  // namespace
}  // namespace smolstack
