#pragma once
// IGMP messages of a host as whole datagrams.

#include <span>

#include "smolstack/netif/interface.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/igmp.hpp"

namespace smolstack {

/// Of the IPv4 header: 20 bytes and the Router Alert option.
inline constexpr std::size_t igmp_ipv4_header_length = 24;

/// What a report of version 3 says of one group.
struct IgmpRecord {
  IgmpRecordType type = IgmpRecordType::mode_is_exclude;
  Ipv4Address group{};
  std::span<const Ipv4Address> sources{};

  std::size_t length() const { return sizeof(wire::Igmpv3Record) + sources.size_bytes(); }
};

/// How many bytes of records fit into one report on that link: at least one record without sources.
std::size_t igmp_room_for_records(const Interface& out);

/// A report of version 3, to 224.0.0.22 (RFC 3376 §4.2). The records must fit. Empty: there is no
/// buffer.
Packet make_igmp_report(PacketPool& pool, const Interface& out,
                        std::span<const IgmpRecord> records);
/// A message of version 1 or 2: a report to the group itself, or a leave to 224.0.0.2 (RFC 2236
/// §2.4, §9).
Packet make_igmp_message(PacketPool& pool, const Interface& out, std::uint8_t type,
                         Ipv4Address group);

}  // namespace smolstack
