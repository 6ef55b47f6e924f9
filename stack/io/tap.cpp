#include "smolstack/io/tap.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "smolstack/wire/ethernet.hpp"

namespace smolstack::io {
namespace {

/// Calls `io` until no signal interrupts it.
template <class Io>
ssize_t uninterrupted(Io&& io) {
  ssize_t size = io();
  while (size < 0 && errno == EINTR) size = io();
  return size;
}

}  // namespace

int TapDevice::descriptor() const {
  return state_ == DeviceState::gone ? -1 : descriptor_.number();
}

void TapDevice::set_mtu(std::uint32_t mtu) {
  config_.mtu = std::min(mtu, max_mtu_of(config_.kind));
  longest_ = config_.mtu + (config_.kind == TapKind::tap ? sizeof(wire::EthernetHeader) : 0);
  spare_ = Packet();
}

ReceiveResult TapDevice::receive(PacketPool& pool, Batch& into) {
  ReceiveResult result;
  if (state_ == DeviceState::gone) return result;
  for (std::size_t tries = 0; tries < Batch::capacity && !into.full(); ++tries)
    if (read_frame(pool, into, result) != Outcome::done) return result;
  result.more = true;
  return result;
}

TransmitResult TapDevice::transmit(Batch& from) {
  TransmitResult result;
  for (const Packet& frame : from.packets()) {
    const Outcome outcome = write_frame(frame);
    if (outcome == Outcome::done) ++result.sent;
    if (outcome == Outcome::full) ++result.full;
    if (outcome == Outcome::down) break;  // and so would each of the others
  }
  result.down = from.size() - result.sent - result.full;
  from.clear();
  return result;
}

TapDevice::Outcome TapDevice::read_frame(PacketPool& pool, Batch& into, ReceiveResult& result) {
  // One byte more than the longest frame tells a longer one: the kernel cuts off the rest.
  if (!spare_) spare_ = pool.allocate(longest_ + 1);
  if (!spare_) return discard_frame(result);
  const Bytes room = spare_.append(longest_ + 1);
  const ssize_t size =
      uninterrupted([&] { return ::read(descriptor_.number(), room.data(), room.size()); });
  spare_.trim(size > 0 ? static_cast<std::size_t>(size) : 0);
  if (size <= 0) return size == 0 ? Outcome::full : outcome_of(errno);
  state_ = DeviceState::ready;
  if (spare_.size() > longest_) {
    spare_.trim(0);
    ++result.too_long;
  } else {
    into.push(std::move(spare_));
    ++result.frames;
  }
  return Outcome::done;
}

/// Takes a frame off the device that there is no buffer for: left there, it would wake us again
/// and again.
TapDevice::Outcome TapDevice::discard_frame(ReceiveResult& result) {
  std::byte first{};
  const ssize_t size = uninterrupted([&] { return ::read(descriptor_.number(), &first, 1); });
  if (size <= 0) return size == 0 ? Outcome::full : outcome_of(errno);
  ++result.no_buffer;
  return Outcome::done;
}

TapDevice::Outcome TapDevice::write_frame(const Packet& frame) {
  if (state_ == DeviceState::gone) return Outcome::down;
  const Bytes bytes = frame.bytes();
  const ssize_t size =
      uninterrupted([&] { return ::write(descriptor_.number(), bytes.data(), bytes.size()); });
  if (size < 0) return outcome_of(errno);
  state_ = DeviceState::ready;
  return Outcome::done;
}

TapDevice::Outcome TapDevice::outcome_of(int number) {
  switch (number) {
    case EIO:  // the kernel's end is down
      state_ = DeviceState::down;
      return Outcome::down;
    case EBADFD:  // the kernel's end was deleted
    case EBADF:
    case ENXIO:
    case ENODEV: state_ = DeviceState::gone; return Outcome::down;
    default: return Outcome::full;  // EAGAIN, ENOBUFS, ENOMEM: later perhaps
  }
}

}  // namespace smolstack::io
