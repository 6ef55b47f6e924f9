#include "smolstack/measure/internet_table.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

namespace smolstack::measure {
namespace {

TEST(InternetTable, HasDifferentPrefixesOfTheInternetsLengths) {
  Random random(1);
  const auto prefixes = internet_prefixes(20'000, random);
  EXPECT_EQ(std::set(prefixes.begin(), prefixes.end()).size(), 20'000u);
  const auto of_length_24 = std::ranges::count(prefixes, 24, &Ipv4Prefix::length);
  EXPECT_NEAR(static_cast<double>(of_length_24), 12'000, 600);
  EXPECT_GT(std::ranges::count(prefixes, 32, &Ipv4Prefix::length), 0);
}

TEST(InternetTable, LiesWhereHostsMayBe) {
  Random random(2);
  for (const Ipv4Prefix& prefix : internet_prefixes(5000, random)) {
    EXPECT_FALSE(prefix.network.is_loopback()) << to_string(prefix);
    EXPECT_FALSE(prefix.network.is_this_network()) << to_string(prefix);
    EXPECT_LT(prefix.network.host() >> 24, 224u) << to_string(prefix);
    EXPECT_EQ(Ipv4Prefix::of(prefix.network, prefix.length), prefix);
  }
}

TEST(InternetTable, IsTheSameForTheSameSeed) {
  Random one(3);
  Random other(3);
  EXPECT_EQ(internet_prefixes(1000, one), internet_prefixes(1000, other));
}

TEST(InternetTable, DestinationsLieInside) {
  Random random(4);
  const auto prefixes = internet_prefixes(100, random);
  for (const Ipv4Address destination : destinations_inside(prefixes, 1000, random))
    EXPECT_TRUE(std::ranges::any_of(
        prefixes, [&](const Ipv4Prefix& prefix) { return prefix.contains(destination); }));
}

}  // namespace
}  // namespace smolstack::measure
