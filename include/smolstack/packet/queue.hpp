#pragma once

#include <cstddef>
#include <utility>

#include "smolstack/packet/packet.hpp"

namespace smolstack {

/// Packets in order, linked through their own buffers: no allocation, no bound of its own.
class PacketQueue {
 public:
  PacketQueue() = default;
  PacketQueue(PacketQueue&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  PacketQueue& operator=(PacketQueue&& other) noexcept {
    PacketQueue taken(std::move(other));
    std::swap(head_, taken.head_);
    std::swap(tail_, taken.tail_);
    std::swap(size_, taken.size_);
    return *this;
  }
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;
  ~PacketQueue() {
    while (pop()) {
    }
  }

  bool empty() const { return head_ == nullptr; }
  std::size_t size() const { return size_; }

  void push(Packet packet) {
    PacketBuffer* const buffer = packet.release();
    buffer->next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = buffer;
    tail_ = buffer;
    ++size_;
  }
  /// Puts the others before those that are here, in their order.
  void prepend(PacketQueue others) {
    if (others.empty()) return;
    others.tail_->next = head_;
    if (head_ != nullptr) others.tail_ = tail_;
    others.size_ += size_;
    head_ = tail_ = nullptr;
    size_ = 0;
    *this = std::move(others);
  }
  /// The oldest packet; an empty handle when there is none.
  Packet pop() {
    if (empty()) return {};
    PacketBuffer* const buffer = head_;
    head_ = buffer->next;
    if (head_ == nullptr) tail_ = nullptr;
    --size_;
    return Packet(buffer);
  }

  /// Pops packets, oldest first, as long as `take(packet)` takes them: true, and it has moved the
  /// packet away. Less work for each than pop(), where there are many.
  template <class Take>
  void pop_while(Take&& take) {
    PacketBuffer* first = head_;
    std::size_t left = size_;
    for (; first != nullptr; --left) {
      PacketBuffer* const next = first->next;
      Packet packet(first);
      if (!take(packet)) {
        (void)packet.release();
        break;
      }
      first = next;
    }
    head_ = first;
    if (first == nullptr) tail_ = nullptr;
    size_ = left;
  }

 private:
  PacketBuffer* head_ = nullptr;
  PacketBuffer* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace smolstack
