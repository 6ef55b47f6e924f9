#include "smolstack/io/impairment_device.hpp"

#include "smolstack/io/event_loop.hpp"
#include "smolstack/packet/gso.hpp"

namespace smolstack::io {
namespace {

/// What a lane dropped since its counters were like this.
template <class Result>
void add_drops(Result& result, const ImpairmentCounters& before, const ImpairmentCounters& after) {
  result.lost += after.lost - before.lost;
  result.queue_full += after.queue_full - before.queue_full;
}

void add(TransmitResult& sum, const TransmitResult& part) {
  sum.sent += part.sent;
  sum.full += part.full;
  sum.down += part.down;
  sum.lost += part.lost;
  sum.queue_full += part.queue_full;
}

}  // namespace

Impairment::Impairment(std::unique_ptr<Device> device, const WireEnd& end, Clock clock)
    : device_(std::move(device)),
      clock_(clock ? std::move(clock) : Clock(&EventLoop::now)),
      out_(Direction::out, end),
      in_(Direction::in, end) {}

void Impairment::set(Direction direction, const ImpairmentOptions& options) {
  (direction == Direction::out ? out_ : in_).set(options, clock_());
}

ReceiveResult Impairment::receive(PacketPool& pool, Batch& into) {
  if (in_.is_idle()) return device_->receive(pool, into);
  const Instant now = clock_();
  ReceiveResult result;
  in_.release(into, now);
  if (!into.full()) {
    const std::size_t waiting = in_.waiting();
    result = take_in(pool, now);
    in_.release(into, now);
    result.delayed += in_.waiting() - waiting;
  }
  result.frames = into.size();
  const bool is_due = in_.is_due(now);
  result.more |= is_due;
  result.likely_all &= !is_due;
  return result;
}

ReceiveResult Impairment::take_in(PacketPool& pool, Instant now) {
  ReceiveResult result = device_->receive(pool, passing_);
  const ImpairmentCounters before = in_.counters();
  for (Packet& frame : passing_.packets())
    if (!admit(pool, std::move(frame), now)) ++result.no_buffer;
  passing_.clear();
  add_drops(result, before, in_.counters());
  return result;
}

/// Takes in what a frame will be on the wire; false: there was no buffer for it.
bool Impairment::admit(PacketPool& pool, Packet frame, Instant now) {
  PacketQueue segments;
  if (!frame.is_super_frame()) {
    finish_checksum(frame);
    segments.push(std::move(frame));
  } else if (!segment(pool, frame, segments)) {
    return false;
  }
  while (Packet each = segments.pop()) in_.admit(std::move(each), now);
  return true;
}

TransmitResult Impairment::transmit(Batch& from) {
  if (out_.is_idle()) return device_->transmit(from);
  const Instant now = clock_();
  const ImpairmentCounters before = out_.counters();
  for (Packet& frame : from.packets()) out_.admit(std::move(frame), now);
  from.clear();
  TransmitResult result;
  add_drops(result, before, out_.counters());
  do {
    out_.release(passing_, now);
    add(result, device_->transmit(passing_));
  } while (out_.is_due(now));
  return result;
}

std::optional<Instant> Impairment::next_deadline() const {
  std::optional<Instant> first = device_->next_deadline();
  for (const ImpairedLane* const lane : {&out_, &in_}) {
    const auto at = lane->next_deadline();
    if (at && (!first || *at < *first)) first = at;
  }
  return first;
}

std::unique_ptr<Device> Impairments::wrap(IfIndex interface, std::unique_ptr<Device> device,
                                          const WireEnd& end) {
  auto impairment = std::make_unique<Impairment>(std::move(device), end);
  add(interface, *impairment);
  return impairment;
}

void Impairments::add(IfIndex interface, Impairment& impairment) {
  known_.emplace_back(interface, &impairment);
}

Impairment* Impairments::find(IfIndex interface) const {
  for (const auto& [index, impairment] : known_)
    if (index == interface) return impairment;
  return nullptr;
}

}  // namespace smolstack::io
