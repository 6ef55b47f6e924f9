// Frames compared, and frames in words.

#include <algorithm>
#include <array>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "lab/support/frame.hpp"

namespace smolstack::test {
namespace {

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
Fields fields_of(const IgmpLayer& i) {
  return {{"type", words(i.type)},
          {"code", words(i.code)},
          {"group", words(i.group)},
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

constexpr std::array<std::string_view, 8> layer_names{"Ethernet", "ARP", "IP",  "ICMP",
                                                      "IGMP",     "UDP", "TCP", "data"};

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
