#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace smolstack {

/// A 48-bit Ethernet address (IEEE 802), in the order of transmission.
struct MacAddress {
  std::array<std::uint8_t, 6> octets{};

  /// Broadcast or multicast: the lowest bit of the first octet.
  constexpr bool is_group() const { return (octets[0] & 1u) != 0; }
  constexpr bool is_zero() const { return *this == MacAddress{}; }
  constexpr bool is_broadcast() const {
    return *this == MacAddress{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  }
  /// All of it as one number, whose order means nothing: for comparing, since every frame is asked
  /// whose it is.
  constexpr std::uint64_t word() const {
    if (std::is_constant_evaluated()) {
      std::uint64_t all = 0;
      for (const std::uint8_t octet : octets) all = all << 8 | octet;
      return all;
    }
    std::uint64_t all = 0;
    std::memcpy(&all, octets.data(), octets.size());
    return all;
  }
  friend constexpr bool operator==(const MacAddress& a, const MacAddress& b) {
    return a.word() == b.word();
  }
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};
static_assert(sizeof(MacAddress) == 6 && alignof(MacAddress) == 1);

inline constexpr MacAddress broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/// "02:42:0a:01:01:02": six pairs of hexadecimal digits with colons, nothing else.
std::optional<MacAddress> parse_mac_address(std::string_view text);
std::string to_string(const MacAddress& mac);

}  // namespace smolstack
