#pragma once
// A rate with room for short bursts.

#include <algorithm>
#include <cstdint>

#include "smolstack/base/time.hpp"

namespace smolstack {

/// `per_second` tokens flow in, at most `burst` wait. The bucket starts full, so that the first
/// three probes of a traceroute are all answered.
struct TokenRate {
  std::uint32_t per_second;
  std::uint32_t burst;
};

/// One bucket, filled up to the time of each take. It owns neither clock nor rate.
class TokenBucket {
 public:
  /// Takes one token if there is one.
  bool take(const TokenRate& rate, Instant now) {
    refill(rate, now);
    if (tokens_ < one) return false;
    tokens_ -= one;
    return true;
  }

 private:
  static constexpr std::int64_t one =
      1'000'000'000;  // one token: nanoseconds times tokens a second

  void refill(const TokenRate& rate, Instant now) {
    const std::int64_t full = one * rate.burst;
    if (!started_) {
      tokens_ = full;
      started_ = true;
    } else if (now > last_) {
      // After `full / per_second` the bucket is full whatever it held: no overflow below.
      const std::int64_t idle = std::min((now - last_).count(), full);
      tokens_ = std::min(full, tokens_ + idle * rate.per_second);
    }
    last_ = std::max(last_, now);
  }

  std::int64_t tokens_ = 0;
  Instant last_{};
  bool started_ = false;
};

}  // namespace smolstack
