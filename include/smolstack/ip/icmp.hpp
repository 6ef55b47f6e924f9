#pragma once
// ICMP (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3): which errors are owed, whether one may be sent,
// how often, and what it looks like.

#include <array>
#include <cstdint>

#include "smolstack/base/keyed_hash.hpp"
#include "smolstack/ip/settings.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

/// Type, code and the four bytes whose meaning depends on them.
struct IcmpMessage {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
  friend bool operator==(const IcmpMessage&, const IcmpMessage&) = default;
};

namespace icmp {
inline constexpr IcmpMessage net_unreachable{3, 0};
inline constexpr IcmpMessage host_unreachable{3, 1};
inline constexpr IcmpMessage protocol_unreachable{3, 2};
inline constexpr IcmpMessage port_unreachable{3, 3};
inline constexpr IcmpMessage prohibited{3, 13};
inline constexpr IcmpMessage ttl_exceeded{11, 0};
inline constexpr IcmpMessage reassembly_exceeded{11, 1};
/// RFC 1191 §4: the next hop's MTU in the low half.
constexpr IcmpMessage fragmentation_needed(std::uint32_t mtu) {
  return {3, 4, mtu & 0xffffu};
}
/// RFC 792: the offset of the offending byte in the top byte.
constexpr IcmpMessage parameter_problem(std::uint8_t pointer) {
  return {12, 0, std::uint32_t{pointer} << 24};
}
constexpr IcmpMessage redirect_host(Ipv4Address gateway) {
  return {5, 1, gateway.host()};
}
}  // namespace icmp

/// Errors are at most this long, IPv4 header and all (RFC 1812 §4.3.2.3).
inline constexpr std::size_t icmp_error_bytes = 576;
/// Precedence "internetwork control" (RFC 1812 §4.3.2.5).
inline constexpr std::uint8_t icmp_error_tos = 0xc0;

/// May an error be sent about this datagram (its IPv4 header in front)? Never about an ICMP
/// error, a link broadcast, a later fragment (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7). The addresses
/// are judged by is_single_host() with the routing table's help.
bool may_be_answered_with_error(const Packet& offending);
/// Could this address be one host's? Not zero, loopback, multicast, broadcast or class E.
bool is_single_host(Ipv4Address address);

/// The ICMP part of an error about `offending` (its IPv4 header in front): header, quote of as
/// much as fits, checksum. Of a super-frame the first segment is quoted, as it would have been on
/// the wire. The IPv4 header is still to be pushed. Empty: no buffer.
Packet make_icmp_error(PacketPool& pool, const Packet& offending, const IcmpMessage& message);
/// Computes the checksum of an ICMP message whose header is in front.
void finish_icmp(Bytes message);

/// RFC 1812 §4.3.2.8: how often. One bucket for all, one for each destination (by keyed hash into
/// a fixed table, so that nobody can fill memory), one a second for each redirect.
class IcmpLimiter {
 public:
  explicit IcmpLimiter(Random& random) : random_(random), hash_(random) {}
  bool allow_error(const Settings& settings, Ipv4Address to, Instant now);
  bool allow_redirect(Ipv4Address to, Ipv4Address about, Instant now);

 private:
  static constexpr std::size_t buckets = 1024;
  Random& random_;
  KeyedHash hash_;
  TokenBucket all_;
  std::array<TokenBucket, buckets> each_{};
  std::array<TokenBucket, buckets> redirects_{};
};

}  // namespace smolstack
