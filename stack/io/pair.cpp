#include "smolstack/io/pair.hpp"

#include <algorithm>
#include <sys/eventfd.h>
#include <vector>

#include "smolstack/packet/gso.hpp"

namespace smolstack::io {

/// One direction: a ring of frames whose slots keep their memory, and an event that is set while
/// the ring is not empty.
class PairDevice::Lane {
 public:
  explicit Lane(std::size_t frames)
      : slots_(frames), event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  /// A frame, and what is left to do of it, counted from its first byte.
  struct Frame {
    std::vector<std::byte> bytes;
    Offload offload;
    std::size_t wire_size = 0;
  };

  bool push(const Packet& frame) {
    if (size_ == slots_.size()) return false;
    Frame& slot = slots_[(head_ + size_++) % slots_.size()];
    slot.bytes.assign(frame.bytes().begin(), frame.bytes().end());
    slot.offload = frame->offload.moved(-std::ptrdiff_t{frame->begin});
    slot.wire_size = wire_size(frame);
    if (size_ == 1) wake();
    return true;
  }
  bool empty() const { return size_ == 0; }
  const Frame& front() const { return slots_[head_]; }
  void pop() {
    head_ = (head_ + 1) % slots_.size();
    if (--size_ == 0) calm();
  }
  void wake() { ::eventfd_write(event_.number(), 1); }
  void calm() {
    eventfd_t count = 0;
    ::eventfd_read(event_.number(), &count);
  }
  int descriptor() const { return event_.number(); }

 private:
  std::vector<Frame> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  Descriptor event_;
};

std::pair<std::unique_ptr<PairDevice>, std::unique_ptr<PairDevice>> PairDevice::make(
    std::size_t frames, std::uint32_t longest_frame) {
  const auto there = std::make_shared<Lane>(frames);
  const auto back = std::make_shared<Lane>(frames);
  return {std::unique_ptr<PairDevice>(new PairDevice(back, there, longest_frame)),
          std::unique_ptr<PairDevice>(new PairDevice(there, back, longest_frame))};
}

PairDevice::PairDevice(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out,
                       std::uint32_t longest_frame)
    : in_(std::move(in)), out_(std::move(out)), longest_(longest_frame) {}

PairDevice::~PairDevice() = default;

int PairDevice::descriptor() const {
  return state_ == DeviceState::gone ? -1 : in_->descriptor();
}

void PairDevice::set_state(DeviceState state) {
  state_ = state;
  repairable_ = false;
  in_->wake();
}

bool PairDevice::reopen() {
  if (!repairable_) return false;
  state_ = DeviceState::ready;
  in_->wake();  // frames may have come meanwhile
  return true;
}

ReceiveResult PairDevice::receive(PacketPool& pool, Batch& into) {
  ReceiveResult result;
  if (in_->empty() || state_ != DeviceState::ready) in_->calm();
  if (state_ != DeviceState::ready) return result;
  while (!in_->empty() && !into.full()) {
    receive_front(pool, into, result);
    in_->pop();
  }
  result.more = !in_->empty();
  return result;
}

void PairDevice::receive_front(PacketPool& pool, Batch& into, ReceiveResult& result) {
  const auto& [bytes, offload, size] = in_->front();
  if (size > longest_) {
    ++result.too_long;
    return;
  }
  Packet packet = pool.allocate(bytes.size());
  if (!packet) {
    ++result.no_buffer;
    return;
  }
  std::copy(bytes.begin(), bytes.end(), packet.append(bytes.size()).begin());
  packet->offload = offload.moved(packet->begin);
  into.push(std::move(packet));
  ++result.frames;
}

TransmitResult PairDevice::transmit(Batch& from) {
  TransmitResult result;
  for (const Packet& frame : from.packets()) {
    if (state_ != DeviceState::ready)
      ++result.down;
    else if (out_->push(frame))
      ++result.sent;
    else
      ++result.full;
  }
  from.clear();
  return result;
}

}  // namespace smolstack::io
