#pragma once
// What the forwarding table is made of: compressed blocks of leaves.

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "smolstack/base/zeroed_memory.hpp"

namespace smolstack {

/// A leaf for each value of 6 or 8 bits of an address: 64 in one word, or 256 in four. Equal
/// neighbours are stored once. A block begins a line of 64 bytes; leaves that find no room there go
/// on in the lines behind. Immutable once a reader can find it, but for single leaves that are
/// replaced whole.
template <std::size_t Words>
struct alignas(64) Ipv4FibBlock {
  static_assert(Words == 1 || Words == 4);
  static constexpr std::size_t width = 64 * Words;  ///< leaves
  static constexpr std::size_t leaves_in_first = Words == 1 ? 14 : 7;

  /// Bit n: the leaf of n is another one than that of n - 1. Bit 0 is never set.
  std::array<std::uint64_t, Words> starts;
  /// How many bits are set in the words before each.
  struct Nothing {};
  using Before = std::conditional_t<Words == 1, Nothing, std::array<std::uint8_t, Words>>;
  [[no_unique_address]] Before before;
  std::array<std::atomic<std::uint32_t>, leaves_in_first> leaves;

  std::size_t slot_of(unsigned value) const {
    const std::uint64_t up_to_it = starts[value / 64 % Words] << (63 - value % 64);
    const auto in_its_word = static_cast<std::size_t>(std::popcount(up_to_it));
    if constexpr (Words == 1)
      return in_its_word;
    else
      return before[value / 64 % Words] + in_its_word;
  }
  const std::atomic<std::uint32_t>& at(unsigned value) const {
    return leaves.data()[slot_of(value)];
  }
  std::uint32_t leaf(unsigned value) const { return at(value).load(std::memory_order_acquire); }
};

/// Where the blocks live. A block is known by the number of its first line, which fits 31 bits.
class Ipv4FibBlocks {
 public:
  /// The block whose leaves are all 0; always there.
  static constexpr std::uint32_t empty_block = 0;

  Ipv4FibBlocks();

  template <std::size_t Words>
  const Ipv4FibBlock<Words>& at(std::uint32_t line) const {
    static_assert(sizeof(Ipv4FibBlock<Words>) == sizeof(Line));
    return *static_cast<const Ipv4FibBlock<Words>*>(static_cast<const void*>(&lines_[line]));
  }

  /// A new block with these leaves, which no reader knows yet. Throws std::bad_alloc.
  template <std::size_t Words>
  std::uint32_t make(std::span<const std::uint32_t, 64 * Words> leaves);
  /// Replaces one leaf, for all readers from now on. It must be that value's alone.
  template <std::size_t Words>
  void replace_leaf(std::uint32_t line, unsigned value, std::uint32_t leaf) {
    auto& at_it = block<Words>(line);
    at_it.leaves.data()[at_it.slot_of(value)].store(leaf, std::memory_order_release);
  }
  /// How many lines a block has.
  template <std::size_t Words>
  std::size_t lines_of(std::uint32_t line) const;
  /// Readers can no longer hold them: these lines may be used again.
  void recycle(std::uint32_t line, std::size_t lines);

  /// Bytes taken, with those that wait to be used again.
  std::size_t memory() const { return std::size_t{used_} * sizeof(Line); }

 private:
  struct alignas(64) Line {
    std::array<std::uint32_t, 16> words;
  };
  static constexpr std::size_t max_lines_of_block = 17;  // 256 leaves, each different
  static constexpr std::size_t max_lines = std::size_t{1} << 26;

  template <std::size_t Words>
  Ipv4FibBlock<Words>& block(std::uint32_t line) {
    return *static_cast<Ipv4FibBlock<Words>*>(static_cast<void*>(&lines_[line]));
  }
  std::uint32_t allocate(std::size_t lines);
  std::uint32_t take_free(std::size_t lines);

  ZeroedArray<Line> lines_;
  std::uint32_t used_ = 1;  ///< lines, from the first on; line 0 is the empty block
  /// For each size the first of a list of free pieces; 0: there is none.
  std::array<std::uint32_t, max_lines_of_block + 1> free_{};
};

}  // namespace smolstack
