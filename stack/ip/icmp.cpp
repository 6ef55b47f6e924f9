#include "smolstack/ip/icmp.hpp"

#include <algorithm>
#include <cstring>

#include "smolstack/packet/gso.hpp"

namespace smolstack {
namespace {

constexpr TokenRate redirect_rate{1, 2};  // about one destination to one source

bool is_about_icmp_error(const Packet& offending, const wire::Ipv4Header& ip) {
  if (ip.protocol != ip_protocol::icmp) return false;
  const ConstBytes message = ConstBytes(offending.bytes()).subspan(ip.header_length());
  // Without its first byte nobody can say that it is no error.
  return message.empty() || is_icmpv4_error(std::to_integer<std::uint8_t>(message[0]));
}

}  // namespace

bool may_be_answered_with_error(const Packet& offending) {
  const auto& ip = offending.header<wire::Ipv4Header>();
  if (offending->link_broadcast) return false;        // RFC 1122 §3.2.2
  if (ip.fragment_offset() != 0) return false;        // RFC 1122 §3.2.2
  if (!is_single_host(ip.destination)) return false;  // RFC 1812 §4.3.2.7
  return !is_about_icmp_error(offending, ip);         // RFC 1122 §3.2.2
}

bool is_single_host(Ipv4Address a) {
  return !a.is_this_network() && !a.is_multicast() && !a.is_class_e();
}

Packet make_icmp_error(PacketPool& pool, const Packet& offending, const IcmpMessage& message) {
  if (!offending.is_plain()) {
    const Packet first = first_segment(pool, offending);
    return first ? make_icmp_error(pool, first, message) : Packet();
  }
  constexpr std::size_t headers = sizeof(wire::Ipv4Header) + sizeof(wire::Icmpv4Header);
  const std::size_t quote = std::min(offending.size(), icmp_error_bytes - headers);
  Packet error = pool.allocate(sizeof(wire::Icmpv4Header) + quote);
  if (!error) return error;
  const Bytes bytes = error.append(sizeof(wire::Icmpv4Header) + quote);
  header_at<wire::Icmpv4Header>(bytes) = {message.type, message.code, {}, message.rest};
  std::memcpy(bytes.subspan(sizeof(wire::Icmpv4Header)).data(), offending.bytes().data(), quote);
  finish_icmp(bytes);
  return error;
}

void finish_icmp(Bytes message) {
  auto& header = header_at<wire::Icmpv4Header>(message);
  header.checksum = std::uint16_t{0};
  header.checksum = internet_checksum(message);
}

// The destination's own bucket first: one that is empty must not cost the others anything.
bool IcmpLimiter::allow_error(const Settings& settings, Ipv4Address to, Instant now) {
  if (!each_[hash_(to.host()) % buckets].take(settings.icmp_errors_each, now)) return false;
  // A burst of varying size tells an observer nothing of what others were sent (RFC 6056 §1 has
  // the attacks that a global limit of known size helps).
  TokenRate all = settings.icmp_errors;
  all.burst = std::max(1u, all.burst - std::min(all.burst, random_.below(4)));
  return all_.take(all, now);
}

bool IcmpLimiter::allow_redirect(Ipv4Address to, Ipv4Address about, Instant now) {
  return redirects_[hash_(to.host(), about.host()) % buckets].take(redirect_rate, now);
}

}  // namespace smolstack
