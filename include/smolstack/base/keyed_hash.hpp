#pragma once
// The hash of every table that a stranger's packet can fill.

#include <bit>
#include <concepts>
#include <cstdint>

#include "smolstack/base/random.hpp"

namespace smolstack {

/// SipHash-1-3 (Aumasson and Bernstein, 2012) over 64-bit words: without the key nobody can
/// choose addresses that collide.
class KeyedHash {
 public:
  explicit constexpr KeyedHash(Random& random) : k0_(random.next()), k1_(random.next()) {}

  template <std::convertible_to<std::uint64_t>... Words>
  constexpr std::uint64_t operator()(Words... words) const {
    State s{k0_ ^ 0x736f6d6570736575u, k1_ ^ 0x646f72616e646f6du, k0_ ^ 0x6c7967656e657261u,
            k1_ ^ 0x7465646279746573u};
    (s.absorb(static_cast<std::uint64_t>(words)), ...);
    s.absorb(std::uint64_t{sizeof...(words) * 8} << 56);
    return s.finish();
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    constexpr void round() {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
    constexpr void absorb(std::uint64_t word) {
      v3 ^= word;
      round();
      v0 ^= word;
    }
    constexpr std::uint64_t finish() {
      v2 ^= 0xff;
      round(), round(), round();
      return v0 ^ v1 ^ v2 ^ v3;
    }
  };
  std::uint64_t k0_, k1_;
};

}  // namespace smolstack
