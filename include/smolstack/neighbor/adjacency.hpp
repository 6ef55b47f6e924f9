#pragma once
// The neighbours that packets may go to without asking anybody.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>

#include "smolstack/base/random.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/base/zeroed_memory.hpp"
#include "smolstack/neighbor/key.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {

/// What of the neighbour cache the data path needs, in a form that any thread may read while the
/// cache's own thread changes it: link addresses of the neighbours that are known and need no
/// re-check. Whoever is not found here is the cache's business: an entry without a place (four
/// compete for each) costs time and nothing else.
class Adjacencies {
 public:
  static constexpr std::size_t slots = 8192;

  explicit Adjacencies(Random& random);

  /// Writes the link address of a neighbour into a header, and counts the neighbour as used at
  /// `now`. False: it is not here, and nothing is written. Any thread.
  bool find(const NeighborKey& key, Instant now, MacAddress& into) const {
    const std::uint64_t wanted = word_of(key);
    Slot* slot = set_of(wanted);
    const Slot* const end = slot + ways;
    while (slot->key.load(std::memory_order_acquire) != wanted)
      if (++slot == end) return false;
    const std::uint64_t mac = slot->mac.load(std::memory_order_acquire);
    // The place may have gone to another neighbour in between.
    if (slot->key.load(std::memory_order_relaxed) != wanted) return false;
    slot->used.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    std::memcpy(into.octets.data(), &mac, sizeof into);
    return true;
  }

  /// Tells of a neighbour, or of its new link address. The cache's thread only, as the rest.
  void publish(const NeighborKey& key, const MacAddress& mac);
  /// It is not to be used any more without asking the cache.
  void withdraw(const NeighborKey& key);
  /// When find() last found it; nothing: never, or it has no place.
  std::optional<Instant> last_used(const NeighborKey& key) const;

 private:
  static constexpr std::size_t ways = 4;
  struct Slot {
    std::atomic<std::uint64_t> key;   // 0: free
    std::atomic<std::uint64_t> mac;   // its bytes in memory, two more behind them
    std::atomic<Duration::rep> used;  // 0: not yet
    std::uint64_t unused;             // two slots fill a line of the cache
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(Slot) == 32);

  static std::uint64_t word_of(const NeighborKey& key) {
    return static_cast<std::uint64_t>(key.interface) << 32 | key.address.host();
  }
  Slot* set_of(std::uint64_t word) const {
    constexpr unsigned shift = 64 - 11;
    static_assert(slots / ways == std::size_t{1} << 11);
    return &table_.data()[(word * multiplier_ >> shift) * ways];
  }
  /// The one of the four that holds `word`; nullptr: none.
  static Slot* find_slot(Slot* set, std::uint64_t word);

  std::uint64_t multiplier_;  // random and odd: nobody can choose addresses that collide
  ZeroedArray<Slot> table_;   // most machines have a handful of neighbours
};

}  // namespace smolstack
