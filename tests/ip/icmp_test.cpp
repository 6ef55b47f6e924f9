#include "smolstack/ip/icmp.hpp"

#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "ip/packets.hpp"
#include "smolstack/ip/identification.hpp"

namespace smolstack::test {
namespace {

using namespace std::chrono_literals;

class IcmpErrors : public testing::Test {
 protected:
  PacketPool pool{{.small = 8, .large = 2}};
};

TEST_F(IcmpErrors, QuoteWhatFits) {  // RFC 1812 §4.3.2.3
  for (const std::size_t size : {0u, 1u, 8u, 528u, 529u, 5000u}) {
    const Packet offending = datagram(pool, {}, pattern(size));
    const Packet error = make_icmp_error(pool, offending, icmp::ttl_exceeded);
    EXPECT_EQ(error.size(), 8 + std::min<std::size_t>(20 + size, 576 - 28)) << size;
    EXPECT_EQ(internet_checksum(error.bytes()), 0) << size;
    EXPECT_TRUE(
        std::ranges::equal(error.bytes().subspan(8), offending.bytes().first(error.size() - 8)));
  }
}

TEST_F(IcmpErrors, SayWhatTheyMean) {
  const Packet offending = datagram(pool, {}, pattern(8));
  const auto header = [&](const IcmpMessage& message) {
    return make_icmp_error(pool, offending, message).header<wire::Icmpv4Header>();
  };
  EXPECT_EQ(header(icmp::fragmentation_needed(1400)).next_hop_mtu(), 1400);
  EXPECT_EQ(header(icmp::parameter_problem(21)).rest, 21u << 24);
  EXPECT_EQ(header(icmp::redirect_host({10, 0, 1, 2})).gateway(), Ipv4Address(10, 0, 1, 2));
}

TEST_F(IcmpErrors, AreOwedForSomePacketsOnly) {  // RFC 1122 §3.2.2
  EXPECT_TRUE(may_be_answered_with_error(datagram(pool, {}, pattern(8))));
  EXPECT_TRUE(may_be_answered_with_error(datagram(pool, {.more = true}, pattern(8))));
  EXPECT_FALSE(may_be_answered_with_error(datagram(pool, {.offset = 8}, pattern(8))));
  EXPECT_FALSE(
      may_be_answered_with_error(datagram(pool, {.destination = {224, 0, 0, 1}}, pattern(8))));
  Packet broadcast = datagram(pool, {}, pattern(8));
  broadcast->link_broadcast = true;
  EXPECT_FALSE(may_be_answered_with_error(broadcast));
}

TEST_F(IcmpErrors, AreOwedForQueriesAndNotForErrors) {  // RFC 1122 §3.2.2
  for (unsigned type = 0; type <= 255; ++type) {
    std::vector<std::byte> message(8);
    message[0] = static_cast<std::byte>(type);
    const bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    EXPECT_EQ(may_be_answered_with_error(datagram(pool, {.protocol = 1}, message)), !is_error)
        << type;
  }
}

TEST(IcmpLimits, LetABurstThroughAndThenTenASecond) {  // RFC 1812 §4.3.2.8
  Random random(1);
  IcmpLimiter limiter(random);
  const Settings settings;
  int allowed = 0;
  for (int i = 0; i < 1000; ++i)
    allowed += limiter.allow_error(settings, {10, 0, 1, 9}, Instant{100s}) ? 1 : 0;
  EXPECT_EQ(allowed, 32);
  for (int i = 0; i < 1000; ++i)
    allowed += limiter.allow_error(settings, {10, 0, 1, 9}, Instant{110s}) ? 1 : 0;
  EXPECT_EQ(allowed, 64);
}

TEST(IcmpLimits, OneFloodLeavesTheOthersTheirShare) {
  Random random(1);
  IcmpLimiter limiter(random);
  const Settings settings;
  for (int i = 0; i < 100'000; ++i)
    (void)limiter.allow_error(settings, {10, 0, 1, 9}, Instant{100s});
  EXPECT_TRUE(limiter.allow_error(settings, {10, 0, 1, 8}, Instant{100s}));
}

TEST(IcmpLimits, BoundTheWhole) {
  Random random(1);
  IcmpLimiter limiter(random);
  const Settings settings;
  int allowed = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i)
    allowed += limiter.allow_error(settings, Ipv4Address(0x0a000000u + i), Instant{100s}) ? 1 : 0;
  EXPECT_LE(allowed, 50);
  EXPECT_GE(allowed, 40);
}

/// How many of many errors to as many hosts, all at once, a limiter lets through.
unsigned allowed_at_once(std::uint64_t seed, const Settings& settings) {
  Random random(seed);
  IcmpLimiter limiter(random);
  unsigned allowed = 0;
  for (std::uint32_t i = 0; i < 100; ++i)
    allowed += limiter.allow_error(settings, Ipv4Address(0x0a000000u + i), Instant{100s}) ? 1u : 0u;
  return allowed;
}

TEST(IcmpLimits, OfAllAreBlurredSoThatNobodyCanCountThem) {  // RFC 6056 §1
  std::set<unsigned> seen;
  for (std::uint64_t seed = 0; seed < 64; ++seed) seen.insert(allowed_at_once(seed, {}));
  EXPECT_EQ(seen, (std::set<unsigned>{47, 48, 49, 50}));
}

TEST(IcmpLimits, HoweverLowAllowOne) {
  Settings settings;
  settings.icmp_errors = {1, 1};
  for (std::uint64_t seed = 0; seed < 64; ++seed) EXPECT_EQ(allowed_at_once(seed, settings), 1u);
}

TEST(Identifications, OfEachPairAndProtocolBeginElsewhere) {  // RFC 6864 §4.3; RFC 7739
  Random random(2);
  Identification identification(random);
  for (const std::uint32_t destination : {0x0a000002u, 0x8a000002u})
    for (const std::uint8_t protocol : {std::uint8_t{1}, std::uint8_t{17}}) {
      std::set<std::uint16_t> first;
      for (const std::uint32_t source : {0x0a000000u, 0x0a000001u, 0x8a000000u, 0x8a000001u})
        first.insert(identification.next(Ipv4Address(source), Ipv4Address(destination), protocol));
      ASSERT_EQ(first.size(), 4u);
      for (auto at = std::next(first.begin()); at != first.end(); ++at)
        EXPECT_GT(*at - *std::prev(at), 4) << "they do not share a counter";
    }
}

TEST(Identifications, DoNotRepeatSoonForOnePair) {  // RFC 6864 §4.3
  Random random(2);
  Identification identification(random);
  std::vector<bool> seen(65536);
  for (int i = 0; i < 60'000; ++i) {
    const auto id = identification.next({10, 0, 0, 1}, {10, 0, 0, 2}, 1);
    ASSERT_FALSE(seen[id]) << "after " << i;
    seen[id] = true;
  }
}

TEST(Identifications, OfOnePeerSayNothingOfAnothers) {  // RFC 7739
  Random random(2);
  Identification identification(random);
  const auto first = identification.next({10, 0, 0, 1}, {10, 0, 0, 2}, 1);
  for (std::uint32_t i = 0; i < 100; ++i)
    (void)identification.next({10, 0, 0, 1}, Ipv4Address(0x0a000100u + i), 1);
  const auto second = identification.next({10, 0, 0, 1}, {10, 0, 0, 2}, 1);
  EXPECT_LT(static_cast<std::uint16_t>(second - first), 10);
}

}  // namespace
}  // namespace smolstack::test
