// Bytes into frames, and frames into words.

#include <algorithm>
#include <array>
#include <iomanip>
#include <ostream>
#include <sstream>

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

// --- Words -------------------------------------------------------------------------------------

/// One field of a layer in words; what is not set has no value.
struct Field {
  std::string_view name;
  std::optional<std::string> value;
};
using Fields = std::vector<Field>;

template <std::integral Number>
std::optional<std::string> words(const std::optional<Number>& value) {
  if (!value) return std::nullopt;
  return std::to_string(*value);
}
std::optional<std::string> words(const Mac& value) {
  if (!value) return std::nullopt;
  return smolstack::to_string(*value);
}
std::optional<std::string> words(const Address& value) {
  if (!value) return std::nullopt;
  return smolstack::to_string(*value);
}
std::string hexadecimal(const Octets& octets) {
  std::ostringstream out;
  out << octets.size() << " bytes:" << std::hex << std::setfill('0');
  for (std::size_t i = 0; i < octets.size(); ++i)
    out << (i % 2 == 0 ? " " : "") << std::setw(2) << std::to_integer<unsigned>(octets[i]);
  return out.str();
}
std::optional<std::string> words(const std::optional<Octets>& options) {
  if (!options) return std::nullopt;
  Octets padded = *options;
  padded.resize((padded.size() + 3) / 4 * 4);
  return hexadecimal(padded);
}

Fields fields_of(const EthernetLayer& e) {
  return {
      {"source", words(e.source)}, {"destination", words(e.destination)}, {"type", words(e.type)}};
}
Fields fields_of(const ArpLayer& a) {
  const auto& f = a.fields;
  return {{"operation", words(f.operation)},   {"sender", words(a.sender)},
          {"sender_mac", words(f.sender_mac)}, {"target", words(a.target)},
          {"target_mac", words(f.target_mac)}, {"htype", words(f.hardware_type)},
          {"ptype", words(f.protocol_type)},   {"hlen", words(f.hardware_length)},
          {"plen", words(f.protocol_length)}};
}
Fields fields_of(const Ipv4Layer& ip) {
  const auto& f = ip.fields;
  return {{"source", words(ip.source)},
          {"destination", words(ip.destination)},
          {"ttl", words(f.ttl)},
          {"tos", words(f.tos)},
          {"id", words(f.id)},
          {"DF", words(f.dont_fragment)},
          {"MF", words(f.more)},
          {"offset", words(f.offset)},
          {"protocol", words(f.protocol)},
          {"length", words(f.total_length)},
          {"options", words(f.options)},
          {"checksum", words(f.checksum)},
          {"version_ihl", words(f.version_ihl)}};
}
Fields fields_of(const IcmpLayer& i) {
  return {{"type", words(i.type)},
          {"code", words(i.code)},
          {"rest", words(i.rest)},
          {"checksum", words(i.checksum)}};
}
Fields fields_of(const UdpLayer& u) {
  return {{"sport", words(u.source_port)},
          {"dport", words(u.destination_port)},
          {"length", words(u.fields.length)},
          {"checksum", words(u.fields.checksum)}};
}
Fields fields_of(const TcpLayer& t) {
  const auto& f = t.fields;
  return {{"sport", words(t.source_port)},
          {"dport", words(t.destination_port)},
          {"flags", words(f.flags)},
          {"seq", words(f.sequence)},
          {"ack", words(f.acknowledgment)},
          {"win", words(f.window)},
          {"offset", words(f.offset_reserved)},
          {"checksum", words(f.checksum)}};
}
Fields fields_of(const Payload& p) {
  return {{"", hexadecimal(p.octets)}};
}

constexpr std::array<std::string_view, 7> layer_names{"Ethernet", "ARP", "IP",  "ICMP",
                                                      "UDP",      "TCP", "data"};

Fields fields_of(const Layer& each) {
  return std::visit([](const auto& it) { return fields_of(it); }, each);
}

std::optional<std::string> compare(const Layer& actual, const Layer& expected) {
  const auto name = std::string(layer_names[expected.index()]);
  if (actual.index() != expected.index())
    return name + " expected, " + std::string(layer_names[actual.index()]) + " found";
  const Fields is = fields_of(actual);
  const Fields should_be = fields_of(expected);
  for (std::size_t i = 0; i < is.size(); ++i)
    if (should_be[i].value && is[i].value != should_be[i].value)
      return name + " " + std::string(is[i].name) + " is " + is[i].value.value_or("absent") +
             ", not " + *should_be[i].value;
  return std::nullopt;
}

bool is_empty_payload(const Layer& each) {
  const auto* payload = std::get_if<Payload>(&each);
  return payload != nullptr && payload->octets.empty();
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

std::optional<std::string> difference(const Frame& actual, const Frame& expected) {
  const auto& is = actual.layers;
  const auto& should_be = expected.layers;
  if (should_be.empty()) return std::nullopt;
  const auto begin = std::ranges::find_if(
      is, [&](const Layer& each) { return each.index() == should_be.front().index(); });
  auto at = begin;
  for (const Layer& each : should_be) {
    if (is_empty_payload(each) && at == is.end()) continue;
    if (at == is.end()) return std::string(layer_names[each.index()]) + " is missing";
    if (auto why = compare(*at++, each)) return why;
  }
  return std::nullopt;
}

bool operator==(const Captured& actual, const Frame& expected) {
  return !difference(decode(actual.bytes), expected);
}

std::string to_string(const Frame& frame) {
  std::ostringstream out;
  for (const Layer& each : frame.layers) {
    out << (&each == frame.layers.data() ? "" : " / ") << layer_names[each.index()];
    for (const Field& field : fields_of(each))
      if (field.value) out << ' ' << field.name << (field.name.empty() ? "" : " ") << *field.value;
  }
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const Frame& frame) {
  return out << to_string(frame);
}
std::ostream& operator<<(std::ostream& out, const Captured& captured) {
  const std::chrono::duration<double> at = captured.at.time_since_epoch();
  return out << at.count() << "s " << to_string(decode(captured.bytes));
}

}  // namespace smolstack::test
