#include "smolstack/packet/gso.hpp"

#include <algorithm>
#include <cstring>

#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

/// Where the parts of a super-frame are, in bytes from its current layer.
struct Layout {
  std::size_t network;
  std::size_t transport;
  std::size_t payload;
};

Layout layout_of(const Packet& packet) {
  const Offload& offload = packet->offload;
  Layout layout{offload.network - std::size_t{packet->begin},
                offload.transport - std::size_t{packet->begin}, 0};
  const Bytes transport = packet.bytes().subspan(layout.transport);
  const bool is_tcp = offload.kind == OffloadKind::tcp4;
  layout.payload =
      layout.transport +
      (is_tcp ? header_at<wire::TcpHeader>(transport).header_length() : sizeof(wire::UdpHeader));
  return layout;
}

/// One segment: its number and its share of the payload.
struct Part {
  std::size_t number;
  std::size_t offset;
  ConstBytes payload;
  bool is_last;
};

Part part_of(const Packet& super_frame, const Layout& layout, std::size_t number) {
  const std::size_t size = super_frame->offload.gso_size;
  const ConstBytes rest = ConstBytes(super_frame.bytes()).subspan(layout.payload + number * size);
  return {number, number * size, rest.first(std::min(size, rest.size())), rest.size() <= size};
}

/// RFC 768, and no harm to TCP: a sum of zero is sent as all ones.
std::uint16_t never_zero(std::uint16_t checksum) {
  return checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

void finish_ipv4(Bytes network, const Part& part) {
  auto& ip = header_at<wire::Ipv4Header>(network);
  ip.total_length = static_cast<std::uint16_t>(network.size());
  ip.identification = static_cast<std::uint16_t>(ip.identification + part.number);
  finish_ipv4_header(network.first(ip.header_length()));
}

/// RFC 9293 §3.8.5: the urgent pointer counts from the segment's own sequence number.
void move_urgent_pointer(wire::TcpHeader& tcp, std::size_t offset) {
  if (!tcp.has(tcp_flag::urg)) return;
  const bool is_ahead = tcp.urgent_pointer > offset;
  tcp.urgent_pointer = static_cast<std::uint16_t>(is_ahead ? tcp.urgent_pointer - offset : 0);
  if (!is_ahead) tcp.flags &= static_cast<std::uint8_t>(~tcp_flag::urg);
}

void finish_tcp(Bytes segment, const Part& part) {
  auto& tcp = header_at<wire::TcpHeader>(segment);
  tcp.sequence = static_cast<std::uint32_t>(tcp.sequence + part.offset);
  const unsigned of_last = part.is_last ? 0u : tcp_flag::fin | tcp_flag::psh;
  const unsigned of_first = part.number == 0 ? 0u : tcp_flag::cwr;
  tcp.flags &= static_cast<std::uint8_t>(~(of_last | of_first));
  move_urgent_pointer(tcp, part.offset);
  tcp.checksum = std::uint16_t{0};
}

void finish_transport(Bytes network, std::size_t transport, const Part& part) {
  const auto& ip = header_at<wire::Ipv4Header>(network);
  const Bytes segment = network.subspan(transport);
  auto sum = pseudo_header_sum(ip.source, ip.destination, ip.protocol, segment.size());
  if (ip.protocol == ip_protocol::tcp) {
    finish_tcp(segment, part);
    header_at<wire::TcpHeader>(segment).checksum = never_zero(sum.add(segment).finish());
  } else {
    auto& udp = header_at<wire::UdpHeader>(segment);
    udp.length = static_cast<std::uint16_t>(segment.size());
    udp.checksum = std::uint16_t{0};
    udp.checksum = never_zero(sum.add(segment).finish());
  }
}

Packet make_segment(PacketPool& pool, const Packet& super_frame, const Layout& layout,
                    const Part& part) {
  Packet made = pool.allocate(layout.payload + part.payload.size());
  if (!made) return made;
  made.follow(super_frame);
  const Bytes bytes = made.append(layout.payload + part.payload.size());
  std::memcpy(bytes.data(), super_frame.bytes().data(), layout.payload);
  std::memcpy(bytes.data() + layout.payload, part.payload.data(), part.payload.size());
  const Bytes network = bytes.subspan(layout.network);
  finish_ipv4(network, part);
  finish_transport(network, layout.transport - layout.network, part);
  return made;
}

}  // namespace

std::size_t wire_size(const Packet& packet) {
  if (!packet.is_super_frame()) return packet.size();
  return layout_of(packet).payload + packet->offload.gso_size;
}

void finish_checksum(Packet& packet) {
  if (packet.is_plain()) return;
  const Offload offload = std::exchange(packet->offload, Offload{});
  const Bytes covered = packet.bytes().subspan(offload.transport - std::size_t{packet->begin});
  // The field holds the sum of the pseudo header: it takes part as it is.
  header_at<Big16>(covered.subspan(offload.checksum_offset)) =
      never_zero(internet_checksum(covered));
}

bool segment(PacketPool& pool, const Packet& super_frame, PacketQueue& segments) {
  const Layout layout = layout_of(super_frame);
  PacketQueue made;
  for (std::size_t number = 0;; ++number) {
    const Part part = part_of(super_frame, layout, number);
    Packet each = make_segment(pool, super_frame, layout, part);
    if (!each) return false;
    made.push(std::move(each));
    if (part.is_last) break;
  }
  made.prepend(std::move(segments));
  segments = std::move(made);
  return true;
}

Packet first_segment(PacketPool& pool, const Packet& packet) {
  if (packet.is_super_frame()) {
    const Layout layout = layout_of(packet);
    return make_segment(pool, packet, layout, part_of(packet, layout, 0));
  }
  Packet copy = pool.clone(packet);
  if (copy) finish_checksum(copy);
  return copy;
}

}  // namespace smolstack
