// Bytes into frames.

#include <algorithm>

#include "lab/support/frame.hpp"

namespace smolstack::test {
namespace {

/// Reads from the front; the caller looks at how much is left.
class Reader {
 public:
  explicit Reader(ConstBytes bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  std::uint8_t u8() {
    const auto value = std::to_integer<std::uint8_t>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  MacAddress mac() {
    MacAddress value;
    for (auto& octet : value.octets) octet = u8();
    return value;
  }
  Ipv4Address address() { return Ipv4Address(u32()); }
  Octets take(std::size_t n) {
    const ConstBytes front = bytes_.first(std::min(n, bytes_.size()));
    bytes_ = bytes_.subspan(front.size());
    return {front.begin(), front.end()};
  }
  ConstBytes rest() const { return bytes_; }

 private:
  ConstBytes bytes_;
};

void decode_payload(Frame& frame, ConstBytes bytes) {
  if (!bytes.empty()) frame.layers.emplace_back(Payload{{bytes.begin(), bytes.end()}});
}

void decode_datagram(Frame& frame, ConstBytes bytes);

void decode_icmp(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 8) return decode_payload(frame, bytes);
  Reader read(bytes);
  IcmpLayer icmp;
  icmp.type = read.u8();
  icmp.code = read.u8();
  icmp.checksum = read.u16();
  icmp.rest = read.u32();
  frame.layers.emplace_back(icmp);
  is_icmpv4_error(*icmp.type) ? decode_datagram(frame, read.rest())
                              : decode_payload(frame, read.rest());
}

void decode_igmp(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 8) return decode_payload(frame, bytes);
  Reader read(bytes);
  IgmpLayer igmp;
  igmp.type = read.u8();
  igmp.code = read.u8();
  igmp.checksum = read.u16();
  igmp.group = read.address();
  frame.layers.emplace_back(igmp);
  decode_payload(frame, read.rest());
}

void decode_udp(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 8) return decode_payload(frame, bytes);
  Reader read(bytes);
  UdpLayer udp;
  udp.source_port = read.u16();
  udp.destination_port = read.u16();
  udp.fields.length = read.u16();
  udp.fields.checksum = read.u16();
  frame.layers.emplace_back(udp);
  decode_payload(frame, read.rest());
}

void decode_tcp(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 20) return decode_payload(frame, bytes);
  Reader read(bytes);
  TcpLayer tcp;
  tcp.source_port = read.u16();
  tcp.destination_port = read.u16();
  tcp.fields.sequence = read.u32();
  tcp.fields.acknowledgment = read.u32();
  tcp.fields.offset_reserved = read.u8();
  tcp.fields.flags = read.u8();
  tcp.fields.window = read.u16();
  tcp.fields.checksum = read.u16();
  read.u16();
  frame.layers.emplace_back(tcp);
  decode_payload(frame, read.rest());
}

Ipv4Layer read_ipv4_header(Reader& read) {
  Ipv4Layer ip;
  auto& fields = ip.fields;
  fields.version_ihl = read.u8();
  fields.tos = read.u8();
  fields.total_length = read.u16();
  fields.id = read.u16();
  const unsigned flags = read.u16();
  fields.dont_fragment = (flags & 0x4000) != 0;
  fields.more = (flags & 0x2000) != 0;
  fields.offset = static_cast<std::uint16_t>((flags & 0x1fff) * 8);
  fields.ttl = read.u8();
  fields.protocol = read.u8();
  fields.checksum = read.u16();
  ip.source = read.address();
  ip.destination = read.address();
  const std::size_t header = (*fields.version_ihl & 0x0fu) * 4u;
  fields.options = read.take(header > 20 ? header - 20 : 0);
  return ip;
}

void decode_datagram(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 20) return decode_payload(frame, bytes);
  Reader read(bytes);
  const Ipv4Layer ip = read_ipv4_header(read);
  frame.layers.emplace_back(ip);
  const std::size_t header = 20 + ip.fields.options->size();
  const std::size_t claimed =
      *ip.fields.total_length > header ? *ip.fields.total_length - header : 0;
  const ConstBytes inner = read.rest().first(std::min(read.left(), claimed));
  if (*ip.fields.more || *ip.fields.offset != 0) return decode_payload(frame, inner);
  switch (*ip.fields.protocol) {
    case 1: return decode_icmp(frame, inner);
    case 2: return decode_igmp(frame, inner);
    case 6: return decode_tcp(frame, inner);
    case 17: return decode_udp(frame, inner);
    default: return decode_payload(frame, inner);
  }
}

void decode_arp(Frame& frame, ConstBytes bytes) {
  if (bytes.size() < 28) return decode_payload(frame, bytes);
  Reader read(bytes);
  ArpLayer arp;
  arp.fields.hardware_type = read.u16();
  arp.fields.protocol_type = read.u16();
  arp.fields.hardware_length = read.u8();
  arp.fields.protocol_length = read.u8();
  arp.fields.operation = read.u16();
  arp.fields.sender_mac = read.mac();
  arp.sender = read.address();
  arp.fields.target_mac = read.mac();
  arp.target = read.address();
  frame.layers.emplace_back(arp);
}

}  // namespace

Frame decode_ipv4(ConstBytes datagram) {
  Frame frame;
  decode_datagram(frame, datagram);
  return frame;
}

Frame decode(ConstBytes ethernet_frame) {
  if (ethernet_frame.size() < 14) return Octets(ethernet_frame.begin(), ethernet_frame.end());
  Reader read(ethernet_frame);
  EthernetLayer ethernet;
  ethernet.destination = read.mac();
  ethernet.source = read.mac();
  ethernet.type = read.u16();
  Frame frame{Layer(ethernet)};
  if (ethernet.type == 0x0806)
    decode_arp(frame, read.rest());
  else if (ethernet.type == 0x0800)
    decode_datagram(frame, read.rest());
  else
    decode_payload(frame, read.rest());
  return frame;
}

}  // namespace smolstack::test
