#include "smolstack/probe/ping_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace smolstack::control {
namespace {

double milliseconds(std::int64_t microseconds) {
  return static_cast<double>(microseconds) / 1000.0;
}

}  // namespace

std::uint16_t PingStatistics::sent(Instant now) {
  last_sent_ = now;
  const auto sequence = static_cast<std::uint16_t>(++transmitted_);
  answered_.reset(sequence);
  return sequence;
}

bool PingStatistics::received(std::uint16_t sequence) {
  acknowledge(sequence);
  const bool again = answered_.test(sequence);
  answered_.set(sequence);
  ++(again ? duplicates_ : received_);
  return again;
}

void PingStatistics::round_trip(std::int64_t microseconds) {
  sum_ += microseconds;
  squares_ += static_cast<double>(microseconds) * static_cast<double>(microseconds);
  min_ = std::min(min_, microseconds);
  max_ = std::max(max_, microseconds);
  smoothed_ = smoothed_ == 0 ? microseconds * 8 : smoothed_ + microseconds - smoothed_ / 8;
}

void PingStatistics::error(std::uint16_t sequence) {
  acknowledge(sequence);
  ++errors_;
}

// How far the answers lag behind the probes is the pipe; sequence numbers wrap.
void PingStatistics::acknowledge(std::uint16_t sequence) {
  const auto newest = static_cast<std::uint16_t>(transmitted_);
  const auto behind = static_cast<std::uint16_t>(newest - sequence);
  if (behind > 0x7fff) return;
  pipe_ = std::max(pipe_, behind + 1);
  const auto ahead = static_cast<std::uint16_t>(sequence - acknowledged_);
  const bool is_newer = ahead != 0 && ahead < 0x8000;
  if (is_newer || static_cast<std::uint16_t>(newest - acknowledged_) > 0x7fff)
    acknowledged_ = sequence;
}

std::uint64_t PingStatistics::in_flight() const {
  const auto behind = static_cast<std::uint16_t>(transmitted_ - acknowledged_);
  if (behind <= 0x7fff) return behind;
  const std::uint64_t ended = received_ + errors_;
  return transmitted_ > ended ? transmitted_ - ended : 0;
}

Json PingStatistics::times() const {
  const auto answers = static_cast<double>(received_ + duplicates_);
  const double mean = static_cast<double>(sum_) / answers;
  const double variance = squares_ / answers - mean * mean;
  const auto deviation = static_cast<std::int64_t>(std::sqrt(std::max(0.0, variance)));
  return {{"min", milliseconds(min_)},
          {"avg", milliseconds(sum_ / static_cast<std::int64_t>(received_ + duplicates_))},
          {"max", milliseconds(max_)},
          {"mdev", milliseconds(deviation)}};
}

Json PingStatistics::summary(Instant began, bool timing, bool paced) const {
  Json json{{"event", "end"},
            {"transmitted", transmitted_},
            {"received", received_},
            {"duplicates", duplicates_},
            {"errors", errors_}};
  if (transmitted_ == 0) return json;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(last_sent_ - began);
  const double lost = static_cast<double>(transmitted_) - static_cast<double>(received_);
  json["loss"] = lost * 100.0 / static_cast<double>(transmitted_);
  json["time"] = (took.count() + 500) / 1000;
  if (received_ > 0 && timing) json["rtt"] = times();
  if (pipe_ > 1) json["pipe"] = pipe_;
  if (received_ > 0 && !paced && transmitted_ > 1) {
    json["ipg"] = milliseconds(took.count() / static_cast<std::int64_t>(transmitted_ - 1));
    json["ewma"] = milliseconds(smoothed_ / 8);
  }
  return json;
}

}  // namespace smolstack::control
