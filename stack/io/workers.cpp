#include "smolstack/io/workers.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace smolstack::io {
namespace {

/// How much a counter has grown since it was last asked.
std::uint64_t growth(const std::atomic<std::uint64_t>& counter, std::uint64_t& before) {
  const std::uint64_t now = counter.load(std::memory_order_relaxed);
  return now - std::exchange(before, now);
}

PlaneConfiguration::Link link_of(const Interface& interface, bool all_by_loop) {
  PlaneConfiguration::Link link{.link = interface.link,
                                .mac = interface.mac,
                                .mtu = interface.mtu,
                                .up = interface.up,
                                .running = interface.running,
                                .forwarding = interface.forwarding,
                                .all_by_loop = all_by_loop,
                                .rp_filter = interface.rp_filter};
  for (const InterfaceAddress& own : interface.addresses) link.addresses.push_back(own.subnet);
  return link;
}

/// The worker that punted a frame; frames of the loop's own go with the first.
std::size_t worker_of(const Packet& frame) {
  return frame->lent_as == 0 ? 0 : (frame->lent_as >> 8) - 1u;
}

}  // namespace

/// What workers and loop share of one interface, and what was accounted for of each worker.
struct Workers::Shared {
  struct Lane {
    PuntLane lane;
    std::array<std::uint64_t, 11> accounted{};
  };

  IfIndex interface = IfIndex::none;
  TapConfig config;
  Descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::vector<std::unique_ptr<Lane>> lanes;  ///< by worker
};

/// A device with a queue for each worker, as the loop sees it: receives what they punt, and sends
/// by the queue of the worker that a frame came from, so that the kernel goes on giving that flow
/// to the same one.
class Workers::Port final : public Device {
 public:
  Port(Workers& workers, std::shared_ptr<Shared> shared,
       std::vector<std::unique_ptr<TapDevice>> queues)
      : workers_(workers), shared_(std::move(shared)) {
    take_up(std::move(queues));
  }

  ReceiveResult receive(PacketPool& pool, Batch& into) override;
  TransmitResult transmit(Batch& from) override;
  int descriptor() const override {
    return state() == DeviceState::gone ? -1 : shared_->wake.number();
  }
  DeviceState state() const override;
  bool reopen() override;
  OffloadCapabilities offloads() const override {
    return writers_.empty() ? OffloadCapabilities{} : writers_.front()->offloads();
  }
  void set_mtu(std::uint32_t mtu) override { shared_->config.mtu = mtu; }

 private:
  void take_up(std::vector<std::unique_ptr<TapDevice>> queues);

  Workers& workers_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::unique_ptr<TapDevice>> writers_;  ///< by worker; never read
};

/// The workers have the queues; what stays here are second descriptors of the same.
void Workers::Port::take_up(std::vector<std::unique_ptr<TapDevice>> queues) {
  writers_.clear();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    writers_.push_back(queues[i]->duplicate());
    workers_.workers_[i]->attach(shared_->interface, std::move(queues[i]), shared_->lanes[i]->lane,
                                 shared_->wake.number());
  }
}

ReceiveResult Workers::Port::receive(PacketPool& /*pool*/, Batch& into) {
  ReceiveResult result;
  std::uint64_t wakes = 0;
  [[maybe_unused]] const auto read = ::read(shared_->wake.number(), &wakes, sizeof wakes);
  for (const auto& each : shared_->lanes) {
    while (!into.full()) {
      const auto punted = each->lane.punted.pop();
      if (!punted) break;
      into.push(Packet(*punted));
      ++result.frames;
    }
  }
  result.more = into.full();
  return result;
}

TransmitResult Workers::Port::transmit(Batch& from) {
  TransmitResult sum;
  const std::span<const Packet> frames = from.packets();
  for (std::size_t begin = 0, end = 0; begin < frames.size(); begin = end) {
    const std::size_t worker = worker_of(frames[begin]);
    while (end < frames.size() && worker_of(frames[end]) == worker) ++end;
    const TransmitResult part = writers_[worker]->write(frames.subspan(begin, end - begin));
    sum.sent += part.sent;
    sum.full += part.full;
    sum.down += part.down;
  }
  from.clear();
  return sum;
}

DeviceState Workers::Port::state() const {
  const auto is_gone = [](const auto& each) {
    return each->lane.gone.load(std::memory_order_acquire);
  };
  if (std::ranges::any_of(shared_->lanes, is_gone)) return DeviceState::gone;
  DeviceState worst = DeviceState::ready;
  for (const auto& writer : writers_) worst = std::max(worst, writer->state());
  return worst;
}

bool Workers::Port::reopen() {
  writers_.clear();
  auto queues = TapDevice::reopen_queues(shared_->config, workers_.count());
  if (!queues) return false;
  for (const auto& each : shared_->lanes) each->lane.gone.store(false, std::memory_order_release);
  take_up(std::move(*queues));
  return true;
}

// --- All of them ---------------------------------------------------------------------------------

Workers::Workers(unsigned count, const PoolSizes& each) {
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(i, each));
}

Workers::~Workers() {
  stop();
}

Expected<std::unique_ptr<Device>, Error> Workers::open(IfIndex interface, const TapConfig& config) {
  auto queues = TapDevice::open_queues(config, count());
  if (!queues) return unexpected(std::move(queues.error()));
  auto shared = std::make_shared<Shared>();
  shared->interface = interface;
  shared->config = config;
  for (unsigned i = 0; i < count(); ++i) shared->lanes.push_back(std::make_unique<Shared::Lane>());
  ports_.push_back(shared);
  return std::unique_ptr<Device>(new Port(*this, std::move(shared), std::move(*queues)));
}

void Workers::start(Stack& stack, std::function<bool(IfIndex)> is_loops) {
  is_loops_ = std::move(is_loops);
  follow(stack);
  for (const auto& worker : workers_) worker->start(stack);
}

void Workers::stop() {
  for (const auto& worker : workers_) worker->stop();
}

// By comparison, so that no change of an interface can be forgotten, whoever made it.
void Workers::follow(const Stack& stack) {
  for (const auto& worker : workers_) worker->resume();
  PlaneConfiguration now{.forwarding = stack.settings().forwarding,
                         .multipath_hash = stack.settings().multipath_hash};
  for (const auto& interface : stack.interfaces())
    now.links.push_back(link_of(*interface, is_loops_ && is_loops_(interface->index)));
  if (told_ && *told_ == now) return;
  told_ = std::make_shared<const PlaneConfiguration>(std::move(now));
  for (const auto& worker : workers_) worker->configure(told_);
}

void Workers::account(Stack& stack) {
  for (const auto& port : ports_) {
    for (const auto& each : port->lanes) {
      const QueueCounters& counted = each->lane.counted;
      auto& before = each->accounted;
      stack.account(port->interface, {.rx_packets = growth(counted.rx_packets, before[0]),
                                      .rx_bytes = growth(counted.rx_bytes, before[1]),
                                      .tx_packets = growth(counted.tx_packets, before[2]),
                                      .tx_bytes = growth(counted.tx_bytes, before[3])});
      stack.receive_failed(port->interface, DropReason::frame_too_long,
                           growth(counted.too_long, before[4]));
      stack.receive_failed(port->interface, DropReason::no_buffer,
                           growth(counted.no_buffer, before[5]));
      stack.receive_failed(port->interface, DropReason::punt_queue_full,
                           growth(counted.not_punted, before[6]));
      stack.transmit_failed(port->interface, DropReason::device_full,
                            growth(counted.full, before[7]));
      stack.transmit_failed(port->interface, DropReason::device_down,
                            growth(counted.down, before[8]));
      stack.receive_failed(port->interface, DropReason::offload_malformed,
                           growth(counted.malformed, before[9]));
      stack.receive_failed(port->interface, DropReason::unknown_ethertype,
                           growth(counted.unknown, before[10]));
    }
  }
  std::uint64_t forwarded = 0;
  for (const auto& worker : workers_) forwarded += worker->forwarded();
  stack.account_forwarded(forwarded - std::exchange(forwarded_, forwarded));
}

}  // namespace smolstack::io
