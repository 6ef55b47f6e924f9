#include "smolstack/neighbor/adjacency.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace smolstack {
namespace {

using namespace std::chrono_literals;

constexpr MacAddress alice{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress bob{{2, 0, 0, 0, 0, 2}};

class AdjacenciesTest : public testing::Test {
 protected:
  static NeighborKey key(std::uint32_t host, std::uint16_t interface = 2) {
    return {IfIndex{interface}, Ipv4Address(0x0a000000u + host)};
  }
  std::optional<MacAddress> find(const NeighborKey& who, Instant now = Instant(1s)) const {
    MacAddress found;
    if (!adjacencies.find(who, now, found)) return std::nullopt;
    return found;
  }

  Random random{1};
  Adjacencies adjacencies{random};
};

TEST_F(AdjacenciesTest, KnowsWhomItWasTold) {
  adjacencies.publish(key(1), alice);
  EXPECT_EQ(find(key(1)), alice);
  EXPECT_FALSE(find(key(2)));
  EXPECT_FALSE(find(key(1, 3))) << "the same address on another link is somebody else";
}

TEST_F(AdjacenciesTest, WritesNothingForAStranger) {
  MacAddress header = bob;
  EXPECT_FALSE(adjacencies.find(key(1), Instant(1s), header));
  EXPECT_EQ(header, bob);
}

TEST_F(AdjacenciesTest, FollowsChangesOfTheLinkAddress) {
  adjacencies.publish(key(1), alice);
  adjacencies.publish(key(1), bob);
  EXPECT_EQ(find(key(1)), bob);
}

TEST_F(AdjacenciesTest, ForgetsWhomItIsToldToForget) {
  adjacencies.publish(key(1), alice);
  adjacencies.publish(key(2), bob);
  adjacencies.withdraw(key(1));
  adjacencies.withdraw(key(3));  // never heard of
  EXPECT_FALSE(find(key(1)));
  EXPECT_EQ(find(key(2)), bob);
}

TEST_F(AdjacenciesTest, RemembersTheLastUse) {
  adjacencies.publish(key(1), alice);
  EXPECT_FALSE(adjacencies.last_used(key(1)));
  find(key(1), Instant(5s));
  find(key(1), Instant(7s));
  EXPECT_EQ(adjacencies.last_used(key(1)), Instant(7s));
  adjacencies.withdraw(key(1));
  EXPECT_FALSE(adjacencies.last_used(key(1)));
  adjacencies.publish(key(1), alice);
  EXPECT_FALSE(adjacencies.last_used(key(1))) << "that was another life";
}

// Many more than there is room for: some are not found, and nobody is taken for another.
TEST_F(AdjacenciesTest, WithoutRoomSomeAreNotFoundAndNoneIsMistaken) {
  constexpr std::uint32_t many = 4 * Adjacencies::slots;
  const auto mac_of = [](std::uint32_t n) {
    return MacAddress{{2, 0, 0, static_cast<std::uint8_t>(n >> 16),
                       static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}};
  };
  for (std::uint32_t n = 0; n < many; ++n) adjacencies.publish(key(n), mac_of(n));
  std::size_t found = 0;
  for (std::uint32_t n = 0; n < many; ++n) {
    const auto mac = find(key(n));
    found += mac ? 1u : 0u;
    EXPECT_EQ(mac.value_or(mac_of(n)), mac_of(n));
  }
  EXPECT_GT(found, Adjacencies::slots * 9 / 10);
  EXPECT_LE(found, Adjacencies::slots);
}

}  // namespace
}  // namespace smolstack
