#include "smolstack/base/ring.hpp"

#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

namespace smolstack {
namespace {

TEST(Ring, GivesBackInOrder) {
  Ring<int> ring(4);
  EXPECT_FALSE(ring.pop());
  EXPECT_TRUE(ring.push(1));
  EXPECT_TRUE(ring.push(2));
  EXPECT_EQ(ring.pop(), 1);
  EXPECT_TRUE(ring.push(3));
  EXPECT_EQ(ring.pop(), 2);
  EXPECT_EQ(ring.pop(), 3);
  EXPECT_FALSE(ring.pop());
}

TEST(Ring, RefusesWhatDoesNotFitAndLosesNothing) {
  Ring<int> ring(3);
  ASSERT_EQ(ring.capacity(), 4u);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(99));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.pop(), i);
    EXPECT_FALSE(ring.pop());
  }
}

TEST(Ring, HandsOverBetweenThreadsInOrder) {
  constexpr std::uint64_t count = 200'000;
  Ring<std::uint64_t> ring(64);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < count;)
      if (ring.push(i))
        ++i;
      else
        std::this_thread::yield();
  });
  std::uint64_t taken = 0;
  std::uint64_t in_order = 0;
  while (taken < count) {
    const auto value = ring.pop();
    if (!value) {
      std::this_thread::yield();
      continue;
    }
    in_order += *value == taken ? 1u : 0u;
    ++taken;
  }
  producer.join();
  EXPECT_EQ(in_order, count);
}

}  // namespace
}  // namespace smolstack
