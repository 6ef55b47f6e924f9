#pragma once
// IPv4 options (RFC 791 §3.1), walked and judged without being changed.

#include <cstdint>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/expected.hpp"

namespace smolstack {

namespace ipv4_option {
inline constexpr std::uint8_t end_of_list = 0;
inline constexpr std::uint8_t no_operation = 1;
inline constexpr std::uint8_t record_route = 7;
inline constexpr std::uint8_t timestamp = 68;
inline constexpr std::uint8_t loose_source_route = 131;
inline constexpr std::uint8_t strict_source_route = 137;
inline constexpr std::uint8_t router_alert = 148;  // RFC 2113
inline constexpr std::uint8_t copied_flag = 0x80;
/// A header of fifteen words leaves room for this many bytes of options.
inline constexpr std::size_t max_bytes = 40;
}  // namespace ipv4_option

/// What the options of one header hold. Offsets count from the start of the IPv4 header; 0 means
/// that there is no such option.
struct Ipv4Options {
  std::uint8_t record_route = 0;
  std::uint8_t timestamp = 0;
  std::uint8_t source_route = 0;
  bool router_alert = false;
};

/// The offset of the offending byte: the pointer of a Parameter Problem (RFC 1812 §4.3.3.5).
struct Ipv4OptionFault {
  std::uint8_t pointer;
};

/// Reads the options of `header` (exactly the header's bytes). Unknown options of correct form
/// are passed over (RFC 1122 §3.2.1.8).
Expected<Ipv4Options, Ipv4OptionFault> parse_ipv4_options(ConstBytes header);

}  // namespace smolstack
