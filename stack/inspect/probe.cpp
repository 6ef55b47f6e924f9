#include "smolstack/inspect/probe.hpp"

#include <algorithm>
#include <utility>

#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack::inspect {
namespace {

constexpr std::uint16_t identifier = 0x534d;
constexpr std::uint16_t client_port = 49152;  // RFC 6335 §6: the first that nobody owns
constexpr std::uint16_t window = 64240;

struct Ports {
  std::uint16_t source;
  std::uint16_t destination;
};

struct Addresses {
  Ipv4Address source;
  Ipv4Address destination;
};

std::uint16_t checksum_of(ConstBytes message, const Addresses& addresses, std::uint8_t protocol) {
  return pseudo_header_sum(addresses.source, addresses.destination, protocol, message.size())
      .add(message)
      .finish();
}

void write_udp(Bytes message, const Ports& ports, const Addresses& addresses) {
  auto& udp = header_at<wire::UdpHeader>(message) = wire::UdpHeader();
  udp.source_port = ports.source;
  udp.destination_port = ports.destination;
  udp.length = static_cast<std::uint16_t>(message.size());
  udp.checksum = checksum_of(message, addresses, ip_protocol::udp);
}

void write_tcp(Bytes message, const Ports& ports, const Addresses& addresses, std::uint8_t flags) {
  auto& tcp = header_at<wire::TcpHeader>(message) = wire::TcpHeader();
  tcp.source_port = ports.source;
  tcp.destination_port = ports.destination;
  tcp.flags = flags;
  tcp.window = window;
  tcp.checksum = checksum_of(message, addresses, ip_protocol::tcp);
}

void write_echo(Bytes message) {
  auto& icmp = header_at<wire::Icmpv4Header>(message) = wire::Icmpv4Header();
  icmp.type = icmpv4_type::echo_request;
  icmp.rest = std::uint32_t{identifier} << 16 | 1u;
  icmp.checksum = internet_checksum(message);
}

}  // namespace

std::size_t transport_header_length(std::uint8_t protocol) {
  return protocol == ip_protocol::tcp ? sizeof(wire::TcpHeader) : sizeof(wire::UdpHeader);
}

std::size_t datagram_length(const Probe& probe) {
  return sizeof(wire::Ipv4Header) + transport_header_length(probe.protocol) + probe.size;
}

void write_request(Bytes message, const Probe& probe, Ipv4Address source) {
  std::ranges::fill(message, std::byte{});
  const Ports ports{client_port, probe.port};
  const Addresses addresses{source, probe.destination};
  if (probe.protocol == ip_protocol::icmp) return write_echo(message);
  if (probe.protocol == ip_protocol::udp) return write_udp(message, ports, addresses);
  write_tcp(message, ports, addresses, tcp_flag::syn);
}

void write_answer(Bytes message, const Probe& probe, Ipv4Address source) {
  std::ranges::fill(message, std::byte{});
  const Ports ports{probe.port, client_port};
  const Addresses addresses{probe.destination, source};
  if (probe.protocol == ip_protocol::udp) return write_udp(message, ports, addresses);
  write_tcp(message, ports, addresses, tcp_flag::syn | tcp_flag::ack);
}

Role role_of(const wire::Ipv4Header& ip, ConstBytes message, Ipv4Address destination) {
  const bool has_type = ip.protocol == ip_protocol::icmp && ip.fragment_offset() == 0 &&
                        message.size() >= sizeof(wire::Icmpv4Header);
  if (has_type) {
    const std::uint8_t type = header_at<wire::Icmpv4Header>(message).type;
    if (type == icmpv4_type::redirect) return Role::redirect;
    if (is_icmpv4_error(type)) return Role::error;
    if (type == icmpv4_type::echo_reply) return Role::reply;
  }
  return ip.destination == destination ? Role::request : Role::reply;
}

}  // namespace smolstack::inspect
