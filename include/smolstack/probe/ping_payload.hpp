#pragma once
// What an echo request carries, as iputils fills it: when it was sent, and bytes that count up.

#include <cstdint>
#include <optional>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/base/time.hpp"

namespace smolstack::control {

/// The first 16 bytes, when there is room for them.
struct PingStamp {
  Big<std::uint64_t> sent;  ///< nanoseconds of our own clock
  Big<std::uint64_t> unused;
};
static_assert(sizeof(PingStamp) == 16 && alignof(PingStamp) == 1);

constexpr std::byte ping_byte(std::size_t at) {
  return static_cast<std::byte>(at & 0xff);
}

void write_ping_payload(Bytes payload, Instant now);
/// The first byte behind the stamp that did not come back as it was sent.
std::optional<std::size_t> find_wrong_byte(ConstBytes payload);
std::optional<Instant> read_ping_stamp(ConstBytes payload);

}  // namespace smolstack::control
