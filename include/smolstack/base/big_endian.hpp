#pragma once
// Integers as they lie on the wire.

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace smolstack {

/// `v` with its bytes in network order on any machine (and back again: it is its own inverse).
template <std::unsigned_integral T>
constexpr T swap_if_little(T v) {
  if constexpr (sizeof(T) == 1 || std::endian::native == std::endian::big)
    return v;
  else if constexpr (sizeof(T) == 2)
    return __builtin_bswap16(v);
  else if constexpr (sizeof(T) == 4)
    return __builtin_bswap32(v);
  else
    return __builtin_bswap64(v);
}

/// An unsigned integer in network byte order with alignment 1. The host-order value is the only
/// way in or out, so a swap can be neither forgotten nor done twice.
template <std::unsigned_integral T>
class Big {
 public:
  constexpr Big() = default;
  // Implicit on purpose: `header.length = 20` must read like the RFC.
  constexpr Big(T host) : bytes_(std::bit_cast<Storage>(swap_if_little(host))) {}
  constexpr operator T() const { return swap_if_little(std::bit_cast<T>(bytes_)); }

 private:
  using Storage = std::array<std::byte, sizeof(T)>;
  Storage bytes_{};
};

using Big16 = Big<std::uint16_t>;
using Big32 = Big<std::uint32_t>;
static_assert(sizeof(Big16) == 2 && alignof(Big16) == 1);
static_assert(sizeof(Big32) == 4 && alignof(Big32) == 1);

}  // namespace smolstack
