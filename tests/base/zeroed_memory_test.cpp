#include "smolstack/base/zeroed_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <new>

#include <gtest/gtest.h>

namespace smolstack {
namespace {

std::byte* bytes_of(const ZeroedMemory& memory) {
  return static_cast<std::byte*>(memory.data());
}

constexpr std::size_t megabyte = std::size_t{1} << 20;

TEST(ZeroedMemory, IsZeroAndStaysWhereItIs) {
  ZeroedMemory memory(64 * megabyte);
  memory.provide(100);
  auto* const at = bytes_of(memory);
  EXPECT_TRUE(std::all_of(at, at + 100, [](std::byte b) { return b == std::byte{0}; }));
  at[99] = std::byte{7};
  memory.provide(10 * megabyte);
  EXPECT_EQ(bytes_of(memory), at);
  EXPECT_EQ(at[99], std::byte{7});
  EXPECT_EQ(at[10 * megabyte - 1], std::byte{0});
}

TEST(ZeroedMemory, GivesWhatWasReservedAndNoMore) {
  ZeroedMemory memory(5 * megabyte);
  memory.provide(5 * megabyte);
  bytes_of(memory)[5 * megabyte - 1] = std::byte{1};
  EXPECT_THROW(memory.provide(memory.reserved() + 1), std::bad_alloc);
}

TEST(ZeroedMemory, MayBeLargerThanTheMachine) {
  ZeroedMemory memory(std::size_t{1} << 40);
  memory.provide(megabyte);
  bytes_of(memory)[megabyte - 1] = std::byte{1};
  EXPECT_THROW(ZeroedMemory(std::size_t{1} << 60), std::bad_alloc);
}

TEST(ZeroedArray, BeginsAsZeros) {
  ZeroedArray<std::uint32_t> array(1000, 10);
  EXPECT_EQ(array[9], 0u);
  array[9] = 5;
  array.provide(1000);
  EXPECT_EQ(array[9], 5u);
  EXPECT_EQ(array[999], 0u);
}

}  // namespace
}  // namespace smolstack
