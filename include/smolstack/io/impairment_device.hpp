#pragma once
// A device with a bad wire before it, in each direction on its own.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "smolstack/io/device.hpp"
#include "smolstack/io/impaired_lane.hpp"

namespace smolstack::io {

/// Wraps a device. Frames that wait lie here, in the buffers of the pool that they came from: never
/// more than `limit` of them for each direction, and none when the pool runs low. Off, it costs a
/// branch for each batch. A wire that impairs carries what real wires do: super-frames are cut and
/// checksums finished before it.
class Impairment final : public Device {
 public:
  /// Monotonic, as EventLoop::now, which it is unless a test has its own.
  using Clock = std::function<Instant()>;

  Impairment(std::unique_ptr<Device> device, const WireEnd& end, Clock clock = {});

  /// From now on; whoever calls it flushes the loop, which then minds the new deadline.
  void set(Direction direction, const ImpairmentOptions& options);
  const ImpairedLane& lane(Direction direction) const {
    return direction == Direction::out ? out_ : in_;
  }

  ReceiveResult receive(PacketPool& pool, Batch& into) override;
  TransmitResult transmit(Batch& from) override;
  std::optional<Instant> next_deadline() const override;
  /// Nothing is done to frames, and none waits.
  bool is_idle() const { return out_.is_idle() && in_.is_idle(); }
  OffloadCapabilities offloads() const override {
    return out_.is_idle() ? device_->offloads() : OffloadCapabilities{};
  }
  int descriptor() const override { return device_->descriptor(); }
  DeviceState state() const override { return device_->state(); }
  bool reopen() override { return device_->reopen(); }
  void set_mtu(std::uint32_t mtu) override { device_->set_mtu(mtu); }

 private:
  ReceiveResult take_in(PacketPool& pool, Instant now);
  bool admit(PacketPool& pool, Packet frame, Instant now);

  std::unique_ptr<Device> device_;
  Clock clock_;
  ImpairedLane out_;
  ImpairedLane in_;
  Batch passing_;  // between a lane and the device; empty between calls
};

/// The impairments of one machine, by interface. It owns none: the loop owns the devices, and
/// nobody may look here after the loop has let go of them.
class Impairments {
 public:
  /// Puts an impairment before a device, off, and remembers it.
  std::unique_ptr<Device> wrap(IfIndex interface, std::unique_ptr<Device> device,
                               const WireEnd& end);
  /// Remembers one that somebody else has made.
  void add(IfIndex interface, Impairment& impairment);
  /// nullptr: there is none on this interface.
  Impairment* find(IfIndex interface) const;

 private:
  std::vector<std::pair<IfIndex, Impairment*>> known_;
};

}  // namespace smolstack::io
