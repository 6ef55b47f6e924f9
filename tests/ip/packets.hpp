#pragma once
// Datagrams for the tests of this room.

#include <algorithm>
#include <vector>

#include "smolstack/packet/pool.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::test {

struct DatagramFields {
  Ipv4Address source{10, 0, 1, 9};
  Ipv4Address destination{10, 0, 2, 7};
  std::uint8_t ttl = 64;
  std::uint8_t protocol = 253;
  std::uint16_t id = 1;
  bool dont_fragment = false;
  bool more = false;
  std::uint32_t offset = 0;  ///< in bytes
  std::vector<std::byte> options{};
};

inline std::vector<std::byte> pattern(std::size_t count) {
  std::vector<std::byte> made(count);
  for (std::size_t i = 0; i < count; ++i)
    made[i] = static_cast<std::byte>((i * 31 + i / 256 * 7) & 0xff);
  return made;
}

inline Packet datagram(PacketPool& pool, const DatagramFields& fields, ConstBytes data) {
  const std::size_t header = sizeof(wire::Ipv4Header) + fields.options.size();
  Packet packet = pool.allocate(header + data.size());
  packet.append(header + data.size());
  auto& ip = packet.header<wire::Ipv4Header>() = wire::Ipv4Header();
  ip.version_ihl = static_cast<std::uint8_t>(0x40 + header / 4);
  ip.total_length = static_cast<std::uint16_t>(header + data.size());
  ip.identification = fields.id;
  ip.flags_offset = static_cast<std::uint16_t>((fields.dont_fragment ? 0x4000u : 0u) |
                                               (fields.more ? 0x2000u : 0u) | fields.offset / 8);
  ip.ttl = fields.ttl;
  ip.protocol = fields.protocol;
  ip.source = fields.source;
  ip.destination = fields.destination;
  std::ranges::copy(fields.options, packet.bytes().begin() + 20);
  std::ranges::copy(data, packet.bytes().begin() + static_cast<std::ptrdiff_t>(header));
  finish_ipv4_header(packet.bytes().first(header));
  return packet;
}

inline std::vector<std::byte> data_of(const Packet& packet) {
  const std::size_t header = packet.header<wire::Ipv4Header>().header_length();
  const ConstBytes data = ConstBytes(packet.bytes()).subspan(header);
  return {data.begin(), data.end()};
}

}  // namespace smolstack::test
