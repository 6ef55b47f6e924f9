#pragma once
// The IPv4 header (RFC 791 §3.1) and its tests (RFC 1812 §5.2.2).

#include <bit>
#include <cstdint>
#include <optional>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/checksum.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t igmp = 2;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
}  // namespace ip_protocol

namespace wire {

/// RFC 791 §3.1, field by field. Nothing here is checked; see parse_ipv4().
struct Ipv4Header {
  static constexpr std::uint16_t dont_fragment_flag = 0x4000;
  static constexpr std::uint16_t more_fragments_flag = 0x2000;
  static constexpr std::uint16_t offset_mask = 0x1fff;

  std::uint8_t version_ihl = 0x45;
  std::uint8_t tos = 0;
  Big16 total_length;
  Big16 identification;
  Big16 flags_offset;
  std::uint8_t ttl = 64;
  std::uint8_t protocol = 0;
  Big16 checksum;
  Ipv4Address source;
  Ipv4Address destination;

  constexpr std::size_t header_length() const { return (version_ihl & 0x0fu) * 4u; }
  constexpr bool has_options() const { return version_ihl != 0x45; }
  constexpr bool dont_fragment() const { return (flags_offset & dont_fragment_flag) != 0; }
  constexpr bool more_fragments() const { return (flags_offset & more_fragments_flag) != 0; }
  /// Where this fragment's data begins in the datagram, in bytes.
  constexpr std::size_t fragment_offset() const { return (flags_offset & offset_mask) * 8u; }
  constexpr bool is_fragment() const {
    return (flags_offset & (more_fragments_flag | offset_mask)) != 0;
  }
  constexpr std::size_t payload_length() const { return total_length - header_length(); }

  /// One hop less, the checksum updated and not computed anew: RFC 1624 equation 3 for a TTL that
  /// is one less, of the word that it shares with the protocol. In the order of the wire: it
  /// cancels out (RFC 1071 §2(B)).
  void decrement_ttl() {
    --ttl;
    constexpr std::uint16_t one_less = swap_if_little(std::uint16_t{0xffff - 0x0100});
    const std::uint32_t before =
        static_cast<std::uint16_t>(~std::bit_cast<std::uint16_t>(checksum));
    const std::uint32_t sum = before + one_less;
    checksum = std::bit_cast<Big16>(static_cast<std::uint16_t>(~(sum + (sum >> 16))));
  }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);

}  // namespace wire

/// The largest IPv4 datagram (RFC 791 §3.1), header and all.
inline constexpr std::size_t max_datagram = 65535;

/// Is the checksum of a header without options right? What internet_checksum() says of its 20
/// bytes, in a handful of instructions: words of any width may be added (RFC 1071 §2(C)), and of
/// two halves that are added both ways round the upper one is the sum with what it carried.
inline bool is_intact_header(ConstBytes header) {
  std::uint64_t sum = add_with_carry(load<std::uint64_t>(header), load<std::uint64_t>(header, 8));
  sum = add_with_carry(sum, load<std::uint32_t>(header, 16));
  const auto half = static_cast<std::uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return (half + std::rotl(half, 16)) >> 16 == 0xffff;
}

/// The tests of RFC 1812 §5.2.2, in its order but for the checksum: that one needs a sane header
/// length and comes last. `datagram` may be longer than the packet (Ethernet padding). Nothing: it
/// is valid.
inline std::optional<DropReason> refuse_ipv4(ConstBytes datagram) {
  if (datagram.size() < sizeof(wire::Ipv4Header)) return DropReason::truncated;
  const auto& ip = header_at<wire::Ipv4Header>(datagram);
  const std::size_t length = ip.header_length();
  if (ip.version_ihl >> 4 != 4) return DropReason::bad_version;
  if (length < sizeof ip || length > datagram.size()) return DropReason::bad_header_length;
  if (ip.total_length < length || ip.total_length > datagram.size())
    return DropReason::bad_total_length;
  const bool is_intact = ip.has_options() ? internet_checksum(datagram.first(length)) == 0
                                          : is_intact_header(datagram);
  if (!is_intact) return DropReason::bad_checksum;
  return std::nullopt;
}

/// The header of a datagram that is valid, or why it is not.
inline Expected<wire::Ipv4Header*, DropReason> parse_ipv4(Bytes datagram) {
  if (const auto reason = refuse_ipv4(datagram)) return unexpected(*reason);
  return &header_at<wire::Ipv4Header>(datagram);
}

/// Computes the header checksum anew, options and all. `header` is exactly the header's bytes.
inline void finish_ipv4_header(Bytes header) {
  auto& ip = header_at<wire::Ipv4Header>(header);
  ip.checksum = std::uint16_t{0};
  ip.checksum = internet_checksum(header.first(ip.header_length()));
}

}  // namespace smolstack
