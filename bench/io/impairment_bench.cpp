// What a bad wire costs, and how exactly it keeps the time that was asked for.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/io/impairment_device.hpp"
#include "smolstack/io/pair.hpp"

namespace {

using namespace smolstack;
using namespace std::chrono_literals;

/// Takes frames and keeps them for the next round: the cost of a device is not measured.
class Shelf final : public io::Device {
 public:
  explicit Shelf(std::vector<Packet>& frames) : frames_(frames) {}
  io::ReceiveResult receive(PacketPool& /*pool*/, Batch& /*into*/) override { return {}; }
  io::TransmitResult transmit(Batch& from) override {
    for (Packet& frame : from.packets()) frames_.push_back(std::move(frame));
    const io::TransmitResult result{.sent = from.size()};
    from.clear();
    return result;
  }
  int descriptor() const override { return -1; }
  io::DeviceState state() const override { return io::DeviceState::ready; }

 private:
  std::vector<Packet>& frames_;
};

/// 64 frames go in, and when their time has come, out. Without words there is no impairment at all.
void impairment_transmit(benchmark::State& state, const char* words) {
  constexpr std::size_t frames = 64;
  PacketPool pool;
  std::vector<Packet> shelf;
  shelf.reserve(2 * frames);
  for (std::size_t i = 0; i < frames; ++i) {
    shelf.push_back(pool.allocate(1500));
    shelf.back().append(1500);
  }
  Instant now{1h};
  std::unique_ptr<io::Device> device = std::make_unique<Shelf>(shelf);
  if (words != nullptr) {
    auto wire = std::make_unique<io::Impairment>(std::move(device), io::WireEnd{"bench", 1},
                                                 [&] { return now; });
    wire->set(io::Direction::out, io::parse_impairment(words).value());
    device = std::move(wire);
  }
  Batch batch;
  for (auto _ : state) {
    for (Packet& frame : shelf) batch.push(std::move(frame));
    shelf.clear();
    device->transmit(batch);
    now += 1s;
    if (device->next_deadline()) device->transmit(batch);
    if (shelf.size() != frames) return state.SkipWithError("frames were lost");
  }
  const auto packets = state.iterations() * static_cast<std::int64_t>(frames);
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(impairment_transmit, none, nullptr);
BENCHMARK_CAPTURE(impairment_transmit, off, "off");
BENCHMARK_CAPTURE(impairment_transmit, loss, "loss 0.00000001%");
BENCHMARK_CAPTURE(impairment_transmit, delay, "delay 50ms");
BENCHMARK_CAPTURE(impairment_transmit, all,
                  "delay 50ms jitter 5ms loss 0.00000001% reorder 25% corrupt 1% rate 10gbit");

/// Two machines on a wire in memory, in one loop. One pings the other so many times a second, and
/// notes by how much each reply took longer than the delay that its request was given.
class DelayedPings {
 public:
  DelayedPings(Duration delay, unsigned per_second, std::size_t count)
      : delay_(delay), gap_(Duration(1s) / per_second), count_(count), timer_(context_) {
    auto [a, b] = io::PairDevice::make();
    auto wire = std::make_unique<io::Impairment>(std::move(a), io::WireEnd{"left", 1});
    io::ImpairmentOptions options;
    options.delay = delay;
    wire->set(io::Direction::out, options);
    plug(left_, left_loop_, left_address, right_address, std::move(wire));
    plug(right_, right_loop_, right_address, left_address, std::move(b));
    left_.listen_icmp(true);
    left_loop_.on_icmp([this](PacketQueue replies) { note(std::move(replies)); });
    errors_.reserve(count);
    sent_at_.reserve(count);
  }

  std::vector<Duration> run() {
    next_ = io::EventLoop::now() + gap_;
    wait();
    context_.run_for(60s);
    std::ranges::sort(errors_);
    return std::move(errors_);
  }

 private:
  static constexpr Ipv4Address left_address{10, 0, 0, 1};
  static constexpr Ipv4Address right_address{10, 0, 0, 2};

  /// The peer is known from the start: nothing waits for ARP, which would be late too.
  static void plug(Stack& stack, io::EventLoop& loop, Ipv4Address address, Ipv4Address peer,
                   std::unique_ptr<io::Device> device) {
    Interface made;
    made.name = "eth0";
    made.mac = default_mac(address);
    Interface& interface = stack.add_interface(std::move(made));
    (void)stack.add_address(interface, {address, 24}, io::EventLoop::now());
    stack.arp().set({interface.index, peer}, default_mac(peer), NeighborState::permanent,
                    io::EventLoop::now());
    loop.attach(interface.index, std::move(device));
  }

  void wait() {
    timer_.expires_at(boost::asio::steady_timer::time_point(next_.time_since_epoch()));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      ping();
      next_ += gap_;
      if (sent_at_.size() < count_) wait();
    });
  }

  void ping() {
    Packet payload = left_.make_payload(64);
    auto& icmp = payload.header<wire::Icmpv4Header>();
    icmp = {};
    icmp.type = icmpv4_type::echo_request;
    icmp.rest = static_cast<std::uint16_t>(sent_at_.size());
    finish_icmp(payload.bytes());
    Ipv4Send how;
    how.destination = right_address;
    how.protocol = ip_protocol::icmp;
    sent_at_.push_back(io::EventLoop::now());
    (void)left_.send(std::move(payload), how, sent_at_.back());
    left_loop_.flush();
  }

  void note(PacketQueue replies) {
    const Instant now = io::EventLoop::now();
    while (Packet reply = replies.pop()) {
      reply.pull(sizeof(wire::Ipv4Header));
      const std::size_t sequence = reply.header<wire::Icmpv4Header>().sequence();
      errors_.push_back(now - sent_at_.at(sequence) - delay_);
    }
    if (errors_.size() == count_) context_.stop();
  }

  Duration delay_;
  Duration gap_;
  std::size_t count_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_;
  Stack left_;
  Stack right_;
  io::EventLoop left_loop_{context_, left_};
  io::EventLoop right_loop_{context_, right_};
  Instant next_{};
  std::vector<Instant> sent_at_;
  std::vector<Duration> errors_;
};

double microseconds(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

/// A thousand packets a second for five seconds.
void impairment_delay_error(benchmark::State& state) {
  constexpr std::size_t count = 5000;
  std::vector<Duration> errors;
  for (auto _ : state) errors = DelayedPings(state.range(0) * 1ms, 1000, count).run();
  if (errors.size() != count) return state.SkipWithError("replies were lost");
  state.counters["least_us"] = microseconds(errors.front());
  state.counters["median_us"] = microseconds(errors[count / 2]);
  state.counters["p99_us"] = microseconds(errors[count * 99 / 100]);
  state.counters["most_us"] = microseconds(errors.back());
}
BENCHMARK(impairment_delay_error)
    ->ArgName("delay_ms")
    ->Arg(1)
    ->Arg(20)
    ->Arg(100)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
