#include "smolstack/route/hop_table.hpp"

#include <cassert>
#include <new>

namespace smolstack {

Ipv4HopTable::Ipv4HopTable() : hops_(max_hops, 1) {}

// The hops are the administrator's, not a stranger's: any hash that spreads them will do.
std::size_t Ipv4HopTable::Hash::operator()(const Ipv4Hop& hop) const {
  const std::uint64_t addresses =
      std::uint64_t{hop.gateway.host()} << 32 | hop.preferred_source.host();
  const auto rest =
      static_cast<std::uint64_t>(hop.interface) << 8 | static_cast<std::uint64_t>(hop.kind);
  const std::uint64_t mixed = (addresses ^ rest * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
  std::uint64_t all = mixed ^ mixed >> 32;
  if (hop.group != nullptr)
    for (const auto& [way, weight] : hop.group->members) all = all * 31 + (*this)(way) + weight;
  return all;
}

HopId Ipv4HopTable::hold(const Ipv4Hop& hop) {
  auto at = ids_.find(hop);
  if (at == ids_.end()) {
    const HopId id = unused();
    Ipv4Hop& kept = hops_[static_cast<std::uint32_t>(id)];
    kept = hop;
    if (hop.group != nullptr) {
      const auto& group = groups_[id] = std::make_unique<const Ipv4HopGroup>(*hop.group);
      kept.group = group.get();
    }
    at = ids_.emplace(kept, id).first;
  }
  ++users_[static_cast<std::uint32_t>(at->second)];
  return at->second;
}

HopId Ipv4HopTable::unused() {
  if (!free_.empty()) {
    const HopId id = free_.back();
    free_.pop_back();
    return id;
  }
  if (users_.size() == max_hops) throw std::bad_alloc();
  const auto id = static_cast<std::uint32_t>(users_.size());
  hops_.provide(id + 1);
  users_.push_back(0);
  return HopId{id};
}

bool Ipv4HopTable::release(HopId id) {
  std::uint32_t& users = users_[static_cast<std::uint32_t>(id)];
  assert(users > 0);
  if (--users > 0) return false;
  ids_.erase(*(*this)[id]);
  return true;
}

void Ipv4HopTable::recycle(HopId id) {
  if ((*this)[id]->group != nullptr) groups_.erase(id);
  free_.push_back(id);
}

std::size_t Ipv4HopTable::memory() const {
  constexpr std::size_t node = sizeof(std::pair<const Ipv4Hop, HopId>) + 2 * sizeof(void*);
  return users_.size() * (sizeof(Ipv4Hop) + sizeof(std::uint32_t)) +
         free_.capacity() * sizeof(HopId) + ids_.size() * node +
         ids_.bucket_count() * sizeof(void*);
}

}  // namespace smolstack
