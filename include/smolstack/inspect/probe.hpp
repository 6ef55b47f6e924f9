#pragma once
// The packet that is sent to find out, and the answer to it.

#include <cstdint>
#include <optional>
#include <string>

#include "smolstack/base/bytes.hpp"
#include "smolstack/inspect/trace.hpp"
#include "smolstack/packet/packet.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::inspect {

/// What ping's default is: 56 bytes behind the header.
inline constexpr std::uint16_t default_probe_size = 56;

struct Probe {
  std::string from;  ///< the machine
  Ipv4Address destination;
  std::uint8_t protocol = ip_protocol::icmp;
  std::uint16_t port = 0;                   ///< of UDP and TCP, at the destination
  std::uint8_t ttl = 0;                     ///< 0: the machine's default
  std::uint16_t size = default_probe_size;  ///< bytes behind the ICMP, UDP or TCP header
  bool dont_fragment = false;
};

/// How long the header behind the IPv4 header is.
std::size_t transport_header_length(std::uint8_t protocol);
/// How long the whole datagram is.
std::size_t datagram_length(const Probe& probe);

/// Fills in the message of the probe: an echo request, a UDP datagram or a SYN.
void write_request(Bytes message, const Probe& probe, Ipv4Address source);
/// Fills in what a server says to it: a UDP datagram or a SYN with ACK.
void write_answer(Bytes message, const Probe& probe, Ipv4Address source);

/// What a datagram of the simulation is to the probe. There is no other traffic.
enum class Role : std::uint8_t { request, reply, error, redirect };
Role role_of(const wire::Ipv4Header& ip, ConstBytes message, Ipv4Address destination);

}  // namespace smolstack::inspect
