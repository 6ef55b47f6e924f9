#pragma once
// One direction of a bad wire: what becomes of each frame, and when it comes out.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/random.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/io/impairment.hpp"
#include "smolstack/packet/batch.hpp"

namespace smolstack::io {

enum class Direction : std::uint8_t { out, in };
std::string_view to_string(Direction direction);  ///< "out", "in"

/// Where randomness comes from at one end of a wire.
struct WireEnd {
  std::string name;        ///< tells it from all others: with one seed they still fare differently
  std::uint64_t seed = 0;  ///< taken when the options name none
};

/// In frames, since the lane was last impaired anew.
struct ImpairmentCounters {
  std::uint64_t passed = 0;  ///< came out, copies included
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;  ///< skipped the delay
  std::uint64_t corrupted = 0;
  std::uint64_t queue_full = 0;  ///< dropped: too many waited, or the buffers ran out
};

/// Frames in the order in which they come due. Memory is reserved by resize(), never later.
class HeldFrames {
 public:
  /// Makes room for so many; those that it holds stay.
  void resize(std::size_t capacity);
  /// No frame comes due later than this.
  void hasten(Instant latest);

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == slots_.size(); }
  std::size_t size() const { return size_; }
  Instant due() const { return slots_[head_].due; }  ///< of the first; there must be one
  void push(Instant due, Packet frame);
  Packet pop();

 private:
  struct Slot {
    Instant due;
    Packet frame;
  };
  std::size_t index(std::size_t i) const;

  std::vector<Slot> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

/// A lane that is told the time and has no clock. The fate of the n-th frame depends on the seed
/// and on n alone: neither on when it comes nor on what the other options are.
class ImpairedLane {
 public:
  ImpairedLane(Direction direction, WireEnd end);

  /// From now on; starts the fates and, when it impairs, the counters anew. What is under way
  /// arrives no later than a frame that enters now. Reserves memory for `limit` frames.
  void set(const ImpairmentOptions& options, Instant now);

  /// It does nothing and holds nothing: frames may go by it.
  bool is_idle() const { return !engaged_; }
  /// Takes a frame in: it is lost, or waits until it is due.
  void admit(Packet frame, Instant now);
  /// Moves the frames that are due into the batch, until it is full.
  void release(Batch& into, Instant now);
  /// When the first that waits comes due.
  std::optional<Instant> next_deadline() const;
  bool is_due(Instant now) const {
    const auto at = next_deadline();
    return at && *at <= now;
  }

  const ImpairmentOptions& options() const { return options_; }
  const ImpairmentCounters& counters() const { return counters_; }
  std::size_t waiting() const { return in_order_.size() + overtaking_.size(); }

 private:
  struct Fate;

  Random make_random() const;
  bool chance(double probability);
  Fate draw();
  Instant after_wire(const Packet& frame, Instant now) const;
  bool has_room(const Packet& frame, bool waits, const HeldFrames& queue) const;
  void hold(Packet frame, const Fate& fate, Instant now);
  HeldFrames* first();
  const HeldFrames* first() const;

  Direction direction_;
  WireEnd end_;
  ImpairmentOptions options_;
  ImpairmentCounters counters_;
  Random random_;
  bool engaged_ = false;
  Instant wire_free_{};  ///< when the last bit of the last frame has left, at this rate
  Instant last_due_{};   ///< of the frames that keep their order
  HeldFrames in_order_;
  HeldFrames overtaking_;
};

}  // namespace smolstack::io
