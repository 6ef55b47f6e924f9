#pragma once
// What lies behind an EventLoop: its devices, its timer, and the way in and out between them and
// the stack. Two files: event_loop.cpp has the rounds and the time, event_loop_devices.cpp the
// devices.
//
// The devices have an epoll of their own, and Asio waits for that one descriptor. Who is ready is
// asked there; while frames follow each other closely the loop goes on asking there for a moment
// before it gives Asio its turn, which costs more than a frame does.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/io/descriptor.hpp"
#include "smolstack/io/event_loop.hpp"
#include "smolstack/io/report_limit.hpp"

namespace smolstack::io {

/// Among the ports that are ready: no port.
constexpr std::uint64_t stay_is_over = ~std::uint64_t{0};

/// A device, the interface that it is tied to, and what the loop remembers of the two.
struct LoopPort {
  LoopPort(IfIndex number, std::unique_ptr<Device> owned, bool host)
      : index(number), is_host(host), device(std::move(owned)) {}

  IfIndex index;
  bool is_host;  // the kernel beside us sends by it; the wire is another port
  std::unique_ptr<Device> device;
  int listened = -1;                       // the descriptor that is listened to
  DeviceState state = DeviceState::ready;  // as last reported
  std::uint32_t mtu = 0;
  unsigned fruitless_wakes = 0;
  std::optional<Instant> retry_at;  // gone: when to try again; paused: when to listen again
  ReportLimit reports;
};

struct EventLoop::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, Stack& core, const EventLoopOptions& how);

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
  // Who is ready.
  void listen(LoopPort& port);
  void stop_listening(LoopPort& port);
  void await_devices();
  void serve();
  bool serve_ready(bool wait);
  void stay();
  bool serve_until(Instant end);
  void end_waiting_at(Instant end);
  bool wake(LoopPort& port);
  // The way in.
  bool receive(LoopPort& port);
  void hand_over(LoopPort& port);
  void account(LoopPort& port, const ReceiveResult& got);
  void account_impairment(LoopPort& port, std::size_t lost, std::size_t queue_full);
  // The way out.
  void flush_in_passing();
  bool deliver_icmp();
  void report_conflicts();
  void transmit_all();
  void transmit_due();
  void learn_offloads();
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
  Descriptor ready;                                 // the epoll of the devices
  Descriptor stay_over;                             // the timer among them that ends a stay
  boost::asio::posix::stream_descriptor readiness;  // borrows `ready` while Asio waits for it
  boost::asio::steady_timer timer;
  std::optional<Instant> timer_at;
  std::optional<Instant> frames_due;  // the earliest of those that wait in devices
  Instant timer_ran{};
  Instant told_time_at{};
  Instant looked_at{};                           // the clock
  unsigned vain_stays = 0;                       // in a row
  unsigned no_stay_for = 0;                      // so many wake-ups
  std::vector<std::unique_ptr<LoopPort>> ports;  // known to `ready` by their places
  Batch batch;
  bool closed = false;
  bool flushing = false;
  bool flush_again = false;
  bool flush_posted = false;
  bool awaiting = false;
  bool is_staying = false;
};

}  // namespace smolstack::io
