#pragma once
// What a ping counts, as iputils counts it.

#include <bitset>
#include <cstdint>

#include "smolstack/base/time.hpp"
#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// Counts probes and answers and sums up round-trip times, in microseconds.
class PingStatistics {
 public:
  /// A probe went out. Returns its sequence number: 1, 2, ... modulo 2^16.
  std::uint16_t sent(Instant now);
  /// An answer to `sequence`; true: it had been answered before.
  bool received(std::uint16_t sequence);
  void round_trip(std::int64_t microseconds);
  /// An error that counts as an answer.
  void error(std::uint16_t sequence);
  /// An error of our own: nothing was sent.
  void local_error() { ++errors_; }

  std::uint64_t transmitted() const { return transmitted_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t errors() const { return errors_; }
  std::int64_t longest() const { return max_; }
  std::uint64_t in_flight() const;

  /// The end of the story; `began` is when the ping began. `paced` is false for a flood.
  Json summary(Instant began, bool timing, bool paced) const;

 private:
  void acknowledge(std::uint16_t sequence);
  Json times() const;

  std::uint64_t transmitted_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t errors_ = 0;
  std::uint16_t acknowledged_ = 0;
  int pipe_ = 0;
  std::int64_t min_ = INT64_MAX;
  std::int64_t max_ = 0;
  std::int64_t sum_ = 0;
  double squares_ = 0;
  std::int64_t smoothed_ = 0;  ///< eight times the moving average
  Instant last_sent_{};
  std::bitset<65536> answered_;
};

}  // namespace smolstack::control
