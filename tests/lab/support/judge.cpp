#include "lab/support/judge.hpp"

#include <algorithm>

namespace smolstack::test {
namespace {

/// RFC 1071 as its text has it, over whole octets; 0 when a checksum is right.
unsigned plain_sum(ConstBytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? octet << 8 : octet;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum ^ 0xffff;
}

unsigned at16(ConstBytes bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]) << 8 | std::to_integer<unsigned>(bytes[at + 1]);
}

std::uint32_t pseudo_header(ConstBytes datagram, std::size_t length) {
  const unsigned protocol = std::to_integer<unsigned>(datagram[9]);
  return at16(datagram, 12) + at16(datagram, 14) + at16(datagram, 16) + at16(datagram, 18) +
         protocol + static_cast<std::uint32_t>(length);
}

bool never_on_a_wire(Ipv4Address address) {
  return address.is_loopback() || (address.is_class_e() && !address.is_limited_broadcast());
}

bool is_group(const Interface& from, Ipv4Address address) {
  const auto is_broadcast_of = [&](const InterfaceAddress& own) {
    return own.subnet.prefix().has_broadcast() && own.subnet.broadcast() == address;
  };
  return address.is_multicast() || address.is_limited_broadcast() ||
         std::ranges::any_of(from.addresses, is_broadcast_of);
}

bool is_host_of(const Ipv4Prefix& link, Ipv4Address address) {
  const bool is_edge = address == link.network || address == link.last();
  return link.contains(address) && !(link.has_broadcast() && is_edge);
}

}  // namespace

std::optional<std::string> broken_link_rule(const Interface& from, ConstBytes frame) {
  if (frame.size() < 14) return "a runt frame";
  if (frame.size() > 14 + from.mtu) return "longer than the MTU allows";
  const Frame decoded = decode(frame);
  const auto* ethernet = layer<EthernetLayer>(decoded);
  if (*ethernet->source != from.mac) return "the source MAC is not the interface's own";
  const auto* ip = layer<Ipv4Layer>(decoded);
  if (ip == nullptr) return std::nullopt;
  if (is_group(from, *ip->destination) != ethernet->destination->is_group())
    return "a group address and a single station do not go together";
  return std::nullopt;
}

std::optional<std::string> broken_arp_rule(const Interface& from, ConstBytes frame) {
  const Frame decoded = decode(frame);
  const auto* arp = layer<ArpLayer>(decoded);
  if (*arp->fields.sender_mac != from.mac) return "ARP with another MAC than the interface's own";
  if (arp->fields.operation != 1) return std::nullopt;
  for (const InterfaceAddress& own : from.addresses)
    if (is_host_of(own.subnet.prefix(), *arp->target)) return std::nullopt;
  return "an ARP request for an address that is no host's on the link";
}

std::optional<std::string> broken_ipv4_rule(ConstBytes datagram) {
  const Frame decoded = decode_ipv4(datagram);
  const auto* ip = layer<Ipv4Layer>(decoded);
  if (ip == nullptr) return "shorter than an IPv4 header";
  const auto& fields = ip->fields;
  const std::size_t header = (*fields.version_ihl & 0x0fu) * 4u;
  if (*fields.version_ihl >> 4 != 4 || header < 20) return "an impossible first byte";
  if (*fields.total_length < header || *fields.total_length > datagram.size())
    return "an impossible total length";
  if (plain_sum(datagram.first(header)) != 0) return "a wrong header checksum";
  if (*fields.ttl == 0) return "TTL 0";
  // RFC 3376 §4.2.13: who has no address yet may tell of groups all the same.
  const bool is_nameless_igmp = fields.protocol == 2 && ip->source->is_unspecified();
  const bool is_nobody = ip->source->is_this_network() && !is_nameless_igmp;
  if (never_on_a_wire(*ip->source) || is_nobody || ip->source->is_multicast() ||
      ip->source->is_limited_broadcast())
    return "an impossible source address";
  if (never_on_a_wire(*ip->destination) || ip->destination->is_this_network())
    return "an impossible destination address";
  if (*fields.more && (*fields.total_length - header) % 8 != 0)
    return "a fragment whose data is no multiple of eight bytes";
  return std::nullopt;
}

std::optional<std::string> broken_transport_rule(ConstBytes datagram) {
  const Frame decoded = decode_ipv4(datagram);
  const auto& fields = layer<Ipv4Layer>(decoded)->fields;
  if (*fields.more || *fields.offset != 0) return std::nullopt;
  const std::size_t header = (*fields.version_ihl & 0x0fu) * 4u;
  const ConstBytes inner = datagram.subspan(header, *fields.total_length - header);
  if (fields.protocol == 2 && (fields.ttl != 1 || fields.tos != 0xc0 || header != 24))
    return "IGMP with another TTL, precedence or option than RFC 3376 §4 says";
  const bool is_icmp = fields.protocol == 1 || fields.protocol == 2;  // neither has a pseudo-header
  if (!is_icmp && fields.protocol != 6 && fields.protocol != 17) return std::nullopt;
  if (plain_sum(inner, is_icmp ? 0 : pseudo_header(datagram, inner.size())) != 0)
    return "a wrong ICMP, IGMP, UDP or TCP checksum";
  return std::nullopt;
}

}  // namespace smolstack::test
