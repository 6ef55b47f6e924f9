#include <utility>

#include "smolstack/neighbor/cache.hpp"

// What changed, for those who keep a table beside ours. Noting it happens on the packet's way: it
// costs a branch when nobody watches, and never allocates.

namespace smolstack {

void NeighborCache::watch(bool on) {
  watched_ = on;
  changed_.clear();
  ended_.clear();
  reserve_changes();
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    entries_[i].changed = entries_[i].told = false;
    if (entries_[i].in_use) note_change(i);
  }
}

void NeighborCache::reserve_changes() {
  if (!watched_) return;
  changed_.reserve(entries_.capacity());
  ended_.reserve(entries_.capacity());
}

void NeighborCache::note_change(std::uint32_t index) {
  if (!watched_ || entries_[index].changed) return;
  entries_[index].changed = true;
  changed_.push_back(index);
}

void NeighborCache::note_end(std::uint32_t index) {
  if (std::exchange(entries_[index].told, false)) ended_.push_back(entries_[index].view.key);
}

std::vector<NeighborView> NeighborCache::take_changes() {
  std::vector<NeighborView> changes;
  for (const NeighborKey& key : ended_)
    if (index_of(key) == nobody) changes.push_back({.key = key});
  for (const std::uint32_t index : changed_) {
    Entry& entry = entries_[index];
    entry.changed = false;
    if (!entry.in_use) continue;
    entry.told = true;
    changes.push_back(entry.view);
  }
  ended_.clear();
  changed_.clear();
  return changes;
}

}  // namespace smolstack
