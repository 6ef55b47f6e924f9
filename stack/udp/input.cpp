#include "smolstack/udp/input.hpp"

#include "smolstack/wire/udp.hpp"

namespace smolstack {

UdpVerdict udp_input(const Packet& datagram) {
  const auto& ip = datagram.header<wire::Ipv4Header>();
  const ConstBytes payload = ConstBytes(datagram.bytes()).subspan(ip.header_length());
  const auto udp = parse_udp(payload, ip.source, ip.destination);
  // RFC 1122 §4.1.3.4: what is damaged is dropped in silence, also where nobody listens.
  if (!udp.has_value()) return {udp.error(), false};
  return {DropReason::no_socket, true};
}

}  // namespace smolstack
