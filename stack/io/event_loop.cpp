#include "smolstack/io/event_loop.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smolstack/io/report_limit.hpp"

namespace smolstack::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A device that keeps waking us with nothing to receive gets a pause: never a busy loop.
constexpr unsigned most_fruitless_wakes = 16;
constexpr Duration fruitless_pause = std::chrono::milliseconds(100);
// A stack whose deadline has always passed already gets the time no more often than this.
constexpr Duration shortest_wait = std::chrono::milliseconds(1);
constexpr Duration time_of_day_age = std::chrono::hours(1);
// How often in a row deliveries may cause new frames before the devices have their turn.
constexpr int flush_rounds = 4;

/// A device, the interface that it is tied to, and what the loop remembers of the two.
struct Port {
  Port(asio::io_context& context, IfIndex number, std::unique_ptr<Device> owned, bool host)
      : index(number), is_host(host), device(std::move(owned)), readiness(context) {}

  IfIndex index;
  bool is_host;  // the kernel beside us sends by it; the wire is another port
  std::unique_ptr<Device> device;
  asio::posix::stream_descriptor readiness;  // borrows the device's descriptor
  DeviceState state = DeviceState::ready;    // as last reported
  std::uint32_t mtu = 0;
  unsigned fruitless_wakes = 0;
  std::optional<Instant> retry_at;  // gone: when to try again; paused: when to listen again
  ReportLimit reports;
};

Duration since_midnight() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Duration>(now % std::chrono::days(1));
}

/// Do frames that waited in the device come due?
bool is_due(const Device& device) {
  const auto at = device.next_deadline();
  return at && *at <= EventLoop::now();
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

}  // namespace

struct EventLoop::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, Stack& core, const EventLoopOptions& how)
      : context(io), stack(core), options(how), timer(io) {
    tell_time_of_day();
  }

  void attach(IfIndex index, std::unique_ptr<Device> device, bool is_host);
  void close();
  void let_go();
  void flush();

  asio::io_context& context;
  Stack& stack;
  std::function<void(const DeviceReport&)> on_report;
  std::function<void(PacketQueue)> on_icmp;
  std::function<void(const AddressConflict&)> on_conflict;
  std::function<void()> on_input;
  std::function<void()> on_refresh;
  std::function<void()> on_flushed;

 private:
  // The way in.
  void listen(Port& port);
  void wake(Port& port);
  bool receive(Port& port);
  void hand_over(Port& port);
  void account(Port& port, const ReceiveResult& got);
  void account_impairment(Port& port, std::size_t lost, std::size_t queue_full);
  // The way out.
  bool deliver_icmp();
  void report_conflicts();
  void transmit_all();
  void transmit(Port& port);
  void flush_later();
  // Devices that come and go.
  void note_state(Port& port);
  void leave(Port& port);
  void retry(Port& port, Instant now);
  void set_running(Port& port, bool running);
  void report(Port& port, ReportKind kind, std::uint64_t count = 1);
  // Time.
  void set_timer();
  void timer_fired();
  void tell_time_of_day();

  EventLoopOptions options;
  asio::steady_timer timer;
  std::optional<Instant> timer_at;
  Instant timer_ran{};
  Instant told_time_at{};
  std::vector<std::unique_ptr<Port>> ports;  // each stays where it is: handlers point at it
  Batch batch;
  bool closed = false;
  bool flushing = false;
  bool flush_again = false;
};

void EventLoop::State::attach(IfIndex index, std::unique_ptr<Device> device, bool is_host) {
  ports.push_back(std::make_unique<Port>(context, index, std::move(device), is_host));
  Port& port = *ports.back();
  note_state(port);
  listen(port);
  flush();
}

void EventLoop::State::close() {
  flush();
  let_go();
  timer.cancel();
}

void EventLoop::State::let_go() {
  closed = true;
  for (const auto& port : ports)
    if (port->readiness.is_open()) port->readiness.release();
  ports.clear();
}

// --- The way in ----------------------------------------------------------------------------------

void EventLoop::State::listen(Port& port) {
  if (port.state == DeviceState::gone) return;
  if (!port.readiness.is_open()) port.readiness.assign(port.device->descriptor());
  port.readiness.async_wait(asio::posix::stream_descriptor::wait_read,
                            [self = weak_from_this(), &port](const error_code& error) {
                              const auto state = self.lock();
                              // Ports go only all together, when the loop closes.
                              if (!error && state && !state->closed) state->wake(port);
                            });
}

void EventLoop::State::wake(Port& port) {
  if (port.state == DeviceState::gone) return;
  const bool fruitful = receive(port);
  port.fruitless_wakes = fruitful ? 0 : port.fruitless_wakes + 1;
  if (port.fruitless_wakes < most_fruitless_wakes)
    listen(port);
  else
    port.retry_at = now() + fruitless_pause;
  flush();
}

/// Takes in what the device holds, within the budget of one wake-up; false: there was nothing.
bool EventLoop::State::receive(Port& port) {
  // A program may have raised the mirror's MTU a moment before it sent.
  if (port.is_host && on_input) on_input();
  const std::uint32_t mtu = stack.interfaces()[port.index].mtu;
  if (std::exchange(port.mtu, mtu) != mtu) port.device->set_mtu(mtu);
  bool fruitful = false;
  bool more = true;
  for (unsigned i = 0; more && i < options.batches_per_wake; ++i) {
    const ReceiveResult got = port.device->receive(stack.pool(), batch);
    account(port, got);
    if (!batch.empty()) hand_over(port);
    fruitful |= got.frames + got.too_long + got.no_buffer > 0;
    fruitful |= got.delayed + got.lost + got.queue_full > 0;
    more = got.more;
  }
  // Also when a timer came before the wake-up and left nothing for it.
  if (fruitful) port.fruitless_wakes = 0;
  note_state(port);
  return fruitful;
}

void EventLoop::State::hand_over(Port& port) {
  if (on_input) on_input();
  if (port.is_host)
    stack.receive_from_host(port.index, batch, now());
  else
    stack.receive(port.index, batch, now());
}

void EventLoop::State::account(Port& port, const ReceiveResult& got) {
  if (got.too_long > 0) {
    stack.receive_failed(port.index, DropReason::frame_too_long, got.too_long);
    report(port, ReportKind::too_long, got.too_long);
  }
  if (got.no_buffer > 0) {
    stack.receive_failed(port.index, DropReason::no_buffer, got.no_buffer);
    report(port, ReportKind::no_buffer, got.no_buffer);
  }
  account_impairment(port, got.lost, got.queue_full);
}

/// Either way it is no error of the device, and nothing to report: somebody asked for it.
void EventLoop::State::account_impairment(Port& port, std::size_t lost, std::size_t queue_full) {
  if (lost > 0) stack.receive_failed(port.index, DropReason::impaired_loss, lost);
  if (queue_full > 0) stack.receive_failed(port.index, DropReason::impaired_queue, queue_full);
}

// --- The way out ---------------------------------------------------------------------------------

void EventLoop::State::flush() {
  if (closed) return;
  flush_again = true;
  if (flushing) return;  // called from a delivery: the round after this one does it
  flushing = true;
  for (int round = 0; flush_again && round < flush_rounds; ++round) {
    flush_again = false;
    transmit_all();
    if (deliver_icmp()) flush_again = true;
  }
  if (on_flushed) on_flushed();
  report_conflicts();
  flushing = false;
  if (flush_again) flush_later();
  if (now() - told_time_at >= time_of_day_age) tell_time_of_day();
  set_timer();
}

/// Messages that beget messages (a flood of pings to ourselves) must not shut out the devices.
void EventLoop::State::flush_later() {
  asio::post(context, [self = weak_from_this()] {
    if (const auto state = self.lock()) state->flush();
  });
}

bool EventLoop::State::deliver_icmp() {
  if (!on_icmp) return false;
  PacketQueue messages = stack.take_icmp();
  if (messages.empty()) return false;
  on_icmp(std::move(messages));
  return true;
}

void EventLoop::State::report_conflicts() {
  if (!on_conflict) return;
  for (const AddressConflict& conflict : stack.arp().take_conflicts()) on_conflict(conflict);
}

void EventLoop::State::transmit_all() {
  for (const auto& port : ports) {
    while (!port->is_host && stack.drain(port->index, batch)) transmit(*port);
    if (is_due(*port->device)) transmit(*port);
  }
}

void EventLoop::State::transmit(Port& port) {
  const TransmitResult result = port.device->transmit(batch);
  if (result.full > 0) {
    stack.transmit_failed(port.index, DropReason::device_full, result.full);
    report(port, ReportKind::full, result.full);
  }
  if (result.down > 0) stack.transmit_failed(port.index, DropReason::device_down, result.down);
  account_impairment(port, result.lost, result.queue_full);
  note_state(port);
}

// --- Devices that come and go --------------------------------------------------------------------

/// Says what became of a device since it was last looked at, and lets go of one that is gone.
void EventLoop::State::note_state(Port& port) {
  const DeviceState before = std::exchange(port.state, port.device->state());
  if (port.state == before) return;
  switch (port.state) {
    case DeviceState::gone: leave(port); break;
    // The interface goes on: only a frame that is sent can find out that the way is free again.
    case DeviceState::down: report(port, ReportKind::down); break;
    case DeviceState::ready: report(port, ReportKind::up); break;
  }
}

void EventLoop::State::leave(Port& port) {
  // A dead descriptor is always ready: whoever went on waiting for it would spin.
  if (port.readiness.is_open()) port.readiness.release();
  if (port.is_host) return report(port, ReportKind::gone);  // made anew it would be another link
  port.retry_at = now() + options.retry;
  set_running(port, false);
  report(port, ReportKind::gone);
}

/// The time has come to try a device that is gone, or to listen to one that was paused.
void EventLoop::State::retry(Port& port, Instant time) {
  port.retry_at.reset();
  port.fruitless_wakes = 0;
  if (port.state != DeviceState::gone) return listen(port);
  if (!port.device->reopen()) {
    port.retry_at = time + options.retry;
    return;
  }
  port.state = port.device->state();
  set_running(port, true);
  report(port, ReportKind::back);
  listen(port);
}

void EventLoop::State::set_running(Port& port, bool running) {
  stack.set_running(stack.interfaces()[port.index], running, now());
}

void EventLoop::State::report(Port& port, ReportKind kind, std::uint64_t count) {
  const auto due = port.reports.take(kind, count, now());
  if (due && on_report) on_report({port.index, report_text(kind, *due), is_error(kind)});
}

// --- Time ----------------------------------------------------------------------------------------

/// The one timer waits for the stack's deadline, for frames that wait in a device, or for a device
/// that is to be tried again.
void EventLoop::State::set_timer() {
  std::optional<Instant> at = stack.next_deadline();
  if (at) at = std::max(*at, timer_ran + shortest_wait);
  for (const auto& port : ports)
    at = earlier(at, earlier(port->retry_at, port->device->next_deadline()));
  if (at == timer_at) return;
  timer_at = at;
  if (!at) {
    timer.cancel();
    return;
  }
  timer.expires_at(asio::steady_timer::time_point(at->time_since_epoch()));
  timer.async_wait([self = weak_from_this()](const error_code& error) {
    const auto state = self.lock();
    if (!error && state && !state->closed) state->timer_fired();
  });
}

void EventLoop::State::timer_fired() {
  timer_at.reset();
  timer_ran = now();
  for (const auto& port : ports)
    if (port->retry_at && *port->retry_at <= timer_ran) retry(*port, timer_ran);
  stack.advance(timer_ran);
  for (const auto& port : ports)
    if (is_due(*port->device)) receive(*port);
  flush();
}

void EventLoop::State::tell_time_of_day() {
  told_time_at = now();
  stack.set_time_of_day(told_time_at, since_midnight());
}

// --- What the loop's owner sees ------------------------------------------------------------------

EventLoop::EventLoop(asio::io_context& context, Stack& stack, const EventLoopOptions& options)
    : state_(std::make_shared<State>(context, stack, options)) {}

EventLoop::~EventLoop() {
  state_->let_go();
}

void EventLoop::attach(IfIndex interface, std::unique_ptr<Device> device) {
  state_->attach(interface, std::move(device), false);
}

void EventLoop::attach_host(IfIndex interface, std::unique_ptr<Device> device) {
  state_->attach(interface, std::move(device), true);
}

void EventLoop::flush() {
  state_->flush();
}

void EventLoop::close() {
  state_->close();
}

Instant EventLoop::now() {
  // CLOCK_MONOTONIC: steps of the wall clock must not reach the stack.
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

void EventLoop::on_report(std::function<void(const DeviceReport&)> report) {
  state_->on_report = std::move(report);
}

void EventLoop::on_icmp(std::function<void(PacketQueue)> deliver) {
  state_->on_icmp = std::move(deliver);
}

void EventLoop::on_conflict(std::function<void(const AddressConflict&)> report) {
  state_->on_conflict = std::move(report);
}

void EventLoop::on_input(std::function<void()> prepare) {
  state_->on_input = std::move(prepare);
}

void EventLoop::on_refresh(std::function<void()> collect) {
  state_->on_refresh = std::move(collect);
}

void EventLoop::refresh() {
  if (state_->on_refresh) state_->on_refresh();
}

void EventLoop::on_flushed(std::function<void()> then) {
  state_->on_flushed = std::move(then);
}

asio::io_context& EventLoop::context() {
  return state_->context;
}

Stack& EventLoop::stack() {
  return state_->stack;
}

}  // namespace smolstack::io
