#include "smolstack/packet/packet.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/packet/batch.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/packet/queue.hpp"

namespace smolstack {
namespace {

Packet numbered(PacketPool& pool, unsigned number) {
  Packet packet = pool.allocate(1);
  packet.append(1)[0] = static_cast<std::byte>(number);
  return packet;
}
unsigned number_of(const Packet& packet) {
  return std::to_integer<unsigned>(packet.bytes()[0]);
}

TEST(PacketPool, RunsOutAndRecovers) {
  PacketPool pool({.small = 3, .large = 1});
  std::vector<Packet> held;
  for (int i = 0; i < 3; ++i) held.push_back(pool.allocate(100));
  EXPECT_TRUE(std::ranges::all_of(held, [](const Packet& p) { return bool(p); }));
  held.pop_back();
  EXPECT_TRUE(pool.allocate(100));
  EXPECT_EQ(pool.small_in_use().highest(), 3u);
  held.clear();
  EXPECT_EQ(pool.small_in_use().level(), 0u);
}

TEST(PacketPool, HasNothingLeftWhenAllBuffersAreInUse) {
  PacketPool pool({.small = 2, .large = 1});
  const Packet a = pool.allocate(PacketPool::large_capacity);
  EXPECT_TRUE(a);
  EXPECT_FALSE(pool.allocate(PacketPool::large_capacity));
  EXPECT_FALSE(pool.allocate(PacketPool::small_capacity + 1));
}

TEST(PacketPool, IsScarceWhenLessThanAQuarterIsLeftOfASize) {
  PacketPool pool({.small = 8, .large = 8});
  std::vector<Packet> taken;
  for (int i = 0; i < 6; ++i) taken.push_back(pool.allocate(100));
  EXPECT_FALSE(pool.is_scarce(taken[0]));
  taken.push_back(pool.allocate(100));
  EXPECT_TRUE(pool.is_scarce(taken[0]));
  EXPECT_FALSE(pool.is_scarce(pool.allocate(PacketPool::large_capacity)));
}

TEST(PacketPool, RefusesMoreThanItsLargestBufferHolds) {
  PacketPool pool({.small = 2, .large = 2});
  EXPECT_FALSE(pool.allocate(PacketPool::large_capacity + 1));
}

TEST(PacketPool, ServesTheSizeAskedFor) {
  PacketPool pool({.small = 2, .large = 2});
  for (const std::size_t bytes : {0u, 1u, 1514u, 1920u, 1921u, 65535u, 65549u}) {
    const Packet packet = pool.allocate(bytes);
    ASSERT_TRUE(packet) << bytes;
    EXPECT_EQ(packet.size(), 0u);
    EXPECT_GE(packet.tailroom(), bytes);
    EXPECT_EQ(packet->begin, PacketBuffer::headroom);
  }
}

TEST(PacketPool, GivesFreshPacketsWithoutMemoriesOfTheLast) {
  PacketPool pool({.small = 1, .large = 0});
  {
    Packet packet = pool.allocate(100);
    packet.append(50);
    packet.pull(10);
    packet->arrived_on = IfIndex(7);
    packet->from_host = true;
    packet->link_broadcast = true;
    packet->offload.kind = OffloadKind::checksum;
  }
  const Packet again = pool.allocate(100);
  EXPECT_EQ(again.size(), 0u);
  EXPECT_EQ(again->begin, PacketBuffer::headroom);
  EXPECT_EQ(again->arrived_on, IfIndex::none);
  EXPECT_FALSE(again->link_broadcast);
  EXPECT_FALSE(again->from_host);
  EXPECT_TRUE(again.is_plain());
}

TEST(PacketPool, ClonesBytesAndJourney) {
  PacketPool pool({.small = 2, .large = 0});
  Packet packet = numbered(pool, 42);
  packet->arrived_on = IfIndex(3);
  packet->link_broadcast = true;
  packet->from_host = true;
  const Packet twin = pool.clone(packet);
  packet.bytes()[0] = std::byte{0};
  EXPECT_EQ(number_of(twin), 42u);
  EXPECT_EQ(twin->arrived_on, IfIndex(3));
  EXPECT_TRUE(twin->link_broadcast);
  EXPECT_TRUE(twin->from_host);
  EXPECT_FALSE(pool.clone(packet));
}

TEST(PacketPool, ClonesEveryByteOfALargePacket) {
  PacketPool pool({.small = 1, .large = 2});
  Packet packet = pool.allocate(65535);
  for (std::size_t i = 0; auto& octet : packet.append(65535)) octet = static_cast<std::byte>(++i);
  const Packet twin = pool.clone(packet);
  EXPECT_TRUE(std::ranges::equal(packet.bytes(), twin.bytes()));
}

TEST(Packet, PullAndPushAreInverses) {
  PacketPool pool({.small = 1, .large = 0});
  Packet packet = pool.allocate(64);
  std::ranges::fill(packet.append(64), std::byte{7});
  packet.pull(14);
  EXPECT_EQ(packet.size(), 50u);
  packet.push(14);
  EXPECT_EQ(packet.size(), 64u);
  EXPECT_EQ(packet.bytes()[0], std::byte{7});
}

TEST(Packet, HasRoomForHeadersInFront) {
  PacketPool pool({.small = 1, .large = 0});
  Packet packet = numbered(pool, 5);
  std::ranges::fill(packet.push(PacketBuffer::headroom), std::byte{0});
  EXPECT_EQ(packet.size(), PacketBuffer::headroom + 1);
  EXPECT_EQ(packet.bytes().back(), std::byte{5});
}

TEST(Packet, TrimCutsTheEndOff) {
  PacketPool pool({.small = 1, .large = 0});
  Packet packet = pool.allocate(60);
  packet.append(60);
  const std::size_t room = packet.tailroom();
  packet.trim(42);
  EXPECT_EQ(packet.size(), 42u);
  EXPECT_EQ(packet.tailroom(), room + 18);
}

TEST(PacketQueue, IsFirstInFirstOut) {
  PacketPool pool({.small = 10, .large = 0});
  PacketQueue queue;
  for (unsigned i = 0; i < 5; ++i) queue.push(numbered(pool, i));
  EXPECT_EQ(queue.size(), 5u);
  for (unsigned i = 0; i < 5; ++i) EXPECT_EQ(number_of(queue.pop()), i);
  EXPECT_FALSE(queue.pop());
  queue.push(numbered(pool, 9));
  EXPECT_EQ(number_of(queue.pop()), 9u);
}

TEST(PacketQueue, GivesItsPacketsBackWhenItDies) {
  PacketPool pool({.small = 10, .large = 0});
  {
    PacketQueue queue;
    for (unsigned i = 0; i < 10; ++i) queue.push(numbered(pool, i));
    EXPECT_FALSE(pool.allocate(1));
  }
  EXPECT_EQ(pool.small_in_use().level(), 0u);
}

TEST(PacketQueue, MovesWithAllItHolds) {
  PacketPool pool({.small = 10, .large = 0});
  PacketQueue from;
  from.push(numbered(pool, 1));
  from.push(numbered(pool, 2));
  PacketQueue to;
  to.push(numbered(pool, 3));
  to = std::move(from);
  EXPECT_EQ(pool.small_in_use().level(), 2u);
  EXPECT_EQ(number_of(to.pop()), 1u);
  EXPECT_EQ(number_of(to.pop()), 2u);
  EXPECT_TRUE(to.empty());
}

TEST(PacketQueue, TakesOthersInFrontInTheirOrder) {
  PacketPool pool({.small = 10, .large = 0});
  const auto queue_of = [&](unsigned first, unsigned last) {
    PacketQueue queue;
    for (unsigned i = first; i <= last; ++i) queue.push(numbered(pool, i));
    return queue;
  };
  PacketQueue queue = queue_of(3, 4);
  queue.prepend(queue_of(1, 2));
  queue.prepend(PacketQueue());
  queue.push(numbered(pool, 5));
  EXPECT_EQ(queue.size(), 5u);
  for (unsigned i = 1; i <= 5; ++i) EXPECT_EQ(number_of(queue.pop()), i);
  queue.prepend(queue_of(6, 7));
  queue.push(numbered(pool, 8));
  for (unsigned i = 6; i <= 8; ++i) EXPECT_EQ(number_of(queue.pop()), i);
  EXPECT_TRUE(queue.empty());
}

TEST(Batch, CarriesUpTo256PacketsInOrder) {
  PacketPool pool({.small = 300, .large = 0});
  Batch batch;
  for (unsigned i = 0; !batch.full(); ++i) batch.push(numbered(pool, i));
  EXPECT_EQ(batch.size(), 256u);
  unsigned expected = 0;
  for_each_packet(batch, [&](Packet& packet) { EXPECT_EQ(number_of(packet), expected++ & 0xffu); });
  EXPECT_EQ(expected, 256u);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(pool.small_in_use().level(), 0u);
}

TEST(Batch, GivesItsPacketsBackWhenCleared) {
  PacketPool pool({.small = 4, .large = 0});
  Batch batch;
  batch.push(numbered(pool, 1));
  batch.clear();
  EXPECT_EQ(pool.small_in_use().level(), 0u);
}

TEST(PacketPool, TakesBackWhatItLentWithItsLabel) {
  PacketPool pool({.small = 2, .large = 1});
  pool.allow_lending();
  PacketBuffer* const lent = pool.lend(pool.allocate(10), 7);
  const Packet kept = pool.allocate(10);
  EXPECT_FALSE(pool.allocate(10));

  std::thread([lent] { const Packet done(lent); }).join();
  EXPECT_FALSE(pool.allocate(10)) << "it comes back when its owner asks";
  std::vector<unsigned> labels;
  pool.reclaim([&](std::uint16_t label) { labels.push_back(label); });
  EXPECT_THAT(labels, testing::ElementsAre(7u));
  const Packet again = pool.allocate(10);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->lent_as, 0u);
  EXPECT_EQ(pool.small_in_use().level(), 2u);
}

}  // namespace
}  // namespace smolstack
