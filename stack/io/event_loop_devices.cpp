#include <algorithm>
#include <utility>

#include "event_loop_state.hpp"

// The devices of a loop: listening, taking in, and what becomes of one that is gone.

namespace smolstack::io {
namespace {

using boost::system::error_code;

// A device that keeps waking us with nothing to receive gets a pause: never a busy loop.
constexpr unsigned most_fruitless_wakes = 16;
constexpr Duration fruitless_pause = std::chrono::milliseconds(100);
}  // namespace

// --- The way in ----------------------------------------------------------------------------------

void EventLoop::State::listen(LoopPort& port) {
  if (port.state == DeviceState::gone) return;
  if (!port.readiness.is_open()) port.readiness.assign(port.device->descriptor());
  port.readiness.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [self = weak_from_this(), &port](const error_code& error) {
                              const auto state = self.lock();
                              // Ports go only all together, when the loop closes.
                              if (!error && state && !state->closed) state->wake(port);
                            });
}

void EventLoop::State::wake(LoopPort& port) {
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
    more = got.more;
  }
  // Also when a timer came before the wake-up and left nothing for it.
  if (fruitful) port.fruitless_wakes = 0;
  note_state(port);
  return fruitful;
}

void EventLoop::State::hand_over(LoopPort& port) {
  if (on_input) on_input();
  if (port.is_host)
    stack.receive_from_host(port.index, batch, now());
  else
    stack.receive(port.index, batch, now());
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
  if (port.readiness.is_open()) port.readiness.release();
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
