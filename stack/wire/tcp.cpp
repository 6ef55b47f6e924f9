#include "smolstack/wire/tcp.hpp"

#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

Expected<const wire::TcpHeader*, DropReason> parse_tcp(ConstBytes segment, Ipv4Address source,
                                                       Ipv4Address destination) {
  if (segment.size() < sizeof(wire::TcpHeader)) return unexpected(DropReason::transport_malformed);
  const auto& tcp = header_at<wire::TcpHeader>(segment);
  if (tcp.header_length() < sizeof tcp || tcp.header_length() > segment.size())
    return unexpected(DropReason::transport_malformed);
  auto sum = pseudo_header_sum(source, destination, ip_protocol::tcp, segment.size());
  if (sum.add(segment).finish() != 0) return unexpected(DropReason::transport_checksum);
  return &tcp;
}

}  // namespace smolstack
