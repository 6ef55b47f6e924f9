#pragma once
// What must be true of every frame that a stack sends, whatever it is about.

#include <optional>
#include <string>

#include "lab/support/frame.hpp"
#include "smolstack/netif/interface.hpp"

namespace smolstack::test {

/// The first rule that `frame`, sent by `from`, breaks; nothing when all are kept. `is_own` tells
/// the sender's addresses.
template <class IsOwn>
std::optional<std::string> broken_rule(const Interface& from, ConstBytes frame, IsOwn&& is_own);

/// The rules on the link: our own source MAC, no more than the MTU, group addresses to group MACs
/// and no others (IEEE 802.3, RFC 1122 §3.3.6, RFC 1112 §6.4).
std::optional<std::string> broken_link_rule(const Interface& from, ConstBytes frame);
/// ARP: our MAC of that interface, questions only about neighbours on that link (RFC 826).
std::optional<std::string> broken_arp_rule(const Interface& from, ConstBytes frame);
/// IPv4: version, lengths, checksum, a TTL above zero, possible addresses, fragments of eight
/// bytes (RFC 791, RFC 1812 §5.3.7).
std::optional<std::string> broken_ipv4_rule(ConstBytes datagram);
/// The checksum of what an own datagram carries (RFC 1122 §3.2.2, RFC 9293 §3.1).
std::optional<std::string> broken_transport_rule(ConstBytes datagram);

template <class IsOwn>
std::optional<std::string> broken_rule(const Interface& from, ConstBytes frame, IsOwn&& is_own) {
  if (auto why = broken_link_rule(from, frame)) return why;
  const Frame decoded = decode(frame);
  if (layer<ArpLayer>(decoded) != nullptr) return broken_arp_rule(from, frame);
  const auto* ip = layer<Ipv4Layer>(decoded);
  if (ip == nullptr) return "neither ARP nor IPv4";
  if (auto why = broken_ipv4_rule(frame.subspan(14))) return why;
  if (is_own(*ip->source)) return broken_transport_rule(frame.subspan(14));
  return std::nullopt;
}

}  // namespace smolstack::test
