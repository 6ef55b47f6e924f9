#pragma once
// A wire, and the kernel that looks on: every frame of the wire is shown on the mirror too.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "smolstack/io/tap.hpp"

namespace smolstack::mirror {

/// Around the device of the wire. A frame that came in is on the mirror before the stack has it;
/// one that goes out is there before it is on the wire, unless the kernel sent it itself
/// (PacketBuffer::from_host). What the mirror cannot take is counted, and missed by nobody else.
class Tee final : public io::Device {
 public:
  Tee(std::unique_ptr<io::Device> wire, std::unique_ptr<io::TapDevice> mirror);

  io::ReceiveResult receive(PacketPool& pool, Batch& into) override;
  io::TransmitResult transmit(Batch& from) override;
  std::optional<Instant> next_deadline() const override { return wire_->next_deadline(); }
  OffloadCapabilities offloads() const override { return wire_->offloads() & mirror_->offloads(); }
  int descriptor() const override { return wire_->descriptor(); }
  io::DeviceState state() const override { return wire_->state(); }
  bool reopen() override { return wire_->reopen(); }
  void set_mtu(std::uint32_t mtu) override { wire_->set_mtu(mtu); }

  /// The mirror as EventLoop::attach_host() takes it: what programs send.
  std::unique_ptr<io::Device> host_end() const;
  /// Frames that could not be shown.
  std::uint64_t not_shown() const { return not_shown_; }

 private:
  void show(std::span<const Packet> frames);

  std::unique_ptr<io::Device> wire_;
  std::shared_ptr<io::TapDevice> mirror_;  // with the host's end, which the loop owns
  std::uint64_t not_shown_ = 0;
};

}  // namespace smolstack::mirror
