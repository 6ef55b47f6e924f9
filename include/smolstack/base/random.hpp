#pragma once
// Randomness as a value: seeded from outside, so that a run can be repeated.

#include <bit>
#include <cstdint>

namespace smolstack {

/// SplitMix64 (Steele, Lea, Flood 2014). Good enough for jitter, initial values and keys that
/// come from a well-chosen seed; not a generator of long-lived secrets.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// A value in [0, bound); 0 when bound is 0. The bias of the multiplication is below 2^-32.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace smolstack
