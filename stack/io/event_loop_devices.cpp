#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <system_error>
#include <utility>

#include "event_loop_state.hpp"

// The devices of a loop: listening, taking in, and what becomes of one that is gone.

namespace smolstack::io {
namespace {

using boost::system::error_code;

// A device that keeps waking us with nothing to receive gets a pause: never a busy loop.
constexpr unsigned most_fruitless_wakes = 16;
constexpr Duration fruitless_pause = std::chrono::milliseconds(100);

constexpr int events_at_once = 16;
// While frames come, Asio's other handlers wait no longer than that.
constexpr Duration longest_stay = std::chrono::milliseconds(1);
// Each stay in vain doubles the number of wake-ups until the next; this often at most.
constexpr unsigned most_vain_stays = 8;

}  // namespace

// --- Who is ready --------------------------------------------------------------------------------

void EventLoop::State::listen(LoopPort& port) {
  if (port.state == DeviceState::gone || port.listened >= 0) return;
  const int descriptor = port.device->descriptor();
  const auto at = std::ranges::find(ports, &port, &std::unique_ptr<LoopPort>::get);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = std::uint64_t(at - ports.begin())}};
  if (::epoll_ctl(ready.number(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "listening to a device");
  port.listened = descriptor;
}

void EventLoop::State::stop_listening(LoopPort& port) {
  const int descriptor = std::exchange(port.listened, -1);
  if (descriptor >= 0) ::epoll_ctl(ready.number(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventLoop::State::await_devices() {
  if (!readiness.is_open()) readiness.assign(ready.number());
  readiness.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = weak_from_this()](const error_code& error) {
                         const auto state = self.lock();
                         if (!error && state && !state->closed) state->serve();
                       });
}

void EventLoop::State::serve() {
  serve_ready(false);
  if (no_stay_for > 0)
    --no_stay_for;
  else
    stay();
  if (!closed) await_devices();
}

/// Gives each device that is ready its turn; false: none had anything.
bool EventLoop::State::serve_ready(bool wait) {
  std::array<epoll_event, events_at_once> events;
  const int found = ::epoll_wait(ready.number(), events.data(), events_at_once, wait ? -1 : 0);
  bool fruitful = false;
  for (const epoll_event& event : std::span(events).first(std::size_t(std::max(found, 0)))) {
    if (closed) break;  // only then do ports go
    if (event.data.u64 == stay_is_over)
      looked_at = now();
    else
      fruitful |= wake(*ports[event.data.u64]);
  }
  return fruitful;
}

/// Waits here for what comes next, as long as something does. Not when the timer is due soon.
void EventLoop::State::stay() {
  const Instant end = looked_at + longest_stay;
  if (closed || (timer_at && *timer_at < end)) return;
  // Asio would hear of each frame too.
  if (readiness.is_open()) readiness.release();
  end_waiting_at(end);
  is_staying = true;
  vain_stays = serve_until(end) ? 0 : std::min(vain_stays + 1, most_vain_stays);
  is_staying = false;
  no_stay_for = (1u << vain_stays) - 1;
  end_waiting_at({});
  flush();
}

/// False: nothing came.
bool EventLoop::State::serve_until(Instant end) {
  bool fruitful = false;
  while (!closed && !flush_posted && looked_at < end && (!timer_at || end <= *timer_at)) {
    if (!serve_ready(true)) break;
    fruitful = true;
  }
  return fruitful;
}

/// In a timer rather than in each call of epoll_wait, where it would have to be set each time.
void EventLoop::State::end_waiting_at(Instant end) {
  const auto since = end.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const itimerspec at{
      .it_interval = {},
      .it_value = {.tv_sec = seconds.count(), .tv_nsec = (since - seconds).count()}};
  ::timerfd_settime(stay_over.number(), TFD_TIMER_ABSTIME, &at, nullptr);
}

bool EventLoop::State::wake(LoopPort& port) {
  if (port.state == DeviceState::gone) return false;
  const bool fruitful = receive(port);
  port.fruitless_wakes = fruitful ? 0 : port.fruitless_wakes + 1;
  if (port.fruitless_wakes >= most_fruitless_wakes) {
    stop_listening(port);
    port.retry_at = now() + fruitless_pause;
  }
  if (is_staying)
    flush_in_passing();
  else
    flush();
  return fruitful;
}

// --- The way in ----------------------------------------------------------------------------------

/// Takes in what the device holds, within the budget of one wake-up; false: there was nothing.
bool EventLoop::State::receive(LoopPort& port) {
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
    // While what goes out is still in the caches, and before the kernel's queue is full again.
    transmit_all();
    fruitful |= got.frames + got.too_long + got.no_buffer > 0;
    fruitful |= got.delayed + got.lost + got.queue_full + got.malformed + got.unknown > 0;
    more = got.more && !got.likely_all;
  }
  // Also when a timer came before the wake-up and left nothing for it.
  if (fruitful) port.fruitless_wakes = 0;
  note_state(port);
  return fruitful;
}

void EventLoop::State::hand_over(LoopPort& port) {
  if (on_input) on_input();
  looked_at = now();
  if (port.is_host)
    stack.receive_from_host(port.index, batch, looked_at);
  else
    stack.receive(port.index, batch, looked_at);
}

void EventLoop::State::account(LoopPort& port, const ReceiveResult& got) {
  if (got.too_long > 0) {
    stack.receive_failed(port.index, DropReason::frame_too_long, got.too_long);
    report(port, ReportKind::too_long, got.too_long);
  }
  if (got.no_buffer > 0) {
    stack.receive_failed(port.index, DropReason::no_buffer, got.no_buffer);
    report(port, ReportKind::no_buffer, got.no_buffer);
  }
  if (got.malformed > 0)
    stack.receive_failed(port.index, DropReason::offload_malformed, got.malformed);
  if (got.unknown > 0) stack.receive_failed(port.index, DropReason::unknown_ethertype, got.unknown);
  account_impairment(port, got.lost, got.queue_full);
}

/// Either way it is no error of the device, and nothing to report: somebody asked for it.
void EventLoop::State::account_impairment(LoopPort& port, std::size_t lost,
                                          std::size_t queue_full) {
  if (lost > 0) stack.receive_failed(port.index, DropReason::impaired_loss, lost);
  if (queue_full > 0) stack.receive_failed(port.index, DropReason::impaired_queue, queue_full);
}

// --- Devices that come and go --------------------------------------------------------------------

/// Says what became of a device since it was last looked at, and lets go of one that is gone.
void EventLoop::State::note_state(LoopPort& port) {
  const DeviceState before = std::exchange(port.state, port.device->state());
  if (port.state == before) return;
  switch (port.state) {
    case DeviceState::gone: leave(port); break;
    // The interface goes on: only a frame that is sent can find out that the way is free again.
    case DeviceState::down: report(port, ReportKind::down); break;
    case DeviceState::ready: report(port, ReportKind::up); break;
  }
}

void EventLoop::State::leave(LoopPort& port) {
  // A dead descriptor is always ready: whoever went on waiting for it would spin.
  stop_listening(port);
  if (port.is_host) return report(port, ReportKind::gone);  // made anew it would be another link
  port.retry_at = now() + options.retry;
  set_running(port, false);
  report(port, ReportKind::gone);
}

/// The time has come to try a device that is gone, or to listen to one that was paused.
void EventLoop::State::retry(LoopPort& port, Instant time) {
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

void EventLoop::State::set_running(LoopPort& port, bool running) {
  stack.set_running(stack.interfaces()[port.index], running, now());
}

void EventLoop::State::report(LoopPort& port, ReportKind kind, std::uint64_t count) {
  const auto due = port.reports.take(kind, count, now());
  if (due && on_report) on_report({port.index, report_text(kind, *due), is_error(kind)});
}

}  // namespace smolstack::io
