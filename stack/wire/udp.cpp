#include "smolstack/wire/udp.hpp"

#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

Expected<const wire::UdpHeader*, DropReason> parse_udp(ConstBytes datagram, Ipv4Address source,
                                                       Ipv4Address destination) {
  if (datagram.size() < sizeof(wire::UdpHeader)) return unexpected(DropReason::transport_malformed);
  const auto& udp = header_at<wire::UdpHeader>(datagram);
  if (udp.length < sizeof udp || udp.length > datagram.size())
    return unexpected(DropReason::transport_malformed);
  if (udp.checksum == 0) return &udp;  // RFC 768: the sender made none
  auto sum = pseudo_header_sum(source, destination, ip_protocol::udp, udp.length);
  if (sum.add(datagram.first(udp.length)).finish() != 0)
    return unexpected(DropReason::transport_checksum);
  return &udp;
}

}  // namespace smolstack
