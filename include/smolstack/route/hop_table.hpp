#pragma once
// The hops of a forwarding table, each once.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "smolstack/base/zeroed_memory.hpp"
#include "smolstack/route/multipath.hpp"

namespace smolstack {

/// Hops by number. They never move and never change while anybody counts on them, so other threads
/// may read operator[] while one changes the table.
class Ipv4HopTable {
 public:
  /// Ids leave the top bit free.
  static constexpr std::uint32_t max_hops = 1u << 26;

  Ipv4HopTable();

  const Ipv4Hop* operator[](HopId id) const {
    return id == HopId::none ? nullptr : &hops_[static_cast<std::uint32_t>(id)];
  }

  /// Counts one more user of this hop, and gives it a number when it is new. Of a group it keeps a
  /// copy. Throws std::bad_alloc at max_hops.
  HopId hold(const Ipv4Hop& hop);
  /// One user less. True: that was the last one, and nobody finds the hop any more; recycle() it
  /// when no reader can hold it.
  bool release(HopId id);
  void recycle(HopId id);

  std::size_t size() const { return ids_.size(); }
  /// Bytes in use.
  std::size_t memory() const;

 private:
  struct Hash {
    std::size_t operator()(const Ipv4Hop& hop) const;
  };

  HopId unused();

  ZeroedArray<Ipv4Hop> hops_;
  std::vector<std::uint32_t> users_{0};  ///< by id
  std::vector<HopId> free_;
  /// Of hops with several ways: what their pointers lead to.
  std::unordered_map<HopId, std::unique_ptr<const Ipv4HopGroup>> groups_;
  std::unordered_map<Ipv4Hop, HopId, Hash> ids_;
};

}  // namespace smolstack
