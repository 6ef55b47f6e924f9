#pragma once
// What the world offers to the loop. Virtual, but once per batch and never per packet.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "smolstack/base/time.hpp"
#include "smolstack/packet/batch.hpp"
#include "smolstack/packet/pool.hpp"

namespace smolstack::io {

/// How a device is doing.
enum class DeviceState : std::uint8_t {
  ready,
  down,  ///< the kernel's end is down: frames are lost, it may come back by itself
  gone,  ///< the kernel's end was deleted: the descriptor is dead
};

/// What became of a batch that was transmitted.
struct TransmitResult {
  std::size_t sent = 0;
  std::size_t full = 0;        ///< refused for lack of room (EAGAIN, ENOBUFS): dropped
  std::size_t down = 0;        ///< refused because the device is down or gone: dropped
  std::size_t lost = 0;        ///< dropped on purpose (io/impairment_device.hpp)
  std::size_t queue_full = 0;  ///< dropped: too many frames wait in the device
};

/// What became of a call to receive().
struct ReceiveResult {
  std::size_t frames = 0;      ///< now in the batch
  std::size_t too_long = 0;    ///< dropped: longer than the MTU allows
  std::size_t no_buffer = 0;   ///< dropped: the pool was empty
  std::size_t malformed = 0;   ///< dropped: parse_virtio_net() refused the device's header
  std::size_t unknown = 0;     ///< dropped: a super-frame of another protocol than IPv4
  std::size_t lost = 0;        ///< dropped on purpose (io/impairment_device.hpp)
  std::size_t queue_full = 0;  ///< dropped: too many frames wait in the device
  std::size_t delayed = 0;     ///< taken off the link, to be in the batch of a later call
  bool more = false;           ///< the device may hold more
  /// `more`, but as a rule there is none: who is told when there is may leave it at that.
  bool likely_all = false;
};

/// One end of a link, as the loop sees it. It may keep a packet of the pool it receives into, which
/// therefore outlives it.
class Device {
 public:
  virtual ~Device() = default;
  /// Fills `into` with what is there now, or with some of it (`more`), at most a batch; never
  /// blocks.
  virtual ReceiveResult receive(PacketPool& pool, Batch& into) = 0;
  /// Sends what `from` holds and empties it; never blocks. What does not fit is dropped.
  virtual TransmitResult transmit(Batch& from) = 0;
  /// When receive(), and transmit() with an empty batch, must be called at the latest because
  /// frames that wait inside come due; nothing: none waits. A device that wraps another asks that
  /// one too.
  virtual std::optional<Instant> next_deadline() const { return {}; }
  /// Becomes readable when receive() would find something; -1: there is none just now.
  virtual int descriptor() const = 0;
  virtual DeviceState state() const = 0;
  /// Tries to take up a device that is gone, under its old name; true: it is ready again. Until
  /// the first call the old descriptor stays open, so that its number means nothing else.
  virtual bool reopen() { return false; }
  /// What it does for us just now (asked once per batch). receive() may hand over packets that
  /// need it, and transmit() takes no others; a super-frame is one frame wherever frames count.
  virtual OffloadCapabilities offloads() const { return {}; }
  /// The interface's MTU changed: what is longer is too long from now on.
  virtual void set_mtu(std::uint32_t /*mtu*/) {}
};

}  // namespace smolstack::io
