#pragma once
// Packets as tests write them: layers, outermost first, joined by `/`.
//
//   ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / icmp_echo(7, 1) / "ping"
//
// What is not set fills itself in when the frame is encoded (lengths, protocol numbers,
// checksums) and is not compared when it is expected.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smolstack/base/bytes.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4_address.hpp"
#include "smolstack/wire/mac_address.hpp"
#include "smolstack/wire/offload.hpp"
#include "smolstack/wire/tcp.hpp"

namespace smolstack::test {

using Octets = std::vector<std::byte>;

/// An IPv4 address in a test's words; none at all when it is left out.
struct Address : std::optional<Ipv4Address> {
  Address() = default;
  Address(const char* text);
  Address(Ipv4Address address) : optional(address) {}
};

/// A MAC address likewise.
struct Mac : std::optional<MacAddress> {
  Mac() = default;
  Mac(const char* text);
  Mac(MacAddress mac) : optional(mac) {}
};

Ipv4Address address(std::string_view text);
MacAddress mac(std::string_view text);

struct EthernetLayer {
  Mac source{};
  Mac destination{};
  std::optional<std::uint16_t> type{};
};

struct ArpFields {
  Mac sender_mac{};
  Mac target_mac{};
  std::optional<std::uint16_t> operation{};
  std::optional<std::uint16_t> hardware_type{};
  std::optional<std::uint16_t> protocol_type{};
  std::optional<std::uint8_t> hardware_length{};
  std::optional<std::uint8_t> protocol_length{};
};
struct ArpLayer {
  Address sender{};
  Address target{};
  ArpFields fields{};
};

struct Ipv4Fields {
  std::optional<std::uint8_t> ttl{};
  std::optional<std::uint8_t> tos{};
  std::optional<std::uint16_t> id{};
  std::optional<bool> dont_fragment{};
  std::optional<bool> more{};
  std::optional<std::uint16_t> offset{};  ///< in bytes
  std::optional<std::uint8_t> protocol{};
  std::optional<Octets> options{};  ///< padded with end-of-list to whole words
  std::optional<std::uint16_t> checksum{};
  std::optional<std::uint16_t> total_length{};
  std::optional<std::uint8_t> version_ihl{};
};
struct Ipv4Layer {
  Address source{};
  Address destination{};
  Ipv4Fields fields{};
};

struct IcmpLayer {
  std::optional<std::uint8_t> type{};
  std::optional<std::uint8_t> code{};
  std::optional<std::uint32_t> rest{};
  std::optional<std::uint16_t> checksum{};
};

/// The eight bytes that all IGMP begins with: in a report of version 3 `group` is the reserved half
/// and the number of records. What follows is data.
struct IgmpLayer {
  std::optional<std::uint8_t> type{};
  std::optional<std::uint8_t> code{};
  Address group{};
  std::optional<std::uint16_t> checksum{};
};

struct UdpFields {
  std::optional<std::uint16_t> length{};
  std::optional<std::uint16_t> checksum{};
};
struct UdpLayer {
  std::optional<std::uint16_t> source_port{};
  std::optional<std::uint16_t> destination_port{};
  UdpFields fields{};
};

struct TcpFields {
  std::optional<std::uint8_t> flags{};
  std::optional<std::uint32_t> sequence{};
  std::optional<std::uint32_t> acknowledgment{};
  std::optional<std::uint16_t> window{};
  std::optional<std::uint8_t> offset_reserved{};
  std::optional<std::uint16_t> checksum{};
};
struct TcpLayer {
  std::optional<std::uint16_t> source_port{};
  std::optional<std::uint16_t> destination_port{};
  TcpFields fields{};
};

struct Payload {
  Octets octets{};
};

using Layer = std::variant<EthernetLayer, ArpLayer, Ipv4Layer, IcmpLayer, IgmpLayer, UdpLayer,
                           TcpLayer, Payload>;

/// A packet to send or to expect, beginning at any layer.
struct Frame {
  Frame() = default;
  Frame(Layer layer) { layers.push_back(std::move(layer)); }
  Frame(const char* text);
  Frame(Octets octets) : Frame(Layer(Payload{std::move(octets)})) {}

  std::vector<Layer> layers;
  std::optional<std::size_t> length{};  ///< of the whole frame: what is missing is padding
  std::byte padding{};

  friend Frame operator/(Frame outer, const Frame& inner);
};

// --- Layers ------------------------------------------------------------------------------------

Frame ethernet(Mac source, Mac destination, std::optional<std::uint16_t> type = {});
Frame arp_request(Address sender, Address target, const ArpFields& fields = {});
Frame arp_request(Address target);
Frame arp_reply(Address sender, Address target, const ArpFields& fields = {});
/// A request for the sender's own address: "this is me" (RFC 5227 §2.3).
Frame gratuitous_arp(Address sender, const ArpFields& fields = {});
Frame ipv4(Address source, Address destination, const Ipv4Fields& fields = {});
Frame ipv4(const Ipv4Fields& fields);
Frame udp(std::optional<std::uint16_t> source_port, std::optional<std::uint16_t> destination_port,
          const UdpFields& fields = {});
Frame tcp(std::optional<std::uint16_t> source_port, std::optional<std::uint16_t> destination_port,
          const TcpFields& fields = {});

Frame icmp(std::uint8_t type, std::uint8_t code, std::optional<std::uint32_t> rest = {},
           std::optional<std::uint16_t> checksum = {});
Frame icmp_echo(std::uint16_t identifier, std::uint16_t sequence);
Frame icmp_echo_reply(std::uint16_t identifier, std::uint16_t sequence);
Frame icmp_echo_reply();
Frame icmp_time_exceeded();
Frame icmp_reassembly_exceeded();
Frame icmp_fragmentation_needed(std::uint16_t mtu);
Frame icmp_parameter_problem(std::uint8_t pointer);
Frame icmp_redirect(Address gateway);

/// What cannot be reached: the codes of Destination Unreachable (RFC 792, RFC 1812 §5.2.7.1).
enum Unreachable : std::uint8_t { net = 0, host = 1, protocol = 2, port = 3, prohibited = 13 };
Frame icmp_unreachable(Unreachable what);

/// The IPv4 header of IGMP: TTL 1, precedence 6, Router Alert (RFC 3376 §4).
Frame ipv4_of_igmp(Address source, Address destination);
Frame igmpv1_query();
/// `code` is Max Resp Code, in tenths of a second; without a group it is general.
Frame igmpv2_query(std::uint8_t code, Address group = {});
struct Igmpv3QueryFields {
  std::uint8_t robustness = 2;
  std::uint8_t interval_code = 125;
  std::vector<Address> sources{};
};
Frame igmpv3_query(std::uint8_t code, Address group = {}, const Igmpv3QueryFields& fields = {});
Frame igmpv1_report(Address group);
Frame igmpv2_report(Address group);
Frame igmpv2_leave(Address group);
/// One group of a report of version 3.
struct IgmpRecordWords {
  std::uint8_t type;
  Address group;
  std::vector<Address> sources{};
};
Frame igmpv3_report(const std::vector<IgmpRecordWords>& records);
// The records that a host without source filters has (RFC 3376 §4.2.12).
IgmpRecordWords is_included(Address group, std::vector<Address> sources);
IgmpRecordWords is_excluded(Address group);
IgmpRecordWords to_include(Address group);
IgmpRecordWords to_exclude(Address group);

/// `count` bytes of a pattern that no shift or swap leaves alike.
Octets bytes(std::size_t count, unsigned first = 0);
/// `count` times the same byte.
Octets filled(std::size_t count, unsigned value);
/// The bytes given, as numbers.
Octets octets(std::initializer_list<unsigned> values);

/// The frame made `length` bytes long: padded with `fill`, as Ethernet does it, or cut off.
Frame sized(Frame frame, std::size_t length, unsigned fill = 0);

// --- Bytes -------------------------------------------------------------------------------------

/// The frame as it lies on the wire, from its outermost layer on.
Octets encode(const Frame& frame);
/// Ethernet and what it carries, every field set. Inside an ICMP error the quoted datagram.
Frame decode(ConstBytes ethernet_frame);
/// An IPv4 datagram likewise.
Frame decode_ipv4(ConstBytes datagram);

/// The first layer of its kind; nullptr when there is none.
template <class Kind>
const Kind* layer(const Frame& frame) {
  for (const Layer& each : frame.layers)
    if (const auto* found = std::get_if<Kind>(&each)) return found;
  return nullptr;
}

/// The datagram in fragments of at most `mtu` bytes, by the book and by other code than ours
/// (RFC 791 §3.2). `datagram` begins with its IPv4 layer and has no options.
std::vector<Frame> fragments_of(const Frame& datagram, std::size_t mtu);

/// The data of a datagram from its fragments, whatever their order; nothing when they leave a
/// hole or contradict one another.
std::optional<Octets> join(const std::vector<Frame>& fragments);

/// A frame that came out of a stack, and when.
struct Captured {
  Octets bytes;
  Instant at{};
  Offload offload{};  ///< what the device is to do of it, counted from the first byte
};

/// Why `actual` is not what was expected, one sentence; nothing when it is.
std::optional<std::string> difference(const Frame& actual, const Frame& expected);
/// Compares what the expected side sets; its first layer may lie anywhere in the frame.
bool operator==(const Captured& actual, const Frame& expected);

/// "IP 10.0.1.9 > 10.0.2.7: ttl 1 ICMP echo request ..."
std::string to_string(const Frame& frame);
std::ostream& operator<<(std::ostream& out, const Frame& frame);
std::ostream& operator<<(std::ostream& out, const Captured& captured);

}  // namespace smolstack::test
