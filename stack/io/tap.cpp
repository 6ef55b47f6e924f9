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
// From so many on it is worth a system call of its own kind, and a ring, to begin with.
constexpr std::size_t worth_uring = 4;
// When as many frames came as the last time, so often nobody looks for one more.
constexpr std::size_t proof_after = 8;

/// Calls `io` until no signal interrupts it: what it returned, or -errno.
template <class Io>
ssize_t uninterrupted(Io&& io) {
  ssize_t size = io();
  while (size < 0 && errno == EINTR) size = io();
  return size < 0 ? -errno : size;
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
  if (state_ == DeviceState::gone) return result;
  if (const std::size_t count = reads_at_once(into); count >= worth_uring && has_uring())
    if (receive_together(count, pool, into, result)) return result;
  receive_singly(pool, into, result);
  return result;
}

TransmitResult TapDevice::transmit(Batch& from) {
  const TransmitResult result = write(from.packets());
  from.clear();
  return result;
}

TransmitResult TapDevice::write(std::span<const Packet> frames) {
  TransmitResult result;
  for (std::size_t done = 0; done < frames.size(); done += Uring::capacity) {
    const auto some = frames.subspan(done, std::min(frames.size() - done, Uring::capacity));
    const bool is_worth_it = some.size() >= worth_uring && state_ != DeviceState::gone;
    if (!is_worth_it || !has_uring() || !write_together(some, result)) write_singly(some, result);
  }
  result.down = frames.size() - result.sent - result.full;
  return result;
}

/// Looks at a frame that was read into `whole`, its header counted in `size`, and keeps it if it is
/// good. A short one from a large buffer is copied to the spare one, which must be there.
void TapDevice::take(Packet& whole, std::size_t size, Batch& into, ReceiveResult& result) {
  if (size < header_size()) return void(++result.malformed);
  const bool was_large = whole->capacity > small_room;
  const bool is_small = size - header_size() <= small_room;
  if (!was_large && size - header_size() >= std::min(room_, small_room))
    return void(++(room_ > small_room ? result.no_buffer : result.too_long));
  if (was_large && is_small)
    std::memcpy(spare_->storage + spare_->begin - header_size(),
                whole->storage + whole->begin - header_size(), size);
  Packet& frame = was_large && is_small ? spare_ : whole;
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

// --- Many in one system call ---------------------------------------------------------------------

/// Not where super-frames come: each is so long that nobody feels the system call.
std::size_t TapDevice::reads_at_once(const Batch& into) const {
  const std::size_t expected = (burst_ > 0 ? burst_ : usual_burst_) + 1;
  return had_super_frames_ ? 1
                           : std::min({expected, Uring::capacity, Batch::capacity - into.size()});
}

/// Makes the ring when it is first needed: most devices of a lab never do.
bool TapDevice::has_uring() {
  if (!uring_ && !std::exchange(asked_for_uring_, true)) uring_ = Uring::make();
  return uring_ && uring_->works();
}

/// False: there are no buffers, or the kernel cannot; nothing was read.
bool TapDevice::receive_together(std::size_t count, PacketPool& pool, Batch& into,
                                 ReceiveResult& result) {
  std::array<Packet, Uring::capacity> rooms;
  std::size_t ready = 0;
  while (ready < count && (rooms[ready] = pool.allocate(room_))) {
    const Packet& room = rooms[ready++];
    uring_->read(descriptor_.number(), room->storage + room->begin - header_size(),
                 header_size() + room_);
  }
  if (ready == 0) return false;
  const auto sizes = uring_->run();
  if (!uring_->works() && sizes.front() == -EOPNOTSUPP) return false;
  had_super_frames_ = false;
  std::size_t came = 0;
  for (std::size_t i = 0; i < ready; ++i)
    if (outcome_of(sizes[i]) == Outcome::done) {
      ++came;
      take_from(rooms[i], static_cast<std::size_t>(sizes[i]), pool, into, result);
    }
  burst_ += came;
  result.more = came == ready;
  if (!result.more) end_burst();
  return true;
}

/// take(), with a spare buffer for what may be copied.
void TapDevice::take_from(Packet& room, std::size_t size, PacketPool& pool, Batch& into,
                          ReceiveResult& result) {
  const bool may_be_copied = room->capacity > small_room;
  if (may_be_copied && !spare_) spare_ = pool.allocate(small_room);
  if (may_be_copied && !spare_) return void(++result.no_buffer);
  const std::size_t before = into.size();
  take(room, size, into, result);
  if (into.size() > before) had_super_frames_ |= into.packets().back().is_super_frame();
}

/// There was nothing more to read.
void TapDevice::end_burst() {
  usual_burst_ = std::max<std::size_t>(std::exchange(burst_, 0), 1);
}

/// False: the kernel cannot, and nothing was written.
bool TapDevice::write_together(std::span<const Packet> frames, TransmitResult& result) {
  std::size_t entered = 0;
  for (const Packet& frame : frames) {
    if (!offload_.capabilities.take(frame->offload)) continue;
    uring_->write(descriptor_.number(), put_header(frame), header_size() + frame.size());
    ++entered;
  }
  const auto sizes = uring_->run();
  if (entered > 0 && !uring_->works() && sizes.front() == -EOPNOTSUPP) return false;
  result.full += frames.size() - entered;
  for (const std::int32_t size : sizes) tally(outcome_of(size), result);
  return true;
}

// --- One by one ----------------------------------------------------------------------------------

void TapDevice::receive_singly(PacketPool& pool, Batch& into, ReceiveResult& result) {
  std::size_t super_frames = 0;
  for (std::size_t tries = 0; tries < Batch::capacity && !into.full(); ++tries) {
    const std::size_t before = into.size();
    if (read_frame(pool, into, result) != Outcome::done) return end_burst();
    if (into.size() > before && into.packets().back().is_super_frame()) ++super_frames;
    had_super_frames_ = super_frames > 0;
    if (++burst_ == usual_burst_) {  // they should not wait for the proof
      result.likely_all = ++unproven_ % proof_after != 0;
      if (result.likely_all) burst_ = 0;
      break;
    }
    if (super_frames == super_frames_at_once) break;
  }
  result.more = true;
}

TapDevice::Outcome TapDevice::read_frame(PacketPool& pool, Batch& into, ReceiveResult& result) {
  if (!make_room(pool)) return discard_frame(result);
  const ssize_t size = uninterrupted([&] { return read_whole(); });
  const Outcome outcome = outcome_of(size);
  if (outcome == Outcome::done)
    take(large_ ? large_ : spare_, static_cast<std::size_t>(size), into, result);
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

void TapDevice::write_singly(std::span<const Packet> frames, TransmitResult& result) {
  for (const Packet& frame : frames) {
    const Outcome outcome = write_frame(frame);
    tally(outcome, result);
    if (outcome == Outcome::down) return;  // and so would each of the others
  }
}

/// Those that find the device down are what is left in the end.
void TapDevice::tally(Outcome outcome, TransmitResult& result) {
  if (outcome == Outcome::done) ++result.sent;
  if (outcome == Outcome::full) ++result.full;
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

/// Reads what a system call returned, or its -errno, and what that says of the device.
TapDevice::Outcome TapDevice::outcome_of(ssize_t size) {
  if (size > 0) {
    state_ = DeviceState::ready;
    return Outcome::done;
  }
  switch (size < 0 ? -size : EAGAIN) {
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
