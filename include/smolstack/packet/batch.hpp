#pragma once

#include <array>
#include <cassert>
#include <memory>
#include <span>
#include <utility>

#include "smolstack/packet/packet.hpp"

namespace smolstack {

/// Up to 256 packets that travel together.
class Batch {
 public:
  static constexpr std::size_t capacity = 256;

  void push(Packet packet) {
    assert(size_ < capacity);
    // Nothing lies in the slot that would have to be given back.
    std::construct_at(&slots_[size_++], std::move(packet));
  }
  std::span<Packet> packets() { return std::span(slots_).first(size_); }
  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity; }
  bool empty() const { return size_ == 0; }
  /// All packets have been taken out.
  void taken() {
    assert(size_ == 0 || !slots_[size_ - 1]);
    size_ = 0;
  }
  /// Forgets the slots; packets that still lie in them go back to their pool.
  void clear() {
    for (Packet& packet : packets()) packet = Packet();
    size_ = 0;
  }

 private:
  std::array<Packet, capacity> slots_;
  std::size_t size_ = 0;
};

/// Fetches the headers of a packet that will be looked at a little later than packet `now`.
inline void fetch_ahead(std::span<const Packet> packets, std::size_t now) {
  constexpr std::size_t ahead = 20;
  if (now + ahead < packets.size()) __builtin_prefetch(packets[now + ahead].bytes().data());
}

/// Runs a stage over a batch, which is empty then: a stage is written for one packet and inlined
/// here.
template <class Stage>
void for_each_packet(Batch& batch, Stage&& stage) {
  const auto packets = batch.packets();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    fetch_ahead(packets, i);
    stage(packets[i]);
  }
  batch.clear();
}

}  // namespace smolstack
