#pragma once
// What a node writes into the options of a datagram that it forwards or answers.

#include <cstdint>

#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/ipv4_options.hpp"

namespace smolstack {

/// Who stamps, and when: milliseconds since midnight UT, or with the high bit set any other time
/// (RFC 791 page 22).
struct OptionStamp {
  Ipv4Address address;
  std::uint32_t milliseconds;
  /// Tells our own addresses, for timestamps asked of named hosts.
  bool (*is_own)(const void* context, Ipv4Address address);
  const void* context;
};

/// Enters the address into Record Route and address and time into Timestamp (RFC 791 §3.1, RFC
/// 1812 §5.3.13.5-6). The header checksum is left for the caller. False: the overflow count of a
/// Timestamp would wrap, which makes the datagram faulty; the option's offset is in `options`.
bool stamp_options(Bytes header, const Ipv4Options& options, const OptionStamp& stamp);

/// Turns the options that an echo reply must not carry into no-operations: all but Record Route
/// and Timestamp (RFC 1122 §3.2.2.6).
void keep_reply_options(Bytes header, const Ipv4Options& options);

/// Copies into `to` the options of `header` that belong into every fragment (RFC 791 §3.1, the
/// copied flag), padded to whole words. Returns how many bytes.
std::size_t copied_options(ConstBytes header, Bytes to);

}  // namespace smolstack
