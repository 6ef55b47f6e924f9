// Frames into bytes. Checksums are the plain sums of RFC 1071's text, so that a mistake in the
// stack's own code cannot hide in its tests.

#include <algorithm>
#include <utility>

#include "lab/support/frame.hpp"

namespace smolstack::test {
namespace {

void put8(Octets& to, unsigned value) {
  to.push_back(static_cast<std::byte>(value & 0xff));
}
void put16(Octets& to, unsigned value) {
  put8(to, value >> 8);
  put8(to, value);
}
void put32(Octets& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}
void put(Octets& to, const MacAddress& value) {
  for (const std::uint8_t octet : value.octets) put8(to, octet);
}
void put(Octets& to, Ipv4Address value) {
  put32(to, value.host());
}
void put(Octets& to, const Octets& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void set16(Octets& in, std::size_t at, unsigned value) {
  in[at] = static_cast<std::byte>(value >> 8 & 0xff);
  in[at + 1] = static_cast<std::byte>(value & 0xff);
}

unsigned plain_checksum(const Octets& bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? octet << 8 : octet;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}

std::uint32_t pseudo_header(const Ipv4Layer* ip, unsigned protocol, std::size_t length) {
  if (ip == nullptr) return 0;
  std::uint32_t sum = protocol + static_cast<std::uint32_t>(length);
  for (const Address& each : {ip->source, ip->destination}) {
    const std::uint32_t host = each.value_or(Ipv4Address()).host();
    sum += (host >> 16) + (host & 0xffff);
  }
  return (sum & 0xffff) + (sum >> 16);
}

/// What lies around and inside the layer that is being encoded.
struct Surroundings {
  const Ipv4Layer* ip = nullptr;
  const Layer* next = nullptr;
  const Octets& inner;
};

Octets encoded(const EthernetLayer& ethernet, const Surroundings& around) {
  const bool arp = around.next != nullptr && std::holds_alternative<ArpLayer>(*around.next);
  Octets out;
  put(out, ethernet.destination.value_or(MacAddress{}));
  put(out, ethernet.source.value_or(MacAddress{}));
  put16(out, ethernet.type.value_or(arp ? 0x0806 : 0x0800));
  return out;
}

Octets encoded(const ArpLayer& arp, const Surroundings&) {
  const auto& fields = arp.fields;
  const Ipv4Address sender = arp.sender.value_or(Ipv4Address());
  const Ipv4Address target = arp.target.value_or(Ipv4Address());
  const bool is_reply = fields.operation == 2;
  Octets out;
  put16(out, fields.hardware_type.value_or(1));
  put16(out, fields.protocol_type.value_or(0x0800));
  put8(out, fields.hardware_length.value_or(6));
  put8(out, fields.protocol_length.value_or(4));
  put16(out, fields.operation.value_or(1));
  put(out, fields.sender_mac.value_or(default_mac(sender)));
  put(out, sender);
  put(out, fields.target_mac.value_or(is_reply ? default_mac(target) : MacAddress{}));
  put(out, target);
  return out;
}

unsigned protocol_of(const Layer* next) {
  if (next == nullptr || std::holds_alternative<Payload>(*next)) return 253;  // RFC 3692
  if (std::holds_alternative<IcmpLayer>(*next)) return 1;
  if (std::holds_alternative<IgmpLayer>(*next)) return 2;
  if (std::holds_alternative<TcpLayer>(*next)) return 6;
  return std::holds_alternative<UdpLayer>(*next) ? 17 : 4;
}

unsigned flags_and_offset(const Ipv4Fields& fields) {
  return (fields.dont_fragment.value_or(false) ? 0x4000u : 0u) |
         (fields.more.value_or(false) ? 0x2000u : 0u) | fields.offset.value_or(0) / 8u;
}

Octets encoded(const Ipv4Layer& ip, const Surroundings& around) {
  const auto& fields = ip.fields;
  Octets options = fields.options.value_or(Octets{});
  options.resize((options.size() + 3) / 4 * 4);
  const std::size_t header = 20 + options.size();
  Octets out;
  put8(out, fields.version_ihl.value_or(static_cast<std::uint8_t>(0x40 + header / 4)));
  put8(out, fields.tos.value_or(0));
  put16(out,
        fields.total_length.value_or(static_cast<std::uint16_t>(header + around.inner.size())));
  put16(out, fields.id.value_or(0));
  put16(out, flags_and_offset(fields));
  put8(out, fields.ttl.value_or(64));
  put8(out, fields.protocol.value_or(static_cast<std::uint8_t>(protocol_of(around.next))));
  put16(out, 0);
  put(out, ip.source.value_or(Ipv4Address()));
  put(out, ip.destination.value_or(Ipv4Address()));
  put(out, options);
  set16(out, 10, fields.checksum.value_or(static_cast<std::uint16_t>(plain_checksum(out))));
  return out;
}

/// `header` with its checksum field at `at` filled in over header and contents.
Octets checked(Octets header, std::size_t at, std::optional<std::uint16_t> wanted,
               const Octets& inner, std::uint32_t pseudo) {
  Octets whole = header;
  put(whole, inner);
  set16(header, at, wanted.value_or(static_cast<std::uint16_t>(plain_checksum(whole, pseudo))));
  return header;
}

Octets encoded(const IcmpLayer& icmp, const Surroundings& around) {
  Octets out;
  put8(out, icmp.type.value_or(0));
  put8(out, icmp.code.value_or(0));
  put16(out, 0);
  put32(out, icmp.rest.value_or(0));
  return checked(std::move(out), 2, icmp.checksum, around.inner, 0);
}

Octets encoded(const IgmpLayer& igmp, const Surroundings& around) {
  Octets out;
  put8(out, igmp.type.value_or(0));
  put8(out, igmp.code.value_or(0));
  put16(out, 0);
  put(out, igmp.group.value_or(Ipv4Address()));
  return checked(std::move(out), 2, igmp.checksum, around.inner, 0);
}

Octets encoded(const UdpLayer& udp, const Surroundings& around) {
  const std::size_t length = 8 + around.inner.size();
  Octets out;
  put16(out, udp.source_port.value_or(0));
  put16(out, udp.destination_port.value_or(0));
  put16(out, udp.fields.length.value_or(static_cast<std::uint16_t>(length)));
  put16(out, 0);
  return checked(std::move(out), 6, udp.fields.checksum, around.inner,
                 pseudo_header(around.ip, 17, length));
}

Octets encoded(const TcpLayer& tcp, const Surroundings& around) {
  const auto& fields = tcp.fields;
  Octets out;
  put16(out, tcp.source_port.value_or(0));
  put16(out, tcp.destination_port.value_or(0));
  put32(out, fields.sequence.value_or(0));
  put32(out, fields.acknowledgment.value_or(0));
  put8(out, fields.offset_reserved.value_or(0x50));
  put8(out, fields.flags.value_or(0));
  put16(out, fields.window.value_or(0));
  put32(out, 0);
  return checked(std::move(out), 16, fields.checksum, around.inner,
                 pseudo_header(around.ip, 6, 20 + around.inner.size()));
}

Octets encoded(const Payload& payload, const Surroundings&) {
  return payload.octets;
}

Octets encode_from(const std::vector<Layer>& layers, std::size_t i, const Ipv4Layer* ip) {
  if (i == layers.size()) return {};
  const auto* own = std::get_if<Ipv4Layer>(&layers[i]);
  const Octets inner = encode_from(layers, i + 1, own != nullptr ? own : ip);
  const Layer* const next = i + 1 < layers.size() ? &layers[i + 1] : nullptr;
  Octets out = std::visit(
      [&](const auto& each) {
        return encoded(each, Surroundings{ip, next, inner});
      },
      layers[i]);
  put(out, inner);
  return out;
}

}  // namespace

Octets encode(const Frame& frame) {
  Octets out = encode_from(frame.layers, 0, nullptr);
  if (frame.length) out.resize(*frame.length, frame.padding);
  return out;
}

}  // namespace smolstack::test
