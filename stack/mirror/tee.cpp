#include "smolstack/mirror/tee.hpp"

#include <utility>

namespace smolstack::mirror {
namespace {

/// What programs send, read from the mirror. That somebody sets the mirror down is the
/// administrator's wish, which comes by netlink; here it is no fault of a device.
class HostEnd final : public io::Device {
 public:
  explicit HostEnd(std::shared_ptr<io::TapDevice> mirror) : mirror_(std::move(mirror)) {}

  io::ReceiveResult receive(PacketPool& pool, Batch& into) override {
    return mirror_->receive(pool, into);
  }
  io::TransmitResult transmit(Batch& from) override { return mirror_->transmit(from); }
  OffloadCapabilities offloads() const override { return mirror_->offloads(); }
  int descriptor() const override { return mirror_->descriptor(); }
  io::DeviceState state() const override {
    const bool is_gone = mirror_->state() == io::DeviceState::gone;
    return is_gone ? io::DeviceState::gone : io::DeviceState::ready;
  }
  void set_mtu(std::uint32_t mtu) override { mirror_->set_mtu(mtu); }

 private:
  std::shared_ptr<io::TapDevice> mirror_;
};

}  // namespace

Tee::Tee(std::unique_ptr<io::Device> wire, std::unique_ptr<io::TapDevice> mirror)
    : wire_(std::move(wire)), mirror_(std::move(mirror)) {}

std::unique_ptr<io::Device> Tee::host_end() const {
  return std::make_unique<HostEnd>(mirror_);
}

io::ReceiveResult Tee::receive(PacketPool& pool, Batch& into) {
  const std::size_t before = into.size();
  const io::ReceiveResult got = wire_->receive(pool, into);
  show(into.packets().subspan(before));
  return got;
}

// In runs between the frames that the kernel has shown itself, so that each has its place.
io::TransmitResult Tee::transmit(Batch& from) {
  const std::span<const Packet> frames = from.packets();
  for (std::size_t begin = 0, end = 0; begin < frames.size(); begin = end + 1) {
    for (end = begin; end < frames.size() && !frames[end]->from_host;) ++end;
    show(frames.subspan(begin, end - begin));
  }
  return wire_->transmit(from);
}

void Tee::show(std::span<const Packet> frames) {
  if (!frames.empty()) not_shown_ += frames.size() - mirror_->write(frames).sent;
}

}  // namespace smolstack::mirror
