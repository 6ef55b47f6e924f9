#include "lab/support/undone.hpp"

#include <algorithm>

namespace smolstack::test {
namespace {

std::uint32_t at16(const Octets& bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]) << 8 |
         std::to_integer<std::uint32_t>(bytes[at + 1]);
}

/// The pseudo header of RFC 768 and RFC 9293 §3.1, summed word by word.
std::uint16_t pseudo_sum(const Octets& frame, std::size_t ip, std::size_t length) {
  std::uint32_t sum = at16(frame, ip + 8) & 0xff;
  for (std::size_t at = ip + 12; at < ip + 20; at += 2) sum += at16(frame, at);
  sum += static_cast<std::uint32_t>(length);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

}  // namespace

Undone undone(const Frame& frame, std::uint16_t gso_size) {
  constexpr std::size_t ip = 14;
  Undone made(encode(frame));
  const std::size_t transport = ip + (std::to_integer<std::size_t>(made.bytes[ip]) & 0x0f) * 4;
  const bool is_tcp = made.bytes[ip + 9] == std::byte{6};
  made.offload = {gso_size == 0 ? OffloadKind::checksum
                  : is_tcp      ? OffloadKind::tcp4
                                : OffloadKind::udp4,
                  false,
                  static_cast<std::uint8_t>(is_tcp ? 16 : 6),
                  gso_size,
                  static_cast<std::uint16_t>(ip),
                  static_cast<std::uint16_t>(transport)};
  const std::uint16_t sum = pseudo_sum(made.bytes, ip, at16(made.bytes, ip + 2) + ip - transport);
  const std::size_t field = transport + made.offload.checksum_offset;
  made.bytes[field] = static_cast<std::byte>(sum >> 8);
  made.bytes[field + 1] = static_cast<std::byte>(sum & 0xff);
  return made;
}

void put(const Undone& frame, Packet& packet) {
  std::ranges::copy(frame.bytes, packet.append(frame.bytes.size()).begin());
  packet->offload = frame.offload.moved(packet->begin);
}

}  // namespace smolstack::test
