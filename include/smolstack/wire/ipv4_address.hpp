#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {

/// An IPv4 address as it lies on the wire. `host()` is the number that people count with:
/// 10.1.1.2 is 0x0a010102.
class Ipv4Address {
 public:
  constexpr Ipv4Address() = default;
  constexpr explicit Ipv4Address(std::uint32_t host) : value_(host) {}
  constexpr Ipv4Address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
      : value_(std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d) {}

  constexpr std::uint32_t host() const { return value_; }

  /// Is it inside the network of `length` leading bits of `network`?
  constexpr bool in(Ipv4Address network, unsigned length) const {
    return length == 0 || (host() ^ network.host()) >> (32 - length) == 0;
  }
  constexpr bool is_unspecified() const { return host() == 0; }
  constexpr bool is_this_network() const { return host() >> 24 == 0; }     // RFC 1122 §3.2.1.3
  constexpr bool is_loopback() const { return host() >> 24 == 127; }       // RFC 1122 §3.2.1.3
  constexpr bool is_link_local() const { return host() >> 16 == 0xa9fe; }  // RFC 3927
  constexpr bool is_multicast() const { return host() >> 28 == 0xe; }      // RFC 1112
  /// The groups that never leave their link: routing protocols, mDNS (RFC 5771 §4).
  constexpr bool is_link_local_group() const { return host() >> 8 == 0xe00000; }
  constexpr bool is_limited_broadcast() const { return host() == ~0u; }  // RFC 919
  constexpr bool is_class_e() const { return host() >> 28 == 0xf; }      // RFC 1112 §4
  /// Of none of the kinds above: it may be any host's, anywhere.
  constexpr bool is_ordinary() const {
    const std::uint32_t network = host() >> 24;
    return network - 1 < 223 && network != 127 && !is_link_local();
  }

  friend constexpr bool operator==(Ipv4Address a, Ipv4Address b) { return a.host() == b.host(); }
  friend constexpr auto operator<=>(Ipv4Address a, Ipv4Address b) { return a.host() <=> b.host(); }

 private:
  Big32 value_;
};
static_assert(sizeof(Ipv4Address) == 4 && alignof(Ipv4Address) == 1);

/// The group of all systems on the link (RFC 1112 §4).
inline constexpr Ipv4Address all_systems{224, 0, 0, 1};
/// That of all routers on it (RFC 1812 §2.2.5), and of those that hear IGMPv3 (RFC 3376 §4.2.14).
inline constexpr Ipv4Address all_routers{224, 0, 0, 2};
inline constexpr Ipv4Address all_igmpv3_routers{224, 0, 0, 22};
inline constexpr Ipv4Address limited_broadcast{255, 255, 255, 255};

/// The group MAC of a multicast address: 01:00:5e and its low 23 bits (RFC 1112 §6.4).
constexpr MacAddress multicast_mac(Ipv4Address group) {
  const std::uint32_t low = group.host() & 0x7fffffu;
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(low >> 16),
           static_cast<std::uint8_t>(low >> 8), static_cast<std::uint8_t>(low)}};
}

/// The MAC of an interface that was given none: 02:42 and the address, so 10.1.2.3 is
/// 02:42:0a:01:02:03. A reader of tcpdump can tell who is who.
constexpr MacAddress default_mac(Ipv4Address address) {
  const std::uint32_t a = address.host();
  return {{0x02, 0x42, static_cast<std::uint8_t>(a >> 24), static_cast<std::uint8_t>(a >> 16),
           static_cast<std::uint8_t>(a >> 8), static_cast<std::uint8_t>(a)}};
}

/// Four decimal numbers of 0 to 255 with dots, nothing else: no octal, no short forms, no blanks.
std::optional<Ipv4Address> parse_ipv4_address(std::string_view text);
std::string to_string(Ipv4Address address);

}  // namespace smolstack
