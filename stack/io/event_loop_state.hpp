#pragma once
// What lies behind an EventLoop: its devices, its timer, and the way in and out between them and
// the stack. Two files: event_loop.cpp has the rounds and the time, event_loop_devices.cpp the
// devices.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/io/report_limit.hpp"

namespace smolstack::io {

/// A device, the interface that it is tied to, and what the loop remembers of the two.
struct LoopPort {
  LoopPort(boost::asio::io_context& context, IfIndex number, std::unique_ptr<Device> owned,
           bool host)
      : index(number), is_host(host), device(std::move(owned)), readiness(context) {}

  IfIndex index;
  bool is_host;  // the kernel beside us sends by it; the wire is another port
  std::unique_ptr<Device> device;
  boost::asio::posix::stream_descriptor readiness;  // borrows the device's descriptor
  DeviceState state = DeviceState::ready;           // as last reported
  std::uint32_t mtu = 0;
  unsigned fruitless_wakes = 0;
  std::optional<Instant> retry_at;  // gone: when to try again; paused: when to listen again
  ReportLimit reports;
};

struct EventLoop::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, Stack& core, const EventLoopOptions& how)
      : context(io), stack(core), options(how), timer(io) {
    tell_time_of_day();
  }

  void attach(IfIndex index, std::unique_ptr<Device> device, bool is_host);
  void close();
  void let_go();
  void flush();

  boost::asio::io_context& context;
  Stack& stack;
  std::function<void(const DeviceReport&)> on_report;
  std::function<void(PacketQueue)> on_icmp;
  std::function<void(const AddressConflict&)> on_conflict;
  std::function<void()> on_input;
  std::function<void()> on_refresh;
  std::function<void()> on_flushed;

 private:
  // The way in.
  void listen(LoopPort& port);
  void wake(LoopPort& port);
  bool receive(LoopPort& port);
  void hand_over(LoopPort& port);
  void account(LoopPort& port, const ReceiveResult& got);
  void account_impairment(LoopPort& port, std::size_t lost, std::size_t queue_full);
  // The way out.
  bool deliver_icmp();
  void report_conflicts();
  void transmit_all();
  void transmit(LoopPort& port);
  void flush_later();
  // Devices that come and go.
  void note_state(LoopPort& port);
  void leave(LoopPort& port);
  void retry(LoopPort& port, Instant now);
  void set_running(LoopPort& port, bool running);
  void report(LoopPort& port, ReportKind kind, std::uint64_t count = 1);
  // Time.
  void set_timer();
  void timer_fired();
  void tell_time_of_day();

  EventLoopOptions options;
  boost::asio::steady_timer timer;
  std::optional<Instant> timer_at;
  Instant timer_ran{};
  Instant told_time_at{};
  std::vector<std::unique_ptr<LoopPort>> ports;  // each stays where it is: handlers point at it
  Batch batch;
  bool closed = false;
  bool flushing = false;
  bool flush_again = false;
};

}  // namespace smolstack::io
