#pragma once
// What one thread hands to another.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>

namespace smolstack {

/// A queue between two threads: one pushes, the other pops, neither ever waits. Bounded, and no
/// allocation after it was made. What was written before a push is seen after its pop.
template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Room for `capacity` values, rounded up to a power of two.
  explicit Ring(std::size_t capacity)
      : mask_(std::bit_ceil(std::max<std::size_t>(capacity, 1)) - 1),
        slots_(std::make_unique<T[]>(mask_ + 1)) {}

  /// Would push() fail now? Only the thread that pushes may ask.
  bool is_full() {
    const std::size_t at = pushed_.load(std::memory_order_relaxed);
    if (at - seen_popped_ > mask_) seen_popped_ = popped_.load(std::memory_order_acquire);
    return at - seen_popped_ > mask_;
  }
  /// False: it is full, and nothing was pushed.
  bool push(T value) {
    if (is_full()) return false;
    const std::size_t at = pushed_.load(std::memory_order_relaxed);
    slots_[at & mask_] = value;
    pushed_.store(at + 1, std::memory_order_release);
    return true;
  }

  /// The oldest value; nothing: there is none.
  std::optional<T> pop() {
    const std::size_t at = popped_.load(std::memory_order_relaxed);
    if (at == seen_pushed_) {
      seen_pushed_ = pushed_.load(std::memory_order_acquire);
      if (at == seen_pushed_) return std::nullopt;
    }
    const T value = slots_[at & mask_];
    popped_.store(at + 1, std::memory_order_release);
    return value;
  }

  std::size_t capacity() const { return mask_ + 1; }

 private:
  // Each side writes a line of the cache of its own, and keeps there what it last saw of the other.
  static constexpr std::size_t line = 64;

  alignas(line) std::atomic<std::size_t> pushed_{0};
  std::size_t seen_popped_ = 0;
  alignas(line) std::atomic<std::size_t> popped_{0};
  std::size_t seen_pushed_ = 0;
  alignas(line) std::size_t mask_;
  std::unique_ptr<T[]> slots_;
};

}  // namespace smolstack
