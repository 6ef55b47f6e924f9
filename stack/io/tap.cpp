#include "smolstack/io/tap.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "smolstack/packet/gso.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::io {
namespace {

constexpr std::size_t small_room = PacketPool::small_capacity;
// A program's frame may have two, which nothing takes off.
constexpr std::size_t vlan_tags = 8;
// They are large: those of one batch should still lie in the processor's cache when they are sent,
// and leave buffers to others.
constexpr std::size_t super_frames_at_once = 8;

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
  const std::size_t link = config_.kind == TapKind::tap ? sizeof(wire::EthernetHeader) : 0;
  longest_ = config_.mtu + link;
  const bool has_super_frames = offload_.capabilities.tso4 || offload_.capabilities.uso4;
  const std::size_t longest_read = has_super_frames ? link + vlan_tags + max_datagram : longest_;
  room_ = longest_read + 1;  // tells a longer one: the kernel cuts off the rest
  large_ = Packet();
}

ReceiveResult TapDevice::receive(PacketPool& pool, Batch& into) {
  ReceiveResult result;
  std::size_t super_frames = 0;
  if (state_ == DeviceState::gone) return result;
  for (std::size_t tries = 0; tries < Batch::capacity && !into.full(); ++tries) {
    const std::size_t before = into.size();
    if (read_frame(pool, into, result) != Outcome::done) {
      usual_burst_ = std::max<std::size_t>(std::exchange(burst_, 0), 1);
      return result;
    }
    if (++burst_ == usual_burst_) break;  // likely all: they should not wait for the proof
    if (into.size() > before && into.packets().back().is_super_frame()) ++super_frames;
    if (super_frames == super_frames_at_once) break;
  }
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
  if (!make_room(pool)) return discard_frame(result);
  const ssize_t size = uninterrupted([&] { return read_whole(); });
  const Outcome outcome = outcome_of(size);
  if (outcome == Outcome::done) take(static_cast<std::size_t>(size), into, result);
  return outcome;
}

/// A large buffer where frames may be long, and a small one: most are not, and should not use up
/// what the others need. Without the large one short frames still come in.
bool TapDevice::make_room(PacketPool& pool) {
  if (!spare_) spare_ = pool.allocate(small_room);
  if (!large_ && room_ > small_room) large_ = pool.allocate(room_);
  return static_cast<bool>(spare_);
}

/// In one piece: to read into two costs more than to copy a short frame.
ssize_t TapDevice::read_whole() {
  const Packet& into = large_ ? large_ : spare_;
  const std::size_t room = large_ ? room_ : std::min(room_, small_room);
  return ::read(descriptor_.number(), into->storage + into->begin - header_size(),
                header_size() + room);
}

/// Looks at a frame that was read, its header counted in `size`, and keeps it if it is good.
void TapDevice::take(std::size_t size, Batch& into, ReceiveResult& result) {
  if (size < header_size()) return void(++result.malformed);
  const bool is_small = size - header_size() <= small_room;
  if (!large_ && size - header_size() >= std::min(room_, small_room))
    return void(++(room_ > small_room ? result.no_buffer : result.too_long));
  if (large_ && is_small)
    std::memcpy(spare_->storage + spare_->begin - header_size(),
                large_->storage + large_->begin - header_size(), size);
  Packet& frame = is_small ? spare_ : large_;
  frame.append(size - header_size());
  if (is_good(frame, result)) {
    into.push(std::move(frame));
    ++result.frames;
  } else {
    frame.trim(0);
    frame->offload = {};
  }
}

bool TapDevice::is_good(Packet& frame, ReceiveResult& result) const {
  if (offload_.has_header && !obey_header(frame, result)) return false;
  if (!exceeds(frame, longest_)) return true;
  ++result.too_long;
  return false;
}

/// Takes over what the header before the frame says is left to do.
bool TapDevice::obey_header(Packet& frame, ReceiveResult& result) const {
  const FrameStart start = config_.kind == TapKind::tap ? FrameStart::ethernet : FrameStart::ip;
  wire::VirtioNetHeader header;
  std::memcpy(&header, frame->storage + frame->begin - sizeof header, sizeof header);
  const auto parsed = parse_virtio_net(header, frame.bytes(), start);
  if (parsed.has_value()) {
    frame->offload = parsed->moved(frame->begin);
    return true;
  }
  ++(parsed.error() == DropReason::unknown_ethertype ? result.unknown : result.malformed);
  return false;
}

/// Takes a frame off the device that there is no buffer for: left there, it would wake us again
/// and again.
TapDevice::Outcome TapDevice::discard_frame(ReceiveResult& result) {
  std::array<std::byte, sizeof(wire::VirtioNetHeader) + 1> begin{};
  const ssize_t size =
      uninterrupted([&] { return ::read(descriptor_.number(), begin.data(), header_size() + 1); });
  const Outcome outcome = outcome_of(size);
  if (outcome == Outcome::done) ++result.no_buffer;
  return outcome;
}

TapDevice::Outcome TapDevice::write_frame(const Packet& frame) {
  if (state_ == DeviceState::gone) return Outcome::down;
  if (!offload_.capabilities.take(frame->offload)) return Outcome::full;
  const std::size_t size = header_size() + frame.size();
  const std::byte* const begin = put_header(frame);
  return outcome_of(uninterrupted([&] { return ::write(descriptor_.number(), begin, size); }));
}

/// Writes the header into the room before the frame; what is to be sent begins there.
const std::byte* TapDevice::put_header(const Packet& frame) const {
  std::byte* const begin = frame->storage + frame->begin - header_size();
  if (!offload_.has_header) return begin;
  assert(frame->begin >= header_size());
  wire::VirtioNetHeader header;
  if (!frame.is_plain()) {
    const std::size_t headers =
        frame.is_super_frame() ? wire_size(frame) - frame->offload.gso_size : 0;
    header = make_virtio_net(frame->offload.moved(-std::ptrdiff_t{frame->begin}), headers);
  }
  std::memcpy(begin, &header, sizeof header);
  return begin;
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
