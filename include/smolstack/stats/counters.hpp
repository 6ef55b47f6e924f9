#pragma once
// What is counted. All counters are 64 bits wide and only ever grow.

#include <algorithm>
#include <array>
#include <cstdint>

#include "smolstack/stats/drop_reason.hpp"

namespace smolstack {

/// One count per reason, kept on the interface by which the packet came in (or, for packets of
/// our own, would have gone out).
class DropCounters {
 public:
  void count(DropReason reason, std::uint64_t n = 1) {
    counts_[static_cast<std::size_t>(reason)] += n;
  }
  std::uint64_t operator[](DropReason r) const { return counts_[static_cast<std::size_t>(r)]; }

  std::uint64_t total(DropKind kind) const {
    std::uint64_t sum = 0;
    for (const auto& entry : drop_reason_entries)
      if (entry.kind == kind) sum += (*this)[entry.reason];
    return sum;
  }

 private:
  std::array<std::uint64_t, drop_reasons> counts_{};
};

/// Frames of one interface, in the words of RFC 2863. Bytes count the link header.
struct InterfaceCounters {
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_multicast = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_errors = 0;  ///< frames the device could not carry, beside their drop reason
};

/// What the stack as a whole did, after the MIB of RFC 4293 and RFC 2011.
struct StackCounters {
  std::uint64_t forwarded = 0;
  std::uint64_t delivered = 0;
  std::uint64_t originated = 0;
  std::uint64_t fragments_created = 0;
  std::uint64_t segments_created = 0;  ///< from super-frames that were cut here
  std::uint64_t fragments_received = 0;
  std::uint64_t reassembled = 0;
  std::uint64_t arp_requests_sent = 0;
  std::uint64_t arp_replies_sent = 0;
  std::uint64_t arp_requests_limited = 0;
  std::uint64_t echo_replies_sent = 0;
  std::uint64_t icmp_errors_sent = 0;
  std::uint64_t icmp_errors_limited = 0;
  std::uint64_t redirects_sent = 0;
  std::uint64_t redirects_obeyed = 0;
  std::uint64_t igmp_queries_received = 0;
  std::uint64_t igmp_reports_sent = 0;  ///< leave messages too
  std::uint64_t from_host = 0;          ///< frames that programs sent by kernel sockets
  /// Of them, those that the kernel sent another way than our table would have.
  std::uint64_t host_route_mismatches = 0;
};

/// A level and the highest it ever was.
class HighWater {
 public:
  void set(std::size_t level) {
    level_ = level;
    highest_ = std::max(highest_, level);
  }
  std::size_t level() const { return level_; }
  std::size_t highest() const { return highest_; }

 private:
  std::size_t level_ = 0;
  std::size_t highest_ = 0;
};

}  // namespace smolstack
