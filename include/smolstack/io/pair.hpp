#pragma once
// A link in memory: what goes in at one end comes out at the other.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "smolstack/io/descriptor.hpp"
#include "smolstack/io/device.hpp"

namespace smolstack::io {

/// One end of a link in memory. Frames are copied, so the two ends may belong to two stacks with a
/// pool each; either end may outlive the other. Both belong to one thread. Nobody looks at them on
/// the way: super-frames and checksums that are left undone go through as they are.
class PairDevice final : public Device {
 public:
  /// Two ends; each direction holds up to `frames` frames.
  static std::pair<std::unique_ptr<PairDevice>, std::unique_ptr<PairDevice>> make(
      std::size_t frames = Batch::capacity, std::uint32_t longest_frame = 1514);
  ~PairDevice() override;

  ReceiveResult receive(PacketPool& pool, Batch& into) override;
  TransmitResult transmit(Batch& from) override;
  OffloadCapabilities offloads() const override { return all_offloads; }
  int descriptor() const override;
  DeviceState state() const override { return state_; }
  bool reopen() override;

  /// Makes this end as broken as a test wants it; whoever waits for the descriptor wakes up. A
  /// gone end is ready again after reopen(), once repaired() was called.
  void set_state(DeviceState state);
  void repaired() { repairable_ = true; }

 private:
  class Lane;  // one direction, shared by the two ends

  PairDevice(std::shared_ptr<Lane> in, std::shared_ptr<Lane> out, std::uint32_t longest_frame);

  void receive_front(PacketPool& pool, Batch& into, ReceiveResult& result);

  std::shared_ptr<Lane> in_;
  std::shared_ptr<Lane> out_;
  std::uint32_t longest_;
  DeviceState state_ = DeviceState::ready;
  bool repairable_ = false;
};

}  // namespace smolstack::io
