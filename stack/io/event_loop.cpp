#include "smolstack/io/event_loop.hpp"

#include <algorithm>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <utility>

#include <boost/asio/post.hpp>

#include "event_loop_state.hpp"

namespace smolstack::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A stack whose deadline has always passed already gets the time no more often than this.
constexpr Duration shortest_wait = std::chrono::milliseconds(1);
constexpr Duration time_of_day_age = std::chrono::hours(1);
// How often in a row deliveries may cause new frames before the devices have their turn.
constexpr int flush_rounds = 4;

Duration since_midnight() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Duration>(now % std::chrono::days(1));
}

/// Do frames that waited in the device come due?
bool is_due(std::optional<Instant> at) {
  return at && *at <= EventLoop::now();
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

}  // namespace

EventLoop::State::State(asio::io_context& io, Stack& core, const EventLoopOptions& how)
    : context(io),
      stack(core),
      options(how),
      ready(::epoll_create1(EPOLL_CLOEXEC)),
      stay_over(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      readiness(io),
      timer(io) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = stay_is_over}};
  ::epoll_ctl(ready.number(), EPOLL_CTL_ADD, stay_over.number(), &event);
  tell_time_of_day();
}

void EventLoop::State::attach(IfIndex index, std::unique_ptr<Device> device, bool is_host) {
  ports.push_back(std::make_unique<LoopPort>(index, std::move(device), is_host));
  LoopPort& port = *ports.back();
  note_state(port);
  listen(port);
  if (!std::exchange(awaiting, true)) await_devices();
  flush();
}

void EventLoop::State::close() {
  flush();
  let_go();
  timer.cancel();
}

void EventLoop::State::let_go() {
  closed = true;
  if (readiness.is_open()) readiness.release();
  ports.clear();
}

// --- The way out ---------------------------------------------------------------------------------

void EventLoop::State::flush() {
  if (closed) return;
  flush_again = true;
  if (flushing) return;  // called from a delivery: the round after this one does it
  flushing = true;
  for (int round = 0; flush_again && round < flush_rounds; ++round) {
    flush_again = false;
    learn_offloads();
    transmit_all();
    transmit_due();
    if (deliver_icmp()) flush_again = true;
  }
  if (on_flushed) on_flushed();
  report_conflicts();
  flushing = false;
  if (flush_again) flush_later();
  looked_at = now();
  if (looked_at - told_time_at >= time_of_day_age) tell_time_of_day();
  set_timer();
}

/// Of flush() what cannot wait until the stay is over, when the frames have been sent already.
void EventLoop::State::flush_in_passing() {
  if (closed) return;
  transmit_due();
  if (on_flushed || frames_due || deliver_icmp()) flush();
}

/// Messages that beget messages (a flood of pings to ourselves) must not shut out the devices.
void EventLoop::State::flush_later() {
  flush_posted = true;
  asio::post(context, [self = weak_from_this()] {
    const auto state = self.lock();
    if (!state) return;
    state->flush_posted = false;
    state->flush();
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

void EventLoop::State::learn_offloads() {
  for (const auto& port : ports)
    if (!port->is_host) stack.interfaces()[port->index].offloads = port->device->offloads();
}

void EventLoop::State::transmit_all() {
  for (const auto& port : ports)
    while (!port->is_host && stack.drain(port->index, batch)) transmit(*port);
}

void EventLoop::State::transmit_due() {
  frames_due.reset();
  for (const auto& port : ports) {
    auto at = port->device->next_deadline();
    if (is_due(at)) {
      transmit(*port);
      at = port->device->next_deadline();
    }
    frames_due = earlier(frames_due, at);
  }
}

void EventLoop::State::transmit(LoopPort& port) {
  const TransmitResult result = port.device->transmit(batch);
  if (result.full > 0) {
    stack.transmit_failed(port.index, DropReason::device_full, result.full);
    report(port, ReportKind::full, result.full);
  }
  if (result.down > 0) stack.transmit_failed(port.index, DropReason::device_down, result.down);
  account_impairment(port, result.lost, result.queue_full);
  note_state(port);
}

// --- Time ----------------------------------------------------------------------------------------

/// The one timer waits for the stack's deadline, for frames that wait in a device, or for a device
/// that is to be tried again.
void EventLoop::State::set_timer() {
  std::optional<Instant> at = stack.next_deadline();
  if (at) at = std::max(*at, timer_ran + shortest_wait);
  at = earlier(at, frames_due);
  for (const auto& port : ports) at = earlier(at, port->retry_at);
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
    if (is_due(port->device->next_deadline())) receive(*port);
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
