#pragma once

#include <cstdint>

#include "smolstack/base/time.hpp"
#include "smolstack/base/token_bucket.hpp"

namespace smolstack {

/// What tells flows apart where a route has several ways. The numbers are those of
/// net.ipv4.fib_multipath_hash_policy.
enum class MultipathHash : std::uint8_t {
  addresses = 0,  ///< source and destination
  ports = 1,      ///< and the protocol, and the ports of TCP and UDP
};

/// What an administrator may tune while the stack runs; `smolstack sysctl` knows each by Linux's
/// name. Defaults are those of the RFC named, or Linux's.
struct Settings {
  bool forwarding = false;        ///< net.ipv4.ip_forward (RFC 1122 §3.3.1: default off)
  std::uint8_t default_ttl = 64;  ///< net.ipv4.ip_default_ttl (RFC 1700)
  bool send_redirects = true;     ///< net.ipv4.conf.all.send_redirects
  bool accept_redirects = true;   ///< net.ipv4.conf.all.accept_redirects; hosts only
  bool arp_notify = true;  ///< net.ipv4.conf.all.arp_notify: announce addresses (RFC 5227 §2.3)
  bool echo_ignore_all = false;        ///< net.ipv4.icmp_echo_ignore_all
  bool echo_ignore_broadcasts = true;  ///< net.ipv4.icmp_echo_ignore_broadcasts
  MultipathHash multipath_hash = MultipathHash::addresses;  ///< net.ipv4.fib_multipath_hash_policy
  TokenRate icmp_errors{1000, 50};     ///< net.ipv4.icmp_msgs_per_sec, icmp_msgs_burst
  TokenRate icmp_errors_each{10, 32};  ///< to one destination
  Duration fragment_time = std::chrono::seconds(60);  ///< net.ipv4.ipfrag_time (RFC 1122 §3.3.2)
};

}  // namespace smolstack
