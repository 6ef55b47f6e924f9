// What a table beside ours is told: every change of a neighbour, once.

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/neighbor/cache.hpp"
#include "smolstack/packet/pool.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using enum NeighborState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr MacAddress mac_of(std::uint8_t n) {
  return {{2, 0, 0, 0, 0, n}};
}
constexpr NeighborKey key(unsigned host) {
  return {IfIndex{1}, Ipv4Address(0x0a000000u + host)};
}

MATCHER_P2(Change, host, state, "is of the host, now in the state") {
  return arg.key == key(host) && arg.state == state;
}

class NeighborChanges : public testing::Test {
 protected:
  NeighborChanges() { cache.watch(true); }

  NeighborAction wants(unsigned host) { return cache.want(key(host), now).action; }
  void answers(unsigned host, std::uint8_t n = 1) {
    (void)cache.learn(key(host), mac_of(n), NeighborEvent::reply, false, now);
  }
  void heard(unsigned host, std::uint8_t n = 1) {
    (void)cache.learn(key(host), mac_of(n), NeighborEvent::heard, true, now);
  }
  bool removes(unsigned host) {
    PacketQueue waiting;
    return cache.remove(key(host), waiting);
  }
  std::vector<NeighborAction> pass(Duration time) {
    std::vector<NeighborAction> actions;
    for (const Instant end = now + time; now < end;) {
      now = std::min(end, now + 100ms);
      cache.advance(now, [&](const NeighborDuty& duty) {
        EXPECT_TRUE(duty.released.empty());
        actions.push_back(duty.action);
      });
    }
    return actions;
  }

  Random random{5};
  NeighborLimits limits{.entries = 8, .incomplete = 4, .waiting_each = 3, .waiting_all = 6};
  NeighborCache cache{random, limits, {}};
  Instant now{100s};
};

TEST_F(NeighborChanges, AWishWithoutAPacketIsAskedForOnce) {
  EXPECT_EQ(wants(1), NeighborAction::ask_everyone);
  EXPECT_EQ(wants(1), NeighborAction::none);
  EXPECT_EQ(cache.find(key(1))->state, incomplete);
}

TEST_F(NeighborChanges, AWishThatNobodyAnswersFailsAfterThreeRequests) {  // RFC 1122 §2.3.2.1
  wants(1);
  EXPECT_THAT(pass(3s), ElementsAre(NeighborAction::ask_everyone, NeighborAction::ask_everyone,
                                    NeighborAction::fail_waiting));
  EXPECT_EQ(cache.find(key(1))->state, failed);
  EXPECT_EQ(wants(1), NeighborAction::ask_everyone) << "a new wish asks again";
}

TEST_F(NeighborChanges, AWishForAStaleNeighbourUsesIt) {
  heard(1);
  EXPECT_EQ(wants(1), NeighborAction::none);
  EXPECT_EQ(cache.find(key(1))->state, delay);
}

TEST_F(NeighborChanges, WishesAreBoundedLikePackets) {
  for (unsigned host = 1; host <= 100; ++host) wants(host);
  EXPECT_LE(cache.size().level(), limits.incomplete);
}

TEST_F(NeighborChanges, EachStateIsTold) {
  wants(1);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, incomplete)));
  answers(1);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, reachable)));
  pass(46s);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, stale)));
}

TEST_F(NeighborChanges, FailureIsTold) {
  wants(1);
  pass(3s);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, failed)));
}

TEST_F(NeighborChanges, ManyOfOneNeighbourAreOne) {
  wants(1);
  answers(1);
  heard(1, 2);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, stale)));
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, ANewLinkAddressInTheSameStateIsTold) {
  heard(1, 1);
  cache.take_changes();
  heard(1, 2);
  const auto changes = cache.take_changes();
  ASSERT_THAT(changes, ElementsAre(Change(1u, stale)));
  EXPECT_EQ(changes[0].mac, mac_of(2));
}

TEST_F(NeighborChanges, WhatTheAdministratorChangesIsTold) {
  (void)cache.set(key(1), mac_of(1), permanent, now);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, permanent)));
  (void)cache.set(key(1), mac_of(2), permanent, now);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, permanent)));
  (void)cache.set(key(1), mac_of(2), permanent, now);
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, WhoBeginsToWatchIsToldOfAllThatIsThere) {
  for (unsigned host = 1; host <= 3; ++host) heard(host);
  cache.take_changes();
  EXPECT_TRUE(removes(1));
  heard(2, 7);
  cache.watch(true);
  const auto changes = cache.take_changes();
  EXPECT_THAT(changes, testing::UnorderedElementsAre(Change(2u, stale), Change(3u, stale)));
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, WhatStaysAsItIsIsNotTold) {
  heard(1);
  cache.take_changes();
  heard(1);
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, TheEndIsTold) {
  heard(1);
  cache.take_changes();
  EXPECT_TRUE(removes(1));
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, none)));
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, ForgettingAFailureIsTold) {
  wants(1);
  pass(3s);
  cache.take_changes();
  pass(31s);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, none)));
}

TEST_F(NeighborChanges, WhatCameAndWentIsNotTold) {
  heard(1);
  EXPECT_TRUE(removes(1));
  EXPECT_THAT(cache.take_changes(), IsEmpty());
}

TEST_F(NeighborChanges, WhatWentAndCameBackIsToldAsItIs) {
  heard(1);
  cache.take_changes();
  EXPECT_TRUE(removes(1));
  heard(1, 2);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, stale)));
}

TEST_F(NeighborChanges, APlaceTakenByAnotherIsToldAsBoth) {
  heard(1);
  cache.take_changes();
  EXPECT_TRUE(removes(1));
  heard(2);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, none), Change(2u, stale)));
}

TEST_F(NeighborChanges, AreBoundedByTheTable) {
  for (unsigned host = 1; host <= 1000; ++host) wants(host), heard(host + 5000);
  EXPECT_LE(cache.take_changes().size(), limits.entries);
  for (unsigned host = 1; host <= 1000; ++host) wants(host), heard(host + 5000);
  EXPECT_LE(cache.take_changes().size(), 2 * limits.entries) << "those that went, and the new ones";
}

TEST_F(NeighborChanges, WatchingBeginsWithAllThereIs) {
  cache.watch(false);
  heard(1);
  EXPECT_THAT(cache.take_changes(), IsEmpty()) << "nobody watches";
  cache.watch(true);
  EXPECT_THAT(cache.take_changes(), ElementsAre(Change(1u, stale)));
}

}  // namespace
}  // namespace smolstack
