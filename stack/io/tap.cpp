#include "smolstack/io/tap.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
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
  const TransmitResult result = write(from.packets());
  from.clear();
  return result;
}

TransmitResult TapDevice::write(std::span<const Packet> frames) {
  TransmitResult result;
  for (const Packet& frame : frames) {
    const Outcome outcome = write_frame(frame);
    if (outcome == Outcome::done) ++result.sent;
    if (outcome == Outcome::full) ++result.full;
    if (outcome == Outcome::down) break;  // and so would each of the others
  }
  result.down = frames.size() - result.sent - result.full;
  return result;
}

TapDevice::Outcome TapDevice::read_frame(PacketPool& pool, Batch& into, ReceiveResult& result) {
  // One byte more than the longest frame tells a longer one: the kernel cuts off the rest.
  const std::size_t room = longest_ + 1;
  Packet frame = spare_ ? std::move(spare_) : pool.allocate(room);
  if (!frame) return discard_frame(result);
  const Bytes bytes = frame.append(room);
  const ssize_t size =
      uninterrupted([&] { return ::read(descriptor_.number(), bytes.data(), room); });
  const Outcome outcome = outcome_of(size);
  const bool fits = size <= static_cast<ssize_t>(longest_);
  if (outcome == Outcome::done && fits) {
    frame.trim(static_cast<std::size_t>(size));
    into.push(std::move(frame));
    ++result.frames;
  } else {
    frame.trim(0);
    spare_ = std::move(frame);
    if (!fits) ++result.too_long;
  }
  return outcome;
}

/// Takes a frame off the device that there is no buffer for: left there, it would wake us again
/// and again.
TapDevice::Outcome TapDevice::discard_frame(ReceiveResult& result) {
  std::byte first{};
  const ssize_t size = uninterrupted([&] { return ::read(descriptor_.number(), &first, 1); });
  const Outcome outcome = outcome_of(size);
  if (outcome == Outcome::done) ++result.no_buffer;
  return outcome;
}

TapDevice::Outcome TapDevice::write_frame(const Packet& frame) {
  if (state_ == DeviceState::gone) return Outcome::down;
  const Bytes bytes = frame.bytes();
  const ssize_t size =
      uninterrupted([&] { return ::write(descriptor_.number(), bytes.data(), bytes.size()); });
  return outcome_of(size);
}

Expected<void, Error> TapDevice::set_carrier(bool carrier) {
  int value = carrier ? 1 : 0;
  if (::ioctl(descriptor_.number(), TUNSETCARRIER, &value) == 0) return {};
  return failed(
      errno, std::string(carrier ? "plugging in" : "unplugging") + " the cable of " + config_.name);
}

/// Reads what a system call returned, and what that says of the device.
TapDevice::Outcome TapDevice::outcome_of(ssize_t size) {
  if (size > 0) {
    state_ = DeviceState::ready;
    return Outcome::done;
  }
  switch (size < 0 ? errno : EAGAIN) {
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
