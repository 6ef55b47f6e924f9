#include "smolstack/neighbor/adjacency.hpp"

#include <cstring>

namespace smolstack {
namespace {

std::uint64_t pack(const MacAddress& mac) {
  std::uint64_t word = 0;
  std::memcpy(&word, mac.octets.data(), sizeof mac);
  return word;
}

}  // namespace

Adjacencies::Adjacencies(Random& random) : multiplier_(random.next() | 1), table_(slots, slots) {}

Adjacencies::Slot* Adjacencies::find_slot(Slot* set, std::uint64_t word) {
  for (std::size_t i = 0; i < ways; ++i)
    if (set[i].key.load(std::memory_order_relaxed) == word) return &set[i];
  return nullptr;
}

// The key comes last, so that whoever finds it finds what belongs to it.
void Adjacencies::publish(const NeighborKey& key, const MacAddress& mac) {
  const std::uint64_t word = word_of(key);
  if (Slot* const known = find_slot(set_of(word), word)) {
    known->mac.store(pack(mac), std::memory_order_release);
    return;
  }
  Slot* const place = find_slot(set_of(word), 0);
  if (place == nullptr) return;
  place->used.store(0, std::memory_order_relaxed);
  place->mac.store(pack(mac), std::memory_order_release);
  place->key.store(word, std::memory_order_release);
}

void Adjacencies::withdraw(const NeighborKey& key) {
  const std::uint64_t word = word_of(key);
  if (Slot* const known = find_slot(set_of(word), word))
    known->key.store(0, std::memory_order_release);
}

std::optional<Instant> Adjacencies::last_used(const NeighborKey& key) const {
  const std::uint64_t word = word_of(key);
  const Slot* const known = find_slot(set_of(word), word);
  const auto at = known == nullptr ? 0 : known->used.load(std::memory_order_relaxed);
  if (at == 0) return std::nullopt;
  return Instant(Duration(at));
}

}  // namespace smolstack
