#include "smolstack/wire/virtio_net.hpp"

#include <optional>

#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/tcp.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack {
namespace {

using wire::VirtioNetHeader;

constexpr std::uint8_t known_flags = virtio_net_flag::needs_checksum | virtio_net_flag::data_valid;
// Nobody puts so many headers before a transport; the positions in a buffer stay small.
constexpr std::size_t most_headers = 512;
constexpr std::size_t vlan_tag = 4;

auto malformed() {
  return unexpected(DropReason::offload_malformed);
}

bool is_vlan(std::uint16_t type) {
  return type == ether_type::vlan || type == ether_type::service_vlan;
}

/// Where the network header begins, and the EtherType of what it is.
struct Network {
  std::size_t at;
  std::uint16_t type;
};

std::optional<Network> find_network(ConstBytes frame, FrameStart start) {
  if (start == FrameStart::ip) {
    if (frame.empty()) return std::nullopt;
    const bool is_ipv4 = std::to_integer<unsigned>(frame[0]) >> 4 == 4;
    return Network{0, is_ipv4 ? ether_type::ipv4 : ether_type::ipv6};
  }
  if (frame.size() < sizeof(wire::EthernetHeader)) return std::nullopt;
  Network network{sizeof(wire::EthernetHeader), header_at<wire::EthernetHeader>(frame).type};
  while (is_vlan(network.type)) {
    if (frame.size() < network.at + vlan_tag) return std::nullopt;
    network.type = header_at<Big16>(frame.subspan(network.at + sizeof(Big16)));
    network.at += vlan_tag;
  }
  return network;
}

/// What an IPv4 datagram with a partial checksum may be: TCP or UDP, whole, with room for the
/// header of its transport.
struct Datagram {
  std::uint8_t protocol;
  ConstBytes transport;  ///< header and payload
  bool is_padded;        ///< the frame goes on behind it
};

std::optional<Datagram> find_datagram(ConstBytes network) {
  if (network.size() < sizeof(wire::Ipv4Header)) return std::nullopt;
  const auto& ip = header_at<wire::Ipv4Header>(network);
  const std::size_t header = ip.header_length();
  if (ip.version_ihl >> 4 != 4 || header < sizeof ip || ip.is_fragment()) return std::nullopt;
  if (ip.total_length < header || ip.total_length > network.size()) return std::nullopt;
  const ConstBytes transport = network.subspan(header, ip.total_length - header);
  const bool is_tcp = ip.protocol == ip_protocol::tcp;
  const std::size_t least = is_tcp ? sizeof(wire::TcpHeader) : sizeof(wire::UdpHeader);
  if ((!is_tcp && ip.protocol != ip_protocol::udp) || transport.size() < least) return std::nullopt;
  return Datagram{ip.protocol, transport, ip.total_length < network.size()};
}

std::uint8_t checksum_offset_of(std::uint8_t protocol) {
  return protocol == ip_protocol::tcp ? offsetof(wire::TcpHeader, checksum)
                                      : offsetof(wire::UdpHeader, checksum);
}

std::size_t segments_of(std::size_t payload, std::uint16_t gso_size) {
  return (payload + gso_size - 1u) / gso_size;
}

/// The payload of a TCP super-frame; nothing: it is none.
std::optional<std::size_t> tcp_payload(const Datagram& datagram, std::uint16_t gso_size) {
  if (datagram.protocol != ip_protocol::tcp || gso_size < min_tcp_gso_size) return std::nullopt;
  const auto& tcp = header_at<wire::TcpHeader>(datagram.transport);
  const std::size_t header = tcp.header_length();
  if (header < sizeof tcp || header > datagram.transport.size()) return std::nullopt;
  if (tcp.has(tcp_flag::syn) || tcp.has(tcp_flag::rst)) return std::nullopt;
  return datagram.transport.size() - header;
}

/// The same of UDP, whose length field says how long the super-frame is.
std::optional<std::size_t> udp_payload(const Datagram& datagram, std::uint16_t gso_size) {
  if (datagram.protocol != ip_protocol::udp || gso_size == 0) return std::nullopt;
  const auto& udp = header_at<wire::UdpHeader>(datagram.transport);
  if (udp.length != datagram.transport.size()) return std::nullopt;
  const std::size_t payload = datagram.transport.size() - sizeof udp;
  if (segments_of(payload, gso_size) > max_udp_gso_segments) return std::nullopt;
  return payload;
}

Expected<Offload, DropReason> parse_super_frame(const VirtioNetHeader& header,
                                                const Datagram& datagram, Offload offload) {
  const bool ecn = (header.gso_type & virtio_net_gso::ecn) != 0;
  const auto type = static_cast<std::uint8_t>(header.gso_type & ~virtio_net_gso::ecn);
  const bool is_tcp = type == virtio_net_gso::tcpv4;
  const bool is_udp = type == virtio_net_gso::udp_l4 && !ecn;
  if ((!is_tcp && !is_udp) || datagram.is_padded) return malformed();
  const auto payload =
      is_tcp ? tcp_payload(datagram, header.gso_size) : udp_payload(datagram, header.gso_size);
  if (!payload || segments_of(*payload, header.gso_size) > max_gso_segments) return malformed();
  if (*payload <= header.gso_size) return offload;  // one packet: there is nothing to cut
  offload.ecn = ecn;
  offload.kind = is_tcp ? OffloadKind::tcp4 : OffloadKind::udp4;
  offload.gso_size = header.gso_size;
  return offload;
}

/// The partial checksum of something that is not IPv4: it need only lie in the frame.
Expected<Offload, DropReason> parse_other(const VirtioNetHeader& header, ConstBytes frame,
                                          Offload offload) {
  if (header.gso_type != virtio_net_gso::none) return unexpected(DropReason::unknown_ethertype);
  const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
  const bool fits = field + sizeof(Big16) <= frame.size() && header.checksum_offset <= most_headers;
  if (!fits || header.checksum_start > most_headers || header.checksum_offset > UINT8_MAX)
    return malformed();
  offload.checksum_offset = static_cast<std::uint8_t>(header.checksum_offset);
  return offload;
}

}  // namespace

Expected<Offload, DropReason> parse_virtio_net(const VirtioNetHeader& header, ConstBytes frame,
                                               FrameStart start) {
  const bool is_gso = header.gso_type != virtio_net_gso::none;
  const bool needs_checksum = (header.flags & virtio_net_flag::needs_checksum) != 0;
  if ((header.flags & ~known_flags) != 0) return malformed();
  if (header.header_length > frame.size()) return malformed();
  if (is_gso != (header.gso_size != 0) || (is_gso && !needs_checksum)) return malformed();
  if (!needs_checksum) return Offload{};

  const auto network = find_network(frame, start);
  if (!network || network->at > most_headers) return malformed();
  Offload offload;
  offload.kind = OffloadKind::checksum;
  offload.network = static_cast<std::uint16_t>(network->at);
  offload.transport = header.checksum_start;
  if (network->type != ether_type::ipv4) return parse_other(header, frame, offload);

  const auto datagram = find_datagram(frame.subspan(network->at));
  if (!datagram) return malformed();
  offload.checksum_offset = checksum_offset_of(datagram->protocol);
  const auto transport = static_cast<std::size_t>(datagram->transport.data() - frame.data());
  if (header.checksum_start != transport || header.checksum_offset != offload.checksum_offset)
    return malformed();
  return is_gso ? parse_super_frame(header, *datagram, offload)
                : Expected<Offload, DropReason>(offload);
}

VirtioNetHeader make_virtio_net(const Offload& offload, std::size_t header_length) {
  VirtioNetHeader header;
  if (offload.kind == OffloadKind::none) return header;
  header.flags = virtio_net_flag::needs_checksum;
  header.checksum_start = offload.transport;
  header.checksum_offset = offload.checksum_offset;
  if (!offload.is_super_frame()) return header;
  const bool is_tcp = offload.kind == OffloadKind::tcp4;
  header.gso_type = is_tcp ? virtio_net_gso::tcpv4 : virtio_net_gso::udp_l4;
  if (offload.ecn) header.gso_type |= virtio_net_gso::ecn;
  header.gso_size = offload.gso_size;
  header.header_length = static_cast<std::uint16_t>(header_length);
  return header;
}

}  // namespace smolstack
