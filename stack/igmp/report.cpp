#include "smolstack/igmp/report.hpp"

#include <cassert>
#include <cstring>

#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/ipv4_options.hpp"

namespace smolstack {
namespace {

/// RFC 2113 §2.1: type, length, and "every router looks at it".
struct RouterAlert {
  std::uint8_t type = ipv4_option::router_alert;
  std::uint8_t length = 4;
  Big16 value;
};
static_assert(sizeof(wire::Ipv4Header) + sizeof(RouterAlert) == igmp_ipv4_header_length);

constexpr std::uint8_t internetwork_control = 0xc0;  // RFC 3376 §4: the precedence of CS6

/// A datagram with room for a message of `bytes`, which is zero.
Packet make_datagram(PacketPool& pool, std::size_t bytes) {
  Packet datagram = pool.allocate(igmp_ipv4_header_length + bytes);
  if (!datagram) return datagram;
  const Bytes whole = datagram.append(igmp_ipv4_header_length + bytes);
  std::memset(whole.data(), 0, whole.size());
  return datagram;
}

Bytes message_of(const Packet& datagram) {
  return datagram.bytes().subspan(igmp_ipv4_header_length);
}

/// RFC 3376 §4: TTL 1, Router Alert, precedence; §4.2.13: 0.0.0.0 is the source of who has no
/// address yet. Not to be fragmented, and so without an identification (RFC 6864 §4.1).
Packet finish(Packet datagram, const Interface& out, Ipv4Address destination) {
  finish_igmp(message_of(datagram));
  auto& ip = datagram.header<wire::Ipv4Header>() = wire::Ipv4Header();
  ip.version_ihl = 0x46;
  ip.tos = internetwork_control;
  ip.total_length = static_cast<std::uint16_t>(datagram.size());
  ip.flags_offset = wire::Ipv4Header::dont_fragment_flag;
  ip.ttl = 1;
  ip.protocol = ip_protocol::igmp;
  if (!out.addresses.empty()) ip.source = out.addresses.front().subnet.address;
  ip.destination = destination;
  header_at<RouterAlert>(datagram.bytes().subspan(sizeof ip)) = RouterAlert();
  finish_ipv4_header(datagram.bytes().first(igmp_ipv4_header_length));
  return datagram;
}

void write_record(Bytes to, const IgmpRecord& record) {
  header_at<wire::Igmpv3Record>(to) = {.type = static_cast<std::uint8_t>(record.type),
                                       .sources = static_cast<std::uint16_t>(record.sources.size()),
                                       .group = record.group};
  Bytes rest = to.subspan(sizeof(wire::Igmpv3Record));
  for (const Ipv4Address source : record.sources) {
    header_at<Ipv4Address>(rest) = source;
    rest = rest.subspan(sizeof source);
  }
}

}  // namespace

std::size_t igmp_room_for_records(const Interface& out) {
  constexpr std::size_t headers = igmp_ipv4_header_length + sizeof(wire::Igmpv3Report);
  static_assert(min_mtu >= headers + sizeof(wire::Igmpv3Record));
  return out.mtu - headers;
}

Packet make_igmp_report(PacketPool& pool, const Interface& out,
                        std::span<const IgmpRecord> records) {
  std::size_t bytes = sizeof(wire::Igmpv3Report);
  for (const IgmpRecord& record : records) bytes += record.length();
  assert(bytes - sizeof(wire::Igmpv3Report) <= igmp_room_for_records(out));
  Packet datagram = make_datagram(pool, bytes);
  if (!datagram) return datagram;
  Bytes rest = message_of(datagram);
  header_at<wire::Igmpv3Report>(rest) = {.records = static_cast<std::uint16_t>(records.size())};
  rest = rest.subspan(sizeof(wire::Igmpv3Report));
  for (const IgmpRecord& record : records) {
    write_record(rest, record);
    rest = rest.subspan(record.length());
  }
  return finish(std::move(datagram), out, all_igmpv3_routers);
}

Packet make_igmp_message(PacketPool& pool, const Interface& out, std::uint8_t type,
                         Ipv4Address group) {
  Packet datagram = make_datagram(pool, sizeof(wire::IgmpHeader));
  if (!datagram) return datagram;
  header_at<wire::IgmpHeader>(message_of(datagram)) = {.type = type, .group = group};
  const bool is_leave = type == igmp_type::v2_leave;
  return finish(std::move(datagram), out, is_leave ? all_routers : group);
}

}  // namespace smolstack
