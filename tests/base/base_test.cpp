#include <array>
#include <set>

#include <gtest/gtest.h>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/base/random.hpp"
#include "smolstack/base/token_bucket.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;

TEST(BigEndian, LiesOnTheWireMostSignificantByteFirst) {
  std::array<std::byte, 4> bytes{};
  header_at<Big32>(Bytes(bytes)) = 0x01020304u;
  EXPECT_EQ(bytes, (std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
  EXPECT_EQ(header_at<Big16>(Bytes(bytes).subspan(1)), 0x0203);  // any alignment
}

TEST(TokenBucket, LetsABurstThroughAndThenItsRate) {
  constexpr TokenRate rate{10, 3};
  TokenBucket bucket;
  Instant now{5s};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(rate, now));
  EXPECT_FALSE(bucket.take(rate, now));
  now += 99ms;
  EXPECT_FALSE(bucket.take(rate, now));
  now += 1ms;
  EXPECT_TRUE(bucket.take(rate, now));
  EXPECT_FALSE(bucket.take(rate, now));
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurstHoweverLongItRests) {
  constexpr TokenRate rate{1000, 50};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(rate, Instant{1s}));
  int taken = 0;
  while (bucket.take(rate, Instant{std::chrono::hours(24 * 365 * 100)})) ++taken;
  EXPECT_EQ(taken, 50);
}

TEST(TokenBucket, KeepsItsRateInTheLongRun) {
  constexpr TokenRate rate{10, 20};
  TokenBucket bucket;
  int taken = 0;
  for (Instant now{1s}; now < Instant{101s}; now += 7ms) taken += bucket.take(rate, now) ? 1 : 0;
  EXPECT_NEAR(taken, 10 * 100 + 20, 2);
}

TEST(TokenBucket, TakesTimeThatStandsStillOrRunsBackWithoutHarm) {
  constexpr TokenRate rate{1, 1};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(rate, Instant{10s}));
  EXPECT_FALSE(bucket.take(rate, Instant{3s}));
  EXPECT_FALSE(bucket.take(rate, Instant{10s}));
  EXPECT_TRUE(bucket.take(rate, Instant{11s}));
}

TEST(Random, StaysBelowItsBound) {
  Random random(7);
  for (const std::uint32_t bound : {1u, 2u, 3u, 1000u, ~0u})
    for (int i = 0; i < 1000; ++i) ASSERT_LT(random.below(bound), bound);
  EXPECT_EQ(random.below(0), 0u);
}

TEST(Random, RepeatsItselfFromTheSameSeedOnly) {
  Random a(1), b(1), c(2);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST(KeyedHash, DependsOnKeyOrderAndNumberOfWords) {
  Random one(1), other(2);
  const KeyedHash hash(one), different(other);
  EXPECT_EQ(hash(1u, 2u), hash(1u, 2u));
  EXPECT_NE(hash(1u, 2u), hash(2u, 1u));
  EXPECT_NE(hash(1u), hash(1u, 0u));
  EXPECT_NE(hash(1u, 2u), different(1u, 2u));
}

TEST(KeyedHash, SpreadsNeighbouringAddressesOverATable) {
  Random random(3);
  const KeyedHash hash(random);
  std::array<int, 64> buckets{};
  for (std::uint32_t host = 0; host < 6400; ++host) ++buckets[hash(0x0a000000u + host) % 64];
  for (const int count : buckets) EXPECT_NEAR(count, 100, 50);
}

}  // namespace
}  // namespace smolstack
