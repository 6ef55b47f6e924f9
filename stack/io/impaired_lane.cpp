#include "smolstack/io/impaired_lane.hpp"

#include <algorithm>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/packet/pool.hpp"

namespace smolstack::io {
namespace {

// A batch of frames that need not wait, and a copy of each, pass through the queue at once.
constexpr std::size_t passing = 2 * Batch::capacity;

std::uint64_t hash_of(std::string_view name, const KeyedHash& hash) {
  std::uint64_t all = 0;
  for (const char c : name) all = hash(all, static_cast<unsigned char>(c));
  return all;
}

void flip_bit(const Packet& frame, std::uint64_t random) {
  if (frame.size() == 0) return;
  const std::uint64_t bit = random % (frame.size() * 8);
  frame.bytes()[bit / 8] ^= std::byte{1} << (bit % 8);
}

/// Uniform in -jitter..jitter.
Duration vary(Duration jitter, std::uint64_t random) {
  if (jitter == Duration()) return {};
  const auto span = static_cast<std::uint64_t>(2 * jitter.count() + 1);
  return Duration(static_cast<Duration::rep>(random % span)) - jitter;
}

}  // namespace

std::string_view to_string(Direction direction) {
  return direction == Direction::out ? "out" : "in";
}

// --- What waits ----------------------------------------------------------------------------------

std::size_t HeldFrames::index(std::size_t i) const {
  const std::size_t at = head_ + i;
  return at < slots_.size() ? at : at - slots_.size();
}

void HeldFrames::resize(std::size_t capacity) {
  std::vector<Slot> slots(std::max(capacity, size_));
  for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move(slots_[index(i)]);
  slots_ = std::move(slots);
  head_ = 0;
}

void HeldFrames::hasten(Instant latest) {
  for (std::size_t i = 0; i < size_; ++i)
    slots_[index(i)].due = std::min(slots_[index(i)].due, latest);
}

void HeldFrames::push(Instant due, Packet frame) {
  slots_[index(size_++)] = {due, std::move(frame)};
}

Packet HeldFrames::pop() {
  Packet frame = std::move(slots_[head_].frame);
  head_ = index(1);
  --size_;
  return frame;
}

// --- The lane ------------------------------------------------------------------------------------

/// What chance has in store for one frame.
struct ImpairedLane::Fate {
  bool lost;
  bool duplicated;
  bool overtakes;
  bool corrupted;
  std::uint64_t bit;  ///< which of all bits is flipped
  Duration delay;
};

ImpairedLane::ImpairedLane(Direction direction, WireEnd end)
    : direction_(direction), end_(std::move(end)), random_(make_random()) {}

Random ImpairedLane::make_random() const {
  Random seed(options_.seed != 0 ? options_.seed : end_.seed);
  const KeyedHash hash(seed);
  return Random(hash(hash_of(end_.name, hash), static_cast<std::uint64_t>(direction_)));
}

void ImpairedLane::set(const ImpairmentOptions& options, Instant now) {
  options_ = options;
  random_ = make_random();
  const Instant latest = now + options.delay + options.jitter;
  in_order_.hasten(latest);
  overtaking_.hasten(latest);
  last_due_ = std::min(last_due_, latest);
  wire_free_ = std::min(wire_free_, now);
  engaged_ = !options.is_off() || waiting() > 0;
  if (options.is_off()) return;
  counters_ = {};
  in_order_.resize(options.limit + passing);
  overtaking_.resize(options.reorder > 0 ? options.limit + passing : 0);
}

bool ImpairedLane::chance(double probability) {
  constexpr double unit = 0x1p-53;
  return static_cast<double>(random_.next() >> 11) * unit < probability;
}

// As many draws for each frame whatever the options are.
ImpairedLane::Fate ImpairedLane::draw() {
  Fate fate{};
  fate.lost = chance(options_.loss);
  fate.duplicated = chance(options_.duplicate);
  fate.overtakes = chance(options_.reorder);
  fate.corrupted = chance(options_.corrupt);
  fate.bit = random_.next();
  fate.delay = std::max(options_.delay + vary(options_.jitter, random_.next()), Duration());
  return fate;
}

void ImpairedLane::admit(Packet frame, Instant now) {
  const Fate fate = draw();
  if (fate.lost) {
    ++counters_.lost;
    return;
  }
  Packet copy;
  if (fate.duplicated) copy = frame->home->clone(frame);
  if (fate.corrupted) {
    flip_bit(frame, fate.bit);
    ++counters_.corrupted;
  }
  hold(std::move(frame), fate, now);
  if (!fate.duplicated) return;
  ++counters_.duplicated;
  if (copy)
    hold(std::move(copy), fate, now);
  else
    ++counters_.queue_full;
}

/// When the frame's last bit has left, one frame after the other.
Instant ImpairedLane::after_wire(const Packet& frame, Instant now) const {
  if (options_.rate == 0) return now;
  constexpr std::uint64_t second = std::nano::den;
  const std::uint64_t bits = frame.size() * 8;
  return std::max(now, wire_free_) +
         Duration(static_cast<Duration::rep>(bits * second / options_.rate));
}

/// A frame that need not wait is no burden. Others may use up neither the queue nor the pool, which
/// is there for the whole machine.
bool ImpairedLane::has_room(const Packet& frame, bool waits, const HeldFrames& queue) const {
  if (queue.full()) return false;
  return !waits || (waiting() < options_.limit && !frame->home->is_scarce(frame));
}

void ImpairedLane::hold(Packet frame, const Fate& fate, Instant now) {
  HeldFrames& queue = fate.overtakes ? overtaking_ : in_order_;
  const Instant sent = after_wire(frame, now);
  const Instant due = fate.overtakes ? sent : std::max(sent + fate.delay, last_due_);
  if (!has_room(frame, due > now, queue)) {
    ++counters_.queue_full;
    return;
  }
  wire_free_ = sent;
  if (fate.overtakes)
    ++counters_.reordered;
  else
    last_due_ = due;
  queue.push(due, std::move(frame));
}

/// The queue whose first frame comes due first; at the same time, that of the older frame.
const HeldFrames* ImpairedLane::first() const {
  if (overtaking_.empty()) return in_order_.empty() ? nullptr : &in_order_;
  if (in_order_.empty() || overtaking_.due() < in_order_.due()) return &overtaking_;
  return &in_order_;
}

HeldFrames* ImpairedLane::first() {
  const HeldFrames* const queue = std::as_const(*this).first();
  return queue == nullptr ? nullptr : queue == &in_order_ ? &in_order_ : &overtaking_;
}

void ImpairedLane::release(Batch& into, Instant now) {
  while (!into.full()) {
    HeldFrames* const queue = first();
    if (queue == nullptr || queue->due() > now) break;
    into.push(queue->pop());
    ++counters_.passed;
  }
  engaged_ = !options_.is_off() || waiting() > 0;
}

std::optional<Instant> ImpairedLane::next_deadline() const {
  if (!engaged_) return std::nullopt;
  const HeldFrames* const queue = first();
  return queue == nullptr ? std::nullopt : std::optional(queue->due());
}

}  // namespace smolstack::io
