#pragma once
// IGMP: who wants which multicast groups on a link. Version 1 is RFC 1112 appendix I, version 2 RFC
// 2236, version 3 RFC 3376.

#include <cstdint>

#include "smolstack/base/big_endian.hpp"
#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/stats/drop_reason.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack {

enum class IgmpVersion : std::uint8_t { v1 = 1, v2 = 2, v3 = 3 };

namespace igmp_type {
inline constexpr std::uint8_t query = 0x11;
inline constexpr std::uint8_t v1_report = 0x12;
inline constexpr std::uint8_t v2_report = 0x16;
inline constexpr std::uint8_t v2_leave = 0x17;
inline constexpr std::uint8_t v3_report = 0x22;
}  // namespace igmp_type

/// What a group record says of a group (RFC 3376 §4.2.12). Who wants all sources excludes none.
enum class IgmpRecordType : std::uint8_t {
  mode_is_include = 1,
  mode_is_exclude = 2,
  change_to_include = 3,
  change_to_exclude = 4,
};

namespace wire {

/// The eight bytes of versions 1 and 2 (RFC 2236 §2), with which a query of version 3 begins too.
struct IgmpHeader {
  std::uint8_t type = 0;
  std::uint8_t max_response_code = 0;  ///< of queries, in tenths of a second
  Big16 checksum{};
  Ipv4Address group{};
};
static_assert(sizeof(IgmpHeader) == 8 && alignof(IgmpHeader) == 1);

/// RFC 3376 §4.1. The sources follow.
struct Igmpv3Query {
  static constexpr std::uint8_t robustness_mask = 0x07;

  IgmpHeader header{};
  std::uint8_t flags_robustness = 0;
  std::uint8_t interval_code = 0;  ///< of the querier's interval, in seconds
  Big16 sources{};
};
static_assert(sizeof(Igmpv3Query) == 12 && alignof(Igmpv3Query) == 1);

/// RFC 3376 §4.2. The group records follow.
struct Igmpv3Report {
  std::uint8_t type = igmp_type::v3_report;
  std::uint8_t reserved = 0;
  Big16 checksum{};
  Big16 flags{};
  Big16 records{};
};
static_assert(sizeof(Igmpv3Report) == 8 && alignof(Igmpv3Report) == 1);

/// RFC 3376 §4.2.4. The sources follow.
struct Igmpv3Record {
  std::uint8_t type = 0;
  std::uint8_t auxiliary_words = 0;
  Big16 sources{};
  Ipv4Address group{};
};
static_assert(sizeof(Igmpv3Record) == 8 && alignof(Igmpv3Record) == 1);

}  // namespace wire

/// What a host can hear.
enum class IgmpKind : std::uint8_t {
  query,   ///< a router asks
  report,  ///< another host has told of a group, by version 1 or 2
  other,   ///< for routers only, or of an unknown type, which is ignored (RFC 3376 §4)
};

/// A message that was checked. What its kind or version does not have is zero.
struct IgmpMessage {
  IgmpKind kind = IgmpKind::other;
  IgmpVersion version = IgmpVersion::v3;
  Ipv4Address group{};          ///< 0.0.0.0: a general query, about all groups
  Duration max_response{};      ///< within which a query is to be answered
  std::uint8_t robustness = 0;  ///< the querier's; 0: it does not say
  Duration query_interval{};    ///< the querier's; 0: it does not say
  ConstBytes sources{};         ///< that a query is about, four bytes each

  std::size_t source_count() const { return sources.size() / sizeof(Ipv4Address); }
  Ipv4Address source(std::size_t i) const {
    return header_at<Ipv4Address>(sources.subspan(i * sizeof(Ipv4Address)));
  }
};

/// The value of an eight-bit code of version 3: as it is below 128, a small float above (RFC 3376
/// §4.1.1, §4.1.7).
constexpr std::uint32_t igmp_code_value(std::uint8_t code) {
  if (code < 128) return code;
  const unsigned mantissa = code & 0x0fu;
  const unsigned exponent = code >> 4 & 0x07u;
  return (mantissa | 0x10u) << (exponent + 3);
}

/// Reads a message, which is all that follows the IPv4 header. igmp_malformed: too short, with a
/// wrong checksum (RFC 3376 §4.1.2), a query of a length that no version has (§7.1) or with fewer
/// sources than it says, or about something that is no group.
Expected<IgmpMessage, DropReason> parse_igmp(ConstBytes message);

/// Computes the checksum of a message anew.
void finish_igmp(Bytes message);

}  // namespace smolstack
