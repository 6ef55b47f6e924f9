#include "smolstack/route/fib_blocks.hpp"

#include <algorithm>

namespace smolstack {
namespace {

template <std::size_t Words>
constexpr std::size_t lines_for(std::size_t leaves) {
  constexpr std::size_t line = sizeof(Ipv4FibBlock<Words>);
  const std::size_t behind = leaves - std::min(leaves, Ipv4FibBlock<Words>::leaves_in_first);
  return 1 + (behind * sizeof(std::uint32_t) + line - 1) / line;
}
static_assert(lines_for<1>(14) == 1 && lines_for<1>(15) == 2 && lines_for<1>(64) == 5);
static_assert(lines_for<4>(7) == 1 && lines_for<4>(8) == 2 && lines_for<4>(256) == 17);

/// One word's bits: where in 64 leaves another one begins than stood before.
std::uint64_t starts_in(std::span<const std::uint32_t, 64> leaves, std::uint32_t before) {
  std::uint64_t starts = leaves[0] != before ? 1 : 0;
  for (std::size_t i = 1; i < 64; ++i) starts |= std::uint64_t{leaves[i] != leaves[i - 1]} << i;
  return starts;
}

}  // namespace

// The first line is all zeros, as what nobody has written to is: the empty block.
Ipv4FibBlocks::Ipv4FibBlocks() : lines_(max_lines, 1) {}

template <std::size_t Words>
std::uint32_t Ipv4FibBlocks::make(std::span<const std::uint32_t, 64 * Words> leaves) {
  std::array<std::uint64_t, Words> starts;
  std::array<std::size_t, Words + 1> before{};
  for (std::size_t word = 0; word < Words; ++word) {
    const std::size_t first = 64 * word;
    starts[word] =
        starts_in(leaves.subspan(first).template first<64>(), leaves[first == 0 ? 0 : first - 1]);
    before[word + 1] = before[word] + static_cast<std::size_t>(std::popcount(starts[word]));
  }
  const std::uint32_t line = allocate(lines_for<Words>(before[Words] + 1));
  Ipv4FibBlock<Words>& made = block<Words>(line);
  made.starts = starts;
  if constexpr (Words > 1)
    for (std::size_t word = 0; word < Words; ++word)
      made.before[word] = static_cast<std::uint8_t>(before[word]);
  std::atomic<std::uint32_t>* to = made.leaves.data();
  to->store(leaves[0], std::memory_order_relaxed);
  for (std::size_t word = 0; word < Words; ++word)
    for (std::uint64_t left = starts[word]; left != 0; left &= left - 1)
      (++to)->store(leaves[64 * word + static_cast<std::size_t>(std::countr_zero(left))],
                    std::memory_order_relaxed);
  return line;
}
template std::uint32_t Ipv4FibBlocks::make<1>(std::span<const std::uint32_t, 64>);
template std::uint32_t Ipv4FibBlocks::make<4>(std::span<const std::uint32_t, 256>);

template <std::size_t Words>
std::size_t Ipv4FibBlocks::lines_of(std::uint32_t line) const {
  return lines_for<Words>(at<Words>(line).slot_of(64 * Words - 1) + 1);
}
template std::size_t Ipv4FibBlocks::lines_of<1>(std::uint32_t) const;
template std::size_t Ipv4FibBlocks::lines_of<4>(std::uint32_t) const;

// Lines of the very size, or else a piece of more, or else new ones.
std::uint32_t Ipv4FibBlocks::allocate(std::size_t lines) {
  for (std::size_t size = lines; size <= max_lines_of_block; ++size) {
    if (free_[size] == 0) continue;
    const std::uint32_t line = take_free(size);
    if (size > lines) recycle(line + static_cast<std::uint32_t>(lines), size - lines);
    return line;
  }
  lines_.provide(used_ + lines);
  const std::uint32_t line = used_;
  used_ += static_cast<std::uint32_t>(lines);
  return line;
}

// The list goes through the free lines themselves.
std::uint32_t Ipv4FibBlocks::take_free(std::size_t lines) {
  const std::uint32_t line = free_[lines];
  free_[lines] = lines_[line].words[0];
  return line;
}

void Ipv4FibBlocks::recycle(std::uint32_t line, std::size_t lines) {
  lines_[line].words[0] = free_[lines];
  free_[lines] = line;
}

}  // namespace smolstack
