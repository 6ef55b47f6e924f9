#include "smolstack/ip/flow.hpp"

namespace smolstack {

std::uint32_t ports_of(std::uint8_t protocol, ConstBytes segment) {
  const bool has_ports = protocol == ip_protocol::tcp || protocol == ip_protocol::udp;
  if (!has_ports || segment.size() < sizeof(Big32)) return 0;
  return header_at<Big32>(segment);
}

Flow flow_of(ConstBytes datagram) {
  const auto& ip = header_at<wire::Ipv4Header>(datagram);
  const ConstBytes segment = ip.is_fragment() ? ConstBytes() : datagram.subspan(ip.header_length());
  return {ip.source, ip.destination, ip.protocol, ports_of(ip.protocol, segment)};
}

std::uint32_t hash_of(const Flow& flow, MultipathHash policy, const KeyedHash& hash) {
  const std::uint64_t addresses = std::uint64_t{flow.source.host()} << 32 | flow.destination.host();
  switch (policy) {
    case MultipathHash::addresses: return static_cast<std::uint32_t>(hash(addresses) >> 32);
    case MultipathHash::ports: break;
  }
  const std::uint64_t rest = std::uint64_t{flow.protocol} << 32 | flow.ports;
  return static_cast<std::uint32_t>(hash(addresses, rest) >> 32);
}

}  // namespace smolstack
