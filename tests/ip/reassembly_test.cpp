// Fragment, then reassemble, is the identity; and the bounds of reassembly.

#include "smolstack/ip/reassembly.hpp"

#include <gtest/gtest.h>

#include "ip/packets.hpp"
#include "smolstack/base/random.hpp"
#include "smolstack/ip/fragment.hpp"

namespace smolstack::test {
namespace {

using namespace std::chrono_literals;

class ReassemblyTest : public testing::Test {
 protected:
  std::vector<Packet> cut(const Packet& whole, std::uint32_t mtu) {
    PacketQueue queue;
    EXPECT_TRUE(fragment(pool, whole, mtu, queue));
    std::vector<Packet> pieces;
    while (Packet piece = queue.pop()) pieces.push_back(std::move(piece));
    return pieces;
  }
  /// Cut once more, each piece by itself, as a second router would.
  std::vector<Packet> cut_again(std::vector<Packet> pieces, std::uint32_t mtu) {
    std::vector<Packet> finer;
    for (Packet& piece : pieces) {
      if (piece.size() <= mtu) {
        finer.push_back(std::move(piece));
        continue;
      }
      for (Packet& part : cut(piece, mtu)) finer.push_back(std::move(part));
    }
    return finer;
  }
  void shuffle(std::vector<Packet>& pieces) {
    for (std::size_t i = pieces.size(); i > 1; --i)
      std::swap(pieces[i - 1], pieces[random.below(static_cast<std::uint32_t>(i))]);
  }
  Expected<Packet, DropReason> add(Packet piece) {
    return reassembly.add(std::move(piece), 60s, now);
  }
  Packet piece(std::uint32_t offset, std::size_t size, bool more, std::uint16_t id = 1,
               Ipv4Address from = {10, 0, 1, 9}) {
    return datagram(pool, {.source = from, .id = id, .more = more, .offset = offset},
                    pattern(size));
  }
  std::size_t expire(Duration after) {
    std::size_t count = 0;
    now += after;
    reassembly.advance(now, [&](const AbandonedDatagram&) { ++count; });
    return count;
  }

  Random random{21};
  PacketPool pool{{.small = 12'000, .large = 80}};
  Reassembly reassembly{pool, {.bytes = 1u << 20, .datagrams = 32, .per_source = 4}};
  Instant now{100s};
};

TEST_F(ReassemblyTest, UndoesFragmentationWhateverSizeMtuOrderAndDuplicates) {  // RFC 791 §3.2
  for (int round = 0; round < 400; ++round) {
    const std::uint32_t mtu = 68 + random.below(round % 4 == 0 ? 60 : 1500);
    const std::size_t size = mtu + random.below(round % 10 == 0 ? 65535 - 20 - mtu : 4000);
    const auto data = pattern(std::min<std::size_t>(size, mtu < 100 ? 20'000 : 65515));
    Packet whole = datagram(pool, {.id = static_cast<std::uint16_t>(round)}, data);
    std::vector<Packet> pieces = cut(whole, mtu);
    if (round % 3 == 0 && mtu > 200) pieces = cut_again(std::move(pieces), 100);
    shuffle(pieces);
    Packet joined;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool twice = random.below(4) == 0 && i + 1 < pieces.size();
      if (twice) {
        ASSERT_FALSE(add(pool.clone(pieces[i])).value());
      }
      joined = add(std::move(pieces[i])).value();
      ASSERT_EQ(bool(joined), i + 1 == pieces.size()) << round;
    }
    ASSERT_EQ(data_of(joined), data) << "round " << round << " mtu " << mtu;
    ASSERT_TRUE(parse_ipv4(joined.bytes()));
    ASSERT_FALSE(joined.header<wire::Ipv4Header>().is_fragment());
  }
  EXPECT_EQ(reassembly.datagrams().level(), 0u);
  EXPECT_EQ(reassembly.bytes().level(), 0u);
  EXPECT_EQ(pool.small_in_use().level() + pool.large_in_use().level(), 0u);
}

TEST_F(ReassemblyTest, KeepsTheFirstFragmentsOptions) {
  const std::vector<std::byte> record_route(8, std::byte{1});
  Packet whole = datagram(pool, {.options = record_route}, pattern(1000));
  auto pieces = cut(whole, 576);
  ASSERT_EQ(pieces.size(), 2u);
  (void)add(std::move(pieces[1]));
  const Packet joined = add(std::move(pieces[0])).value();
  EXPECT_EQ(joined.header<wire::Ipv4Header>().header_length(), 28u);
  EXPECT_EQ(data_of(joined), pattern(1000));
}

TEST_F(ReassemblyTest, RefusesWhatFitsNoDatagram) {  // RFC 791 §3.2
  EXPECT_EQ(add(piece(0, 33, true)).error(), DropReason::fragment_malformed);
  EXPECT_EQ(add(piece(0, 0, true)).error(), DropReason::fragment_malformed);
  EXPECT_EQ(add(piece(65528, 8, false)).error(), DropReason::fragment_malformed);
  EXPECT_EQ(add(piece(65512, 8, false)).error(), DropReason::fragment_malformed);
  EXPECT_EQ(reassembly.datagrams().level(), 0u);
}

TEST_F(ReassemblyTest, RefusesAHeaderThatMakesTheWholeTooLong) {  // RFC 791 §3.1
  ASSERT_TRUE(add(piece(8, 65504 - 8, true)));
  ASSERT_TRUE(add(piece(65504, 11, false)));
  const auto first = add(
      datagram(pool, {.id = 1, .more = true, .options = std::vector<std::byte>(40, std::byte{1})},
               pattern(8)));
  ASSERT_FALSE(first) << "60 bytes of header and 65,515 of data";
  EXPECT_EQ(first.error(), DropReason::fragment_malformed);
  EXPECT_EQ(reassembly.datagrams().level(), 0u) << "nothing of it is kept";
}

TEST_F(ReassemblyTest, GivesUpWhatOverlaps) {  // RFC 1858 §3
  (void)add(piece(0, 32, true));
  EXPECT_EQ(add(piece(24, 16, true)).error(), DropReason::fragment_overlap);
  EXPECT_EQ(reassembly.datagrams().level(), 0u);
  // What comes later completes nothing.
  EXPECT_FALSE(add(piece(32, 8, false)).value());
}

TEST_F(ReassemblyTest, TakesOneEndOnly) {
  (void)add(piece(64, 8, false));
  EXPECT_EQ(add(piece(128, 8, false)).error(), DropReason::fragment_overlap);
  (void)add(piece(128, 8, true, 2));
  EXPECT_EQ(add(piece(64, 8, false, 2)).error(), DropReason::fragment_overlap);
  (void)add(piece(64, 8, false, 3));
  EXPECT_EQ(add(piece(80, 8, true, 3)).error(), DropReason::fragment_overlap);
}

TEST_F(ReassemblyTest, TakesNoDuplicateThatContradictsTheEnd) {  // RFC 5722 §4
  (void)add(piece(0, 40, true, 1));
  EXPECT_EQ(add(piece(0, 16, false, 1)).error(), DropReason::fragment_overlap);
  (void)add(piece(16, 8, false, 2));
  EXPECT_EQ(add(piece(16, 8, true, 2)).error(), DropReason::fragment_overlap);
  (void)add(piece(16, 16, false, 3));
  EXPECT_TRUE(add(piece(16, 8, true, 3))) << "the same bytes, cut once more";
}

TEST_F(ReassemblyTest, TakesExactDuplicatesCalmly) {
  (void)add(piece(0, 32, true));
  EXPECT_TRUE(add(piece(0, 32, true)));
  EXPECT_EQ(data_of(add(piece(32, 5, false)).value()).size(), 37u);
}

TEST_F(ReassemblyTest, LetsADatagramGoAfterItsTime) {  // RFC 1122 §3.3.2
  (void)add(piece(0, 32, true));
  ASSERT_TRUE(reassembly.next_deadline());
  EXPECT_EQ(expire(59s), 0u);
  EXPECT_EQ(expire(2s), 1u);
  EXPECT_EQ(reassembly.datagrams().level(), 0u);
  EXPECT_EQ(reassembly.next_deadline(), std::nullopt);
}

TEST_F(ReassemblyTest, TheTimerIsNotExtendedByMoreFragments) {
  (void)add(piece(0, 32, true));
  now += 59s;
  (void)add(piece(64, 32, true));
  EXPECT_EQ(expire(2s), 1u);
}

TEST_F(ReassemblyTest, HandsOutTheFirstFragmentAsItCame) {  // RFC 792
  (void)add(piece(32, 32, true));
  const Packet first = piece(0, 32, true);
  const std::vector<std::byte> before(first.bytes().begin(), first.bytes().end());
  (void)add(pool.clone(first));
  now += 61s;
  reassembly.advance(now, [&](const AbandonedDatagram& abandoned) {
    ASSERT_TRUE(abandoned.has_first);
    const Bytes bytes = abandoned.packet.bytes();
    EXPECT_EQ(std::vector<std::byte>(bytes.begin(), bytes.end()), before);
  });
}

TEST_F(ReassemblyTest, WithoutTheFirstFragmentSaysSo) {
  (void)add(piece(32, 32, true));
  now += 61s;
  bool called = false;
  reassembly.advance(now, [&](const AbandonedDatagram& abandoned) {
    called = true;
    EXPECT_FALSE(abandoned.has_first);
  });
  EXPECT_TRUE(called);
}

TEST_F(ReassemblyTest, BoundsTheDatagramsOfOneSource) {
  for (std::uint16_t id = 0; id < 100; ++id) (void)add(piece(8, 8, true, id));
  EXPECT_EQ(reassembly.datagrams().level(), 4u);
  EXPECT_EQ(reassembly.take_evicted().size(), 96u);
}

TEST_F(ReassemblyTest, CountsForEachSourceItsOwnOnly) {
  for (std::uint32_t host = 1; host <= 5; ++host)
    for (std::uint16_t id = 1; id <= 4; ++id)
      (void)add(piece(8, 8, true, id, Ipv4Address(0x0a000000u + host)));
  EXPECT_EQ(reassembly.datagrams().level(), 20u);
  EXPECT_TRUE(reassembly.take_evicted().empty());
}

TEST_F(ReassemblyTest, CountsNotWhatIsDone) {
  for (std::uint16_t id = 1; id <= 4; ++id) (void)add(piece(8, 8, false, id));
  for (std::uint16_t id = 1; id <= 4; ++id) EXPECT_TRUE(add(piece(0, 8, true, id)).value());
  for (std::uint16_t id = 5; id <= 8; ++id) (void)add(piece(8, 8, true, id));
  EXPECT_TRUE(reassembly.take_evicted().empty());
  (void)add(piece(8, 8, true, 9));
  EXPECT_EQ(reassembly.take_evicted().size(), 1u);
  EXPECT_EQ(reassembly.datagrams().level(), 4u);
}

TEST_F(ReassemblyTest, BoundsTheDatagramsOfAll) {
  Reassembly small{pool, {.bytes = 1u << 20, .datagrams = 2, .per_source = 4}};
  for (std::uint16_t host = 1; host <= 3; ++host)
    (void)small.add(piece(8, 8, true, host, {10, 0, 0, static_cast<std::uint8_t>(host)}), 60s, now);
  EXPECT_EQ(small.datagrams().level(), 2u);
  EXPECT_EQ(small.take_evicted().size(), 1u);
  EXPECT_TRUE(small.add(piece(0, 8, true, 2, {10, 0, 0, 2}), 60s, now)) << "it is there still";
  EXPECT_EQ(small.datagrams().level(), 2u);
}

TEST_F(ReassemblyTest, BoundsTheBytesToTheLast) {
  constexpr std::size_t two = 2 * PacketPool::small_capacity;
  Reassembly small{pool, {.bytes = two, .datagrams = 32, .per_source = 4}};
  for (std::uint16_t id = 1; id <= 2; ++id) (void)small.add(piece(8, 8, true, id), 60s, now);
  EXPECT_EQ(small.bytes().level(), two);
  EXPECT_TRUE(small.take_evicted().empty());
  (void)small.add(piece(8, 8, true, 3), 60s, now);
  EXPECT_EQ(small.bytes().level(), two);
  EXPECT_EQ(small.take_evicted().size(), 1u);
}

TEST_F(ReassemblyTest, GrowsWithinItsBytesOrNotAtAll) {
  constexpr std::size_t needed = PacketPool::small_capacity + PacketPool::large_capacity;
  Reassembly enough{pool, {.bytes = needed, .datagrams = 32, .per_source = 4}};
  EXPECT_TRUE(enough.add(piece(8000, 8, true), 60s, now));
  EXPECT_EQ(enough.bytes().level(), PacketPool::large_capacity);
  Reassembly less{pool, {.bytes = needed - 1, .datagrams = 32, .per_source = 4}};
  EXPECT_EQ(less.add(piece(8000, 8, true), 60s, now).error(), DropReason::no_buffer);
}

TEST_F(ReassemblyTest, GrowsAtTheCostOfTheOldest) {
  constexpr std::size_t needed = 2 * PacketPool::small_capacity + PacketPool::large_capacity;
  Reassembly tight{pool, {.bytes = needed, .datagrams = 32, .per_source = 4}};
  const auto take = [&](Packet part) { return tight.add(std::move(part), 60s, now); };
  EXPECT_TRUE(take(piece(8, 8, true, 1)));
  EXPECT_TRUE(take(piece(8, 8, true, 2)));
  EXPECT_TRUE(take(piece(8000, 8, true, 1))) << "the oldest grows itself";
  EXPECT_TRUE(tight.take_evicted().empty());
  EXPECT_TRUE(take(piece(8000, 8, true, 2))) << "and goes when the other one has to";
  EXPECT_EQ(tight.take_evicted().size(), 1u);
  EXPECT_EQ(tight.datagrams().level(), 1u);
  EXPECT_EQ(tight.bytes().level(), PacketPool::large_capacity);
}

TEST_F(ReassemblyTest, GrowsWhenItHasToAndNotBefore) {
  constexpr std::size_t most = PacketPool::small_capacity / 8 * 8;
  EXPECT_TRUE(add(piece(most - 8, 8, true)));
  EXPECT_EQ(pool.large_in_use().level(), 0u);
  EXPECT_TRUE(add(piece(most, 8, true)));
  EXPECT_EQ(pool.large_in_use().level(), 1u);
  Reassembly small{pool, {.bytes = PacketPool::large_capacity, .datagrams = 32, .per_source = 4}};
  EXPECT_TRUE(small.add(piece(most - 8, 8, true), 60s, now)) << "there is no room to grow";
}

TEST_F(ReassemblyTest, RemembersHowTheFirstOfThemCame) {
  for (const std::size_t size : {16u, 8000u}) {
    Packet first = piece(0, size, true);
    first->arrived_on = IfIndex{7};
    first->arrived_at = now;
    first->link_broadcast = first->from_host = true;
    (void)add(std::move(first));
    const Packet whole = add(piece(static_cast<std::uint32_t>(size), 8, false)).value();
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->arrived_on, IfIndex{7});
    EXPECT_EQ(whole->arrived_at, now);
    EXPECT_TRUE(whole->link_broadcast);
    EXPECT_TRUE(whole->from_host);
  }
}

TEST(FragmentTest, PiecesCameAsTheirDatagramDid) {
  PacketPool pool{{.small = 16, .large = 1}};
  Packet whole = datagram(pool, {}, pattern(1400));
  whole->arrived_on = IfIndex{7};
  whole->from_host = true;
  PacketQueue pieces;
  ASSERT_TRUE(fragment(pool, whole, 576, pieces));
  while (const Packet piece = pieces.pop()) {
    EXPECT_EQ(piece->arrived_on, IfIndex{7});
    EXPECT_TRUE(piece->from_host);
  }
}

TEST_F(ReassemblyTest, BoundsTheDatagramsAndBytesOfAll) {
  for (std::uint32_t i = 0; i < 1000; ++i)
    (void)add(piece(65000 - 65000 % 8, 8, true, static_cast<std::uint16_t>(i),
                    Ipv4Address(0x0a000000u + i)));
  EXPECT_LE(reassembly.datagrams().highest(), 32u);
  EXPECT_LE(reassembly.bytes().highest(), 1u << 20);
}

TEST_F(ReassemblyTest, EvictsTheOldestFirst) {  // RFC 6274 §3.4
  (void)add(piece(0, 8, true, 1));
  for (std::uint16_t id = 2; id <= 4; ++id) (void)add(piece(8, 8, true, id));
  (void)add(piece(8, 8, true, 5));
  EXPECT_FALSE(add(piece(8, 8, false, 1)).value()) << "the first one had to go";
}

TEST_F(ReassemblyTest, EvictsByAgeAndNotByPlace) {
  (void)add(piece(8, 8, false, 1));
  for (std::uint16_t id = 2; id <= 4; ++id) (void)add(piece(8, 8, false, id));
  EXPECT_TRUE(add(piece(0, 8, true, 1)).value());
  for (std::uint16_t id = 5; id <= 6; ++id) (void)add(piece(8, 8, false, id));
  EXPECT_FALSE(add(piece(0, 8, true, 2)).value()) << "the oldest";
  EXPECT_FALSE(add(piece(0, 8, true, 3)).value()) << "which 2, come anew, pushed out";
  EXPECT_TRUE(add(piece(0, 8, true, 5)).value()) << "in the place of 1";
}

TEST_F(ReassemblyTest, SurvivesAnEmptyPool) {
  std::vector<Packet> hoard;
  Packet last = piece(0, 8, true);
  while (Packet packet = pool.allocate(1)) hoard.push_back(std::move(packet));
  EXPECT_EQ(add(std::move(last)).error(), DropReason::no_buffer);
}

}  // namespace
}  // namespace smolstack::test
