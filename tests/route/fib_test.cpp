#include "smolstack/route/fib.hpp"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "route/range_fib.hpp"
#include "smolstack/base/random.hpp"

namespace smolstack {
namespace {

Ipv4Address ip(std::string_view text) {
  return parse_ipv4_address(text).value();
}

Ipv4Prefix net(std::string_view text) {
  return parse_ipv4_prefix(text).value();
}

/// A hop that is known by a number.
Ipv4Hop by(std::uint32_t mark) {
  return {.interface = IfIndex{2}, .gateway = Ipv4Address(mark)};
}

std::optional<std::uint32_t> mark_of(const Ipv4Hop* hop) {
  return hop == nullptr ? std::nullopt : std::optional(hop->gateway.host());
}

std::optional<std::uint32_t> marked(const Ipv4Fib& fib, std::string_view destination) {
  return mark_of(fib.lookup(ip(destination)));
}

TEST(Fib, WithoutRoutesFindsNone) {
  const Ipv4Fib fib;
  EXPECT_EQ(fib.lookup(ip("0.0.0.0")), nullptr);
  EXPECT_EQ(fib.lookup(ip("10.1.2.3")), nullptr);
  EXPECT_EQ(fib.lookup(ip("255.255.255.255")), nullptr);
  EXPECT_EQ(fib.size(), 0u);
}

TEST(Fib, PrefersTheLongestPrefix) {  // RFC 1812 §5.2.4.3
  Ipv4Fib fib;
  for (const auto& [prefix, mark] :
       {std::pair("default", 1u), std::pair("10.0.0.0/8", 8u), std::pair("10.1.0.0/16", 16u),
        std::pair("10.1.1.0/24", 24u), std::pair("10.1.1.7", 32u)})
    fib.set(net(prefix), by(mark));
  EXPECT_EQ(marked(fib, "10.1.1.7"), 32u);
  EXPECT_EQ(marked(fib, "10.1.1.6"), 24u);
  EXPECT_EQ(marked(fib, "10.1.1.8"), 24u);
  EXPECT_EQ(marked(fib, "10.1.2.1"), 16u);
  EXPECT_EQ(marked(fib, "10.2.0.0"), 8u);
  EXPECT_EQ(marked(fib, "9.255.255.255"), 1u);
  EXPECT_EQ(marked(fib, "11.0.0.0"), 1u);
  EXPECT_EQ(fib.size(), 5u);
}

TEST(Fib, ReachesFromTheFirstAddressToTheLast) {
  Ipv4Fib fib;
  fib.set(net("0.0.0.0/1"), by(1));
  fib.set(net("128.0.0.0/1"), by(2));
  fib.set(net("255.255.255.255"), by(3));
  fib.set(net("0.0.0.0/32"), by(4));
  EXPECT_EQ(marked(fib, "0.0.0.0"), 4u);
  EXPECT_EQ(marked(fib, "0.0.0.1"), 1u);
  EXPECT_EQ(marked(fib, "127.255.255.255"), 1u);
  EXPECT_EQ(marked(fib, "128.0.0.0"), 2u);
  EXPECT_EQ(marked(fib, "255.255.255.254"), 2u);
  EXPECT_EQ(marked(fib, "255.255.255.255"), 3u);
}

TEST(Fib, SettingAPrefixAgainReplacesIt) {
  Ipv4Fib fib;
  fib.set(net("10.0.0.0/8"), by(1));
  fib.set(net("10.0.0.0/8"), by(2));
  EXPECT_EQ(marked(fib, "10.1.1.1"), 2u);
  EXPECT_EQ(fib.size(), 1u);
  EXPECT_EQ(fib.hops(), 1u);
}

TEST(Fib, WhatIsRemovedUncoversWhatLiesBelow) {
  Ipv4Fib fib;
  fib.set(net("default"), by(1));
  fib.set(net("10.0.0.0/8"), by(8));
  fib.set(net("10.1.1.0/24"), by(24));
  fib.set(net("10.1.1.7"), by(32));
  EXPECT_TRUE(fib.remove(net("10.1.1.0/24")));
  EXPECT_EQ(marked(fib, "10.1.1.6"), 8u);
  EXPECT_EQ(marked(fib, "10.1.1.7"), 32u);
  EXPECT_TRUE(fib.remove(net("10.0.0.0/8")));
  EXPECT_EQ(marked(fib, "10.1.1.6"), 1u);
  EXPECT_EQ(marked(fib, "10.1.1.7"), 32u);
  EXPECT_TRUE(fib.remove(net("default")));
  EXPECT_TRUE(fib.remove(net("10.1.1.7")));
  EXPECT_EQ(fib.lookup(ip("10.1.1.7")), nullptr);
  EXPECT_EQ(fib.size(), 0u);
  EXPECT_EQ(fib.hops(), 0u);
}

TEST(Fib, RemovesNothingThatIsNotThere) {
  Ipv4Fib fib;
  EXPECT_FALSE(fib.remove(net("default")));
  EXPECT_FALSE(fib.remove(net("10.1.0.0/16")));
  EXPECT_FALSE(fib.remove(net("10.1.1.0/24")));
  EXPECT_FALSE(fib.remove(net("10.1.1.7")));
  fib.set(net("10.1.1.8"), by(1));
  EXPECT_FALSE(fib.remove(net("10.1.1.7")));
  EXPECT_FALSE(fib.remove(net("10.1.1.0/24")));
  EXPECT_EQ(fib.size(), 1u);
}

TEST(Fib, SharesEqualHops) {
  Ipv4Fib fib;
  for (std::uint32_t i = 0; i < 1000; ++i)
    fib.set(Ipv4Prefix::of(Ipv4Address(0x0a000000u + (i << 8)), 24), by(i % 3 + 1));
  EXPECT_EQ(fib.hops(), 3u);
}

TEST(Fib, TellsApartAllThatAHopSays) {
  const Ipv4Hop one{.kind = RouteKind::unicast,
                    .interface = IfIndex{2},
                    .gateway = Ipv4Address(10, 0, 0, 1),
                    .preferred_source = Ipv4Address(10, 0, 0, 2)};
  std::vector<Ipv4Hop> hops(5, one);
  hops[1].kind = RouteKind::local;
  hops[2].interface = IfIndex{3};
  hops[3].gateway = Ipv4Address(10, 0, 0, 3);
  hops[4].preferred_source = Ipv4Address(10, 0, 0, 4);
  Ipv4Fib fib;
  for (std::uint32_t i = 0; i < hops.size(); ++i)
    fib.set(Ipv4Prefix::of(Ipv4Address(i << 24), 8), hops[i]);
  for (std::uint32_t i = 0; i < hops.size(); ++i)
    EXPECT_EQ(*fib.lookup(Ipv4Address(i << 24 | 5)), hops[i]);
}

TEST(Fib, HasNoLimitOfHops) {
  Ipv4Fib fib;
  for (std::uint32_t i = 1; i <= 100'000; ++i)
    fib.set(Ipv4Prefix::of(Ipv4Address(0x0a000000u + i * 256), 24), by(i));
  EXPECT_EQ(fib.hops(), 100'000u);
  for (std::uint32_t i = 1; i <= 100'000; i += 977)
    EXPECT_EQ(mark_of(fib.lookup(Ipv4Address(0x0a000000u + i * 256 + 200))), i);
  EXPECT_EQ(fib.lookup(Ipv4Address(0x0a000000u + 100'001u * 256)), nullptr);
}

TEST(Fib, FindsManyAtOnce) {
  Ipv4Fib fib;
  fib.set(net("10.0.0.0/8"), by(1));
  fib.set(net("10.1.2.0/24"), by(2));
  fib.set(net("10.1.2.128/25"), by(3));
  Random random(5);
  std::vector<Ipv4Address> destinations;
  for (int i = 0; i < 1000; ++i)
    destinations.emplace_back(0x0a010000u | random.below(random.below(2) == 0 ? 1024 : 1u << 30));
  std::vector<HopId> found(destinations.size());
  for (const std::size_t count : {0u, 1u, 7u, 64u, 1000u}) {
    std::ranges::fill(found, HopId::none);
    fib.find(std::span(destinations).first(count), std::span(found).first(count));
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(fib.hop(found[i]), fib.lookup(destinations[i])) << i << " of " << count;
  }
}

// --- Against the oracle ------------------------------------------------------------------------

/// Prefixes that lie in and beside one another: few different bits at the top and in the middle.
Ipv4Prefix random_prefix(Random& random, unsigned shortest) {
  const std::uint32_t high = random.below(3) * 0x55000000u;
  const std::uint32_t low = random.below(2) == 0 ? random.below(0x400) : random.below(0x30000);
  return Ipv4Prefix::of(Ipv4Address(high ^ low), shortest + random.below(33 - shortest));
}

struct Both {
  Ipv4Fib fib{};
  RangeFib::Routes routes{};

  void set(const Ipv4Prefix& prefix, std::uint32_t mark) {
    fib.set(prefix, by(mark));
    routes[prefix] = by(mark);
  }
  void change(Random& random, unsigned shortest) {
    const bool is_removal = random.below(5) < 2 && !routes.empty();
    if (!is_removal) return set(random_prefix(random, shortest), 1 + random.below(40));
    Ipv4Prefix prefix = random_prefix(random, shortest);
    if (const auto at = routes.lower_bound(prefix); at != routes.end()) prefix = at->first;
    ASSERT_EQ(fib.remove(prefix), routes.erase(prefix) == 1) << to_string(prefix);
  }
};

/// Where answers change, on both sides of each edge, and anywhere.
std::vector<Ipv4Address> interesting(const RangeFib::Routes& routes, Random& random) {
  std::vector<Ipv4Address> addresses{ip("0.0.0.0"), ip("255.255.255.255")};
  for (const auto& [prefix, hop] : routes)
    for (const std::uint32_t edge : {prefix.network.host(), prefix.last().host()})
      for (const std::uint32_t step : {0u, 1u, ~0u}) addresses.emplace_back(edge + step);
  for (int i = 0; i < 200; ++i) addresses.emplace_back(static_cast<std::uint32_t>(random.next()));
  return addresses;
}

void expect_agreement(const Both& both, Random& random) {
  const RangeFib oracle(both.routes);
  const auto addresses = interesting(both.routes, random);
  std::vector<HopId> found(addresses.size());
  both.fib.find(addresses, found);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto expected = mark_of(oracle.lookup(addresses[i]));
    ASSERT_EQ(mark_of(both.fib.lookup(addresses[i])), expected) << to_string(addresses[i]);
    ASSERT_EQ(mark_of(both.fib.hop(found[i])), expected) << to_string(addresses[i]);
  }
  ASSERT_EQ(both.fib.size(), both.routes.size());
}

TEST(Fib, AgreesWithTheOracleAfterEveryChange) {
  Random random(11);
  for (int round = 0; round < 10; ++round) {
    Both both;
    for (int change = 0; change < 150; ++change) {
      both.change(random, 0);
      expect_agreement(both, random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Fib, AgreesWithTheOracleWhenItIsFull) {
  Random random(12);
  for (const unsigned shortest : {0u, 14u, 22u}) {
    Both both;
    for (int step = 0; step < 20; ++step) {
      for (int change = 0; change < 2000; ++change) both.change(random, shortest);
      expect_agreement(both, random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Fib, IsEmptyWhenAllIsRemoved) {
  Random random(13);
  Both both;
  for (int change = 0; change < 5000; ++change) both.change(random, 0);
  const std::size_t full = both.fib.memory();
  for (const auto& [prefix, hop] : both.routes) ASSERT_TRUE(both.fib.remove(prefix));
  const auto routes = std::exchange(both.routes, {});
  expect_agreement(both, random);
  EXPECT_EQ(both.fib.hops(), 0u);
  // And what it gave back is used again.
  for (const auto& [prefix, hop] : routes) both.fib.set(prefix, hop);
  both.routes = routes;
  expect_agreement(both, random);
  EXPECT_LE(both.fib.memory(), full + full / 4);
}

TEST(Fib, ChurnDoesNotGrowIt) {
  Random random(14);
  Ipv4Fib fib;
  const auto churn = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const Ipv4Prefix prefix = random_prefix(random, 12);
      if (random.below(2) == 0)
        fib.set(prefix, by(1 + random.below(1000)));
      else
        fib.remove(prefix);
    }
  };
  churn();
  const std::size_t before = fib.memory();
  for (int round = 0; round < 5; ++round) churn();
  EXPECT_LE(fib.memory(), before + before / 4);
}

// --- Beside readers ----------------------------------------------------------------------------

TEST(Fib, AReaderKeepsWhatItHoldsUntilItIsQuiescent) {
  Ipv4Fib fib;
  Ipv4Fib::Reader reader(fib);
  fib.set(net("10.1.1.0/24"), by(1));
  const Ipv4Hop* const held = fib.lookup(ip("10.1.1.1"));
  fib.remove(net("10.1.1.0/24"));
  for (std::uint32_t mark = 2; mark < 50; ++mark) fib.set(net("10.1.1.0/24"), by(mark));
  EXPECT_EQ(mark_of(held), 1u);

  const std::size_t before = fib.memory();
  reader.quiescent();
  for (std::uint32_t mark = 2; mark < 50; ++mark) {
    fib.set(net("10.1.1.0/24"), by(mark));
    reader.quiescent();
  }
  EXPECT_LE(fib.memory(), before);
}

TEST(Fib, ASleepingReaderHoldsNothingUp) {
  Ipv4Fib fib;
  Ipv4Fib::Reader reader(fib);
  reader.offline();
  fib.set(net("10.1.1.0/24"), by(1));
  const std::size_t before = fib.memory();
  for (std::uint32_t mark = 2; mark < 500; ++mark) fib.set(net("10.1.1.0/24"), by(mark));
  EXPECT_LE(fib.memory(), before + 1024);
  reader.online();
  EXPECT_EQ(marked(fib, "10.1.1.1"), 499u);
}

TEST(Fib, AnswersRightWhileItChanges) {
  // Each destination has two hops by turns, and never anything else.
  Ipv4Fib fib;
  constexpr std::uint32_t nets = 64;
  const auto prefix = [](std::uint32_t i, unsigned length) {
    return Ipv4Prefix::of(Ipv4Address(0x0a000000u + i * 0x00a0c100u), length);
  };
  for (std::uint32_t i = 0; i < nets; ++i) fib.set(prefix(i, 16), by(2 * i + 1));

  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> wrong{0}, looked_up{0};
  const auto read = [&](bool sleeps) {
    Ipv4Fib::Reader reader(fib);
    std::uint64_t count = 0;
    while (!done.load()) {
      for (std::uint32_t i = 0; i < nets; ++i, ++count) {
        const auto mark = mark_of(fib.lookup(prefix(i, 32).network));
        if (mark != 2 * i + 1 && mark != 2 * i + 2) ++wrong;
      }
      if (sleeps) {
        reader.offline();
        reader.online();
      } else {
        reader.quiescent();
      }
    }
    looked_up += count;
  };
  std::thread awake(read, false), sleepy(read, true);
  Random random(15);
  for (int change = 0; change < 20'000; ++change) {
    const std::uint32_t i = random.below(nets);
    const Ipv4Prefix longer = prefix(i, 17 + random.below(16));
    if (random.below(2) == 0)
      fib.set(longer, by(2 * i + 1 + random.below(2)));
    else
      fib.remove(longer);
  }
  done = true;
  awake.join();
  sleepy.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(looked_up, 0u);
}

}  // namespace
}  // namespace smolstack
