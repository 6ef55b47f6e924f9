#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace smolstack {

/// Which 8-byte blocks of a datagram have come: one bit each, 65,536 bytes in all. Ranges are
/// judged word by word, so a thousand fragments cost no more than one at a time.
class BlockMap {
 public:
  /// The blocks that the bytes from `offset` (a multiple of eight) on lie in.
  struct Range {
    std::size_t first;
    std::size_t last;  ///< one past
    static constexpr Range of(std::size_t offset, std::size_t bytes) {
      return {offset / 8, (offset + bytes + 7) / 8};
    }
  };

  bool any(const Range& range) const {
    bool found = false;
    each_word(range, [&](std::size_t i, std::uint64_t mask) { found |= (words_[i] & mask) != 0; });
    return found;
  }
  bool all(const Range& range) const {
    bool full = true;
    each_word(range, [&](std::size_t i, std::uint64_t m) { full &= (words_[i] & m) == m; });
    return full;
  }
  void set(const Range& range) {
    each_word(range, [&](std::size_t i, std::uint64_t mask) { words_[i] |= mask; });
  }
  void clear() { words_.fill(0); }

 private:
  static constexpr std::size_t bits = 64;

  template <class Visit>
  static void each_word(const Range& range, Visit&& visit) {
    for (std::size_t at = range.first; at < range.last;) {
      const std::size_t in_word = at % bits;
      const std::size_t count = std::min(bits - in_word, range.last - at);
      const std::uint64_t ones = count == bits ? ~0ull : (1ull << count) - 1;
      visit(at / bits, ones << in_word);
      at += count;
    }
  }

  std::array<std::uint64_t, 8192 / bits> words_{};
};

}  // namespace smolstack
