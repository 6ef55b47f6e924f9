#pragma once
// Where packets come from. Everything is reserved at the start; nothing allocates later.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "smolstack/base/ring.hpp"
#include "smolstack/packet/packet.hpp"
#include "smolstack/stats/counters.hpp"

namespace smolstack {

/// How many buffers of each size a pool holds. The memory is only reserved: a page costs nothing
/// before its first use, and the buffers used last are used again first.
struct PoolSizes {
  std::uint32_t small = 4096;
  std::uint32_t large = 160;
};

/// Buffers of two sizes: 2 KiB for frames; 64 KiB, and a link header with tags, for reassembled
/// datagrams and super-frames.
/// Belongs to one thread, but for packets that are lent, and must outlive its packets.
class PacketPool {
 public:
  static constexpr std::uint32_t small_capacity = 2048 - PacketBuffer::headroom;
  static constexpr std::uint32_t large_capacity = 65536 + 64;

  explicit PacketPool(const PoolSizes& sizes = {});
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  /// An empty packet with room for `bytes` behind its headroom; an empty handle when no buffer
  /// of that size is left.
  Packet allocate(std::size_t bytes);
  /// A second packet with the same bytes and the same journey.
  Packet clone(const Packet& packet);

  /// Lets one other thread work with packets of this pool, from now on.
  void allow_lending();
  /// Gives a packet to that thread, which makes a Packet of it again. `label`, not 0, is ours.
  PacketBuffer* lend(Packet packet, std::uint16_t label);
  /// Takes back what the other thread is done with; `on_return(label)` for each.
  template <class OnReturn>
  void reclaim(OnReturn&& on_return) {
    while (const auto buffer = returned_->pop()) {
      on_return((*buffer)->lent_as);
      shelve(*buffer);
    }
  }

  /// Less than a quarter is left of the buffers of this packet's size: who may keep packets for
  /// long should keep no more.
  bool is_scarce(const Packet& like) const;

  const HighWater& small_in_use() const { return small_.in_use; }
  const HighWater& large_in_use() const { return large_.in_use; }

 private:
  friend struct Recycle;

  /// Slots of one size, side by side: those never used wait behind `fresh`, the others in `free`.
  struct Shelf {
    std::unique_ptr<std::byte[]> memory;
    std::size_t stride = 0;
    std::uint32_t capacity = 0;
    std::uint32_t count = 0;
    std::uint32_t fresh = 0;
    PacketBuffer* free = nullptr;
    HighWater in_use;
  };

  static Shelf make_shelf(std::uint32_t capacity, std::uint32_t count);
  PacketBuffer* take(Shelf& shelf);
  void put_back(PacketBuffer* buffer);
  void shelve(PacketBuffer* buffer);

  std::unique_ptr<Ring<PacketBuffer*>> returned_;  ///< with room for all that there are
  Shelf small_;
  Shelf large_;
};

}  // namespace smolstack
