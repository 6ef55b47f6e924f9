#include "lab/support/frame.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace smolstack::test {
namespace {

template <class Value>
Value must(const std::optional<Value>& value, std::string_view text) {
  if (!value) throw std::invalid_argument("a test says '" + std::string(text) + "'");
  return *value;
}

Frame icmp_of(std::uint8_t type, std::uint8_t code, std::uint16_t high, std::uint16_t low) {
  return icmp(type, code, std::uint32_t{high} << 16 | low);
}

}  // namespace

Ipv4Address address(std::string_view text) {
  return must(parse_ipv4_address(text), text);
}
MacAddress mac(std::string_view text) {
  return must(parse_mac_address(text), text);
}
Address::Address(const char* text) : optional(address(text)) {}
Mac::Mac(const char* text) : optional(mac(text)) {}

Frame::Frame(const char* text) {
  Payload payload;
  for (const char c : std::string_view(text)) payload.octets.push_back(static_cast<std::byte>(c));
  layers.emplace_back(std::move(payload));
}

Frame operator/(Frame outer, const Frame& inner) {
  outer.layers.insert(outer.layers.end(), inner.layers.begin(), inner.layers.end());
  if (inner.length) outer.length = inner.length, outer.padding = inner.padding;
  return outer;
}

Frame ethernet(Mac source, Mac destination, std::optional<std::uint16_t> type) {
  return Layer(EthernetLayer{source, destination, type});
}

Frame arp_request(Address sender, Address target, const ArpFields& fields) {
  ArpLayer arp{sender, target, fields};
  if (!arp.fields.operation) arp.fields.operation = std::uint16_t{1};
  return Layer(arp);
}
Frame arp_request(Address target) {
  return arp_request({}, target);
}
Frame arp_reply(Address sender, Address target, const ArpFields& fields) {
  ArpLayer arp{sender, target, fields};
  if (!arp.fields.operation) arp.fields.operation = std::uint16_t{2};
  return Layer(arp);
}
Frame gratuitous_arp(Address sender, const ArpFields& fields) {
  return arp_request(sender, sender, fields);
}

Frame ipv4(Address source, Address destination, const Ipv4Fields& fields) {
  return Layer(Ipv4Layer{source, destination, fields});
}
Frame ipv4(const Ipv4Fields& fields) {
  return ipv4({}, {}, fields);
}

Frame udp(std::optional<std::uint16_t> source_port, std::optional<std::uint16_t> destination_port,
          const UdpFields& fields) {
  return Layer(UdpLayer{source_port, destination_port, fields});
}
Frame tcp(std::optional<std::uint16_t> source_port, std::optional<std::uint16_t> destination_port,
          const TcpFields& fields) {
  return Layer(TcpLayer{source_port, destination_port, fields});
}

Frame icmp(std::uint8_t type, std::uint8_t code, std::optional<std::uint32_t> rest,
           std::optional<std::uint16_t> checksum) {
  return Layer(IcmpLayer{type, code, rest, checksum});
}
Frame icmp_echo(std::uint16_t identifier, std::uint16_t sequence) {
  return icmp_of(8, 0, identifier, sequence);
}
Frame icmp_echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
  return icmp_of(0, 0, identifier, sequence);
}
Frame icmp_echo_reply() {
  return icmp(0, 0);
}
Frame icmp_time_exceeded() {
  return icmp(11, 0, 0u);
}
Frame icmp_reassembly_exceeded() {
  return icmp(11, 1, 0u);
}
Frame icmp_fragmentation_needed(std::uint16_t mtu) {
  return icmp(3, 4, mtu);
}
Frame icmp_parameter_problem(std::uint8_t pointer) {
  return icmp(12, 0, std::uint32_t{pointer} << 24);
}
Frame icmp_redirect(Address gateway) {
  return icmp(5, 1, gateway.value().host());
}
Frame icmp_unreachable(Unreachable what) {
  return icmp(3, what, 0u);
}

Octets bytes(std::size_t count, unsigned first) {
  Octets made(count);
  for (std::size_t i = 0; i < count; ++i)
    made[i] = static_cast<std::byte>((i * 31 + i / 256 * 7 + first) & 0xff);
  return made;
}
Octets filled(std::size_t count, unsigned value) {
  return Octets(count, static_cast<std::byte>(value));
}
Octets octets(std::initializer_list<unsigned> values) {
  Octets made;
  for (const unsigned value : values) made.push_back(static_cast<std::byte>(value));
  return made;
}

Frame sized(Frame frame, std::size_t length, unsigned fill) {
  frame.length = length;
  frame.padding = static_cast<std::byte>(fill);
  return frame;
}

std::vector<Frame> fragments_of(const Frame& datagram, std::size_t mtu) {
  const Octets whole = encode(datagram);
  const auto& ip = std::get<Ipv4Layer>(datagram.layers.front());
  const std::size_t step = (mtu - 20) / 8 * 8;
  std::vector<Frame> pieces;
  for (std::size_t at = 20; at < whole.size(); at += step) {
    const std::size_t end = std::min(at + step, whole.size());
    Ipv4Fields fields = ip.fields;
    fields.offset = static_cast<std::uint16_t>(fields.offset.value_or(0) + at - 20);
    fields.more = end != whole.size() || ip.fields.more.value_or(false);
    fields.protocol = static_cast<std::uint8_t>(whole[9]);
    const auto from = whole.begin() + static_cast<std::ptrdiff_t>(at);
    pieces.push_back(ipv4(ip.source, ip.destination, fields) /
                     Octets(from, whole.begin() + static_cast<std::ptrdiff_t>(end)));
  }
  return pieces;
}

std::optional<Octets> join(const std::vector<Frame>& fragments) {
  std::map<std::size_t, const Octets*> parts;
  std::optional<std::size_t> total;
  static const Octets nothing;
  for (const Frame& each : fragments) {
    const auto* ip = layer<Ipv4Layer>(each);
    const auto* data = layer<Payload>(each);
    const Octets& part = data == nullptr ? nothing : data->octets;
    const std::size_t offset = ip->fields.offset.value();
    if (!parts.emplace(offset, &part).second) return std::nullopt;
    if (!ip->fields.more.value()) total = offset + part.size();
  }
  Octets whole;
  for (const auto& [offset, part] : parts) {
    if (offset != whole.size()) return std::nullopt;
    whole.insert(whole.end(), part->begin(), part->end());
  }
  return whole.size() == total ? std::optional(whole) : std::nullopt;
}

}  // namespace smolstack::test
