#pragma once
// One packet, one contiguous buffer, one owner.
//
//   storage                begin                      end            headroom + capacity
//   |<----- headroom ----->|<------- bytes() -------->|<-- tailroom -->|
//
// Entering a layer pulls its header off the front, leaving one pushes a header on. There are no
// chains, no reference counts and no copy-on-write.

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/wire/offload.hpp"

namespace smolstack {

/// The number of an interface, from 1 up, as `ip link` prints it. 0 is no interface.
enum class IfIndex : std::uint16_t { none = 0 };

class PacketPool;

/// What lies behind a Packet: where its bytes are, and what is known of its journey.
struct PacketBuffer {
  /// Ethernet, a VLAN tag, an outer IPv4 header with options and a virtio header fit.
  static constexpr std::uint32_t headroom = 128;

  std::uint32_t begin = headroom;  ///< first byte of the current layer, from `storage`
  std::uint32_t end = headroom;    ///< one past the last byte, from `storage`
  std::uint32_t capacity;          ///< bytes behind the headroom
  IfIndex arrived_on = IfIndex::none;
  bool link_broadcast = false;  ///< came in a link-layer broadcast or multicast
  /// A program of this machine sent it by a kernel socket: the kernel has shown it already.
  bool from_host = false;
  /// Not 0: another thread than its pool's has it, under this label (PacketPool::lend).
  std::uint16_t lent_as = 0;
  Offload offload{};  ///< what is left to do of it; positions count from `storage`
  Instant arrived_at{};
  std::byte* storage;
  PacketPool* home;
  PacketBuffer* next = nullptr;  ///< for PacketQueue and the pool; the owner's business
};

// What is asked of a packet on its way shares a cache line.
static_assert(sizeof(PacketBuffer) <= 64);

/// Gives the buffer back to its pool.
struct Recycle {
  void operator()(PacketBuffer* buffer) const;
};

/// A frame or datagram. Move-only and one pointer wide; empty when the pool had none left.
class Packet {
 public:
  Packet() = default;
  explicit Packet(PacketBuffer* buffer) : buffer_(buffer) {}

  explicit operator bool() const { return buffer_ != nullptr; }
  PacketBuffer* operator->() const { return buffer_.get(); }

  /// The current layer and all that it carries.
  Bytes bytes() const { return {buffer_->storage + buffer_->begin, size()}; }
  std::size_t size() const { return buffer_->end - buffer_->begin; }
  /// It is as it will be on the wire.
  bool is_plain() const { return buffer_->offload.kind == OffloadKind::none; }
  /// It stands for several packets: packet/gso.hpp.
  bool is_super_frame() const { return buffer_->offload.is_super_frame(); }
  std::size_t tailroom() const { return PacketBuffer::headroom + buffer_->capacity - buffer_->end; }

  template <class Header>
  Header& header() const {
    return header_at<Header>(bytes());
  }

  /// Leaves the first `n` bytes behind: they stay in the buffer and push() brings them back.
  void pull(std::size_t n) {
    assert(n <= size());
    buffer_->begin += static_cast<std::uint32_t>(n);
  }
  /// Makes room for a header of `n` bytes in front, and returns it.
  Bytes push(std::size_t n) {
    assert(n <= buffer_->begin);
    buffer_->begin -= static_cast<std::uint32_t>(n);
    return bytes().first(n);
  }
  /// Makes room for `n` bytes at the end, and returns them.
  Bytes append(std::size_t n) {
    assert(n <= tailroom());
    buffer_->end += static_cast<std::uint32_t>(n);
    return bytes().last(n);
  }
  /// Cuts the end off: `n` bytes remain.
  void trim(std::size_t n) {
    assert(n <= size());
    buffer_->end = buffer_->begin + static_cast<std::uint32_t>(n);
  }

  /// Takes over what is known of another packet's journey, but not its bytes.
  void follow(const Packet& other) {
    buffer_->arrived_on = other->arrived_on;
    buffer_->arrived_at = other->arrived_at;
    buffer_->link_broadcast = other->link_broadcast;
    buffer_->from_host = other->from_host;
  }

  /// Hands the buffer to an intrusive list; the list is the owner now.
  PacketBuffer* release() { return buffer_.release(); }

 private:
  std::unique_ptr<PacketBuffer, Recycle> buffer_;
};
static_assert(sizeof(Packet) == sizeof(void*));

}  // namespace smolstack
