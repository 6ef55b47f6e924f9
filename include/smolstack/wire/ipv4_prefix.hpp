#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

/// A network: the leading `length` bits of an address (RFC 4632 §3.1). The host bits are zero.
struct Ipv4Prefix {
  Ipv4Address network;
  std::uint8_t length = 0;

  /// The network that `address` with a mask of `length` bits lies in.
  static constexpr Ipv4Prefix of(Ipv4Address address, unsigned length) {
    return {Ipv4Address(address.host() & mask_of(length)), static_cast<std::uint8_t>(length)};
  }
  static constexpr std::uint32_t mask_of(unsigned length) {
    return length == 0 ? 0u : ~0u << (32 - length);
  }

  constexpr bool contains(Ipv4Address address) const { return address.in(network, length); }
  constexpr Ipv4Address last() const { return Ipv4Address(network.host() | ~mask_of(length)); }
  /// Networks of /31 and /32 have neither broadcast nor network address (RFC 3021 §2.1).
  constexpr bool has_broadcast() const { return length <= 30; }
  constexpr bool is_default() const { return length == 0; }

  friend constexpr bool operator==(const Ipv4Prefix&, const Ipv4Prefix&) = default;
  friend constexpr auto operator<=>(const Ipv4Prefix& a, const Ipv4Prefix& b) {
    if (const auto order = a.network <=> b.network; order != 0) return order;
    return a.length <=> b.length;
  }
};

inline constexpr Ipv4Prefix default_prefix{};

/// An address and the length of its network's prefix, as in `--ip 10.1.1.2/24`.
struct Ipv4Subnet {
  Ipv4Address address;
  std::uint8_t length = 32;

  constexpr Ipv4Prefix prefix() const { return Ipv4Prefix::of(address, length); }
  constexpr Ipv4Address broadcast() const { return prefix().last(); }
  friend constexpr bool operator==(const Ipv4Subnet&, const Ipv4Subnet&) = default;
};

/// "10.1.1.2/24"; without a slash the length is 32.
std::optional<Ipv4Subnet> parse_ipv4_subnet(std::string_view text);
/// "10.1.1.0/24", "10.1.1.7" (a /32) or "default"; host bits that are set make it wrong.
std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text);

std::string to_string(const Ipv4Subnet& subnet);  ///< "10.1.1.2/24"
std::string to_string(const Ipv4Prefix& prefix);  ///< "10.1.1.0/24", always with its length

}  // namespace smolstack
