#include "smolstack/tcp/reset.hpp"

#include "smolstack/wire/ipv4.hpp"

namespace smolstack {
namespace {

/// SEG.LEN of RFC 9293 §3.4: SYN and FIN count like a byte each.
std::uint32_t sequence_length(const wire::TcpHeader& segment, std::size_t data) {
  return static_cast<std::uint32_t>(data) + (segment.has(tcp_flag::syn) ? 1u : 0u) +
         (segment.has(tcp_flag::fin) ? 1u : 0u);
}

Packet make_segment(PacketPool& pool, const wire::TcpHeader& header, const wire::Ipv4Header& ip) {
  Packet segment = pool.allocate(sizeof header);
  if (!segment) return segment;
  const Bytes bytes = segment.append(sizeof header);
  auto& tcp = header_at<wire::TcpHeader>(bytes) = header;
  auto sum = pseudo_header_sum(ip.destination, ip.source, ip_protocol::tcp, bytes.size());
  tcp.checksum = sum.add(bytes).finish();
  return segment;
}

}  // namespace

std::optional<wire::TcpHeader> reset_for(const wire::TcpHeader& segment, std::size_t length) {
  if (segment.has(tcp_flag::rst)) return std::nullopt;
  wire::TcpHeader reset;
  reset.source_port = segment.destination_port;
  reset.destination_port = segment.source_port;
  reset.flags = tcp_flag::rst;
  if (segment.has(tcp_flag::ack)) {
    reset.sequence = segment.acknowledgment;
  } else {
    reset.acknowledgment = segment.sequence + sequence_length(segment, length);
    reset.flags |= tcp_flag::ack;
  }
  return reset;
}

TcpVerdict tcp_input(PacketPool& pool, const Packet& datagram, Destination destination) {
  // RFC 9293 §3.9.2.3: TCP is between two hosts.
  if (destination != Destination::local || datagram->link_broadcast)
    return {DropReason::no_socket, {}};
  const auto& ip = datagram.header<wire::Ipv4Header>();
  const ConstBytes payload = ConstBytes(datagram.bytes()).subspan(ip.header_length());
  const auto tcp = parse_tcp(payload, ip.source, ip.destination);
  if (!tcp.has_value()) return {tcp.error(), {}};
  const auto reset = reset_for(**tcp, payload.size() - (*tcp)->header_length());
  if (!reset) return {DropReason::no_socket, {}};
  return {DropReason::no_socket, make_segment(pool, *reset, ip)};
}

}  // namespace smolstack
