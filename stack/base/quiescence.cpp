#include "smolstack/base/quiescence.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace smolstack {

std::uint64_t Quiescence::reached() const {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  const std::size_t used = used_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used; ++i) {
    const std::uint64_t seen = slots_[i].seen.load(std::memory_order_acquire);
    if (seen != 0) oldest = std::min(oldest, seen);
  }
  return oldest;
}

Quiescence::Slot& Quiescence::claim() {
  for (std::size_t i = 0; i < max_readers; ++i) {
    if (slots_[i].taken.exchange(true, std::memory_order_acq_rel)) continue;
    // Never smaller again: two threads may be here at once.
    std::size_t used = used_.load(std::memory_order_relaxed);
    while (used <= i && !used_.compare_exchange_weak(used, i + 1, std::memory_order_release)) {
    }
    return slots_[i];
  }
  assert(false && "more readers than Quiescence::max_readers");
  __builtin_trap();
}

}  // namespace smolstack
