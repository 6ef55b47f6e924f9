#include "smolstack/ip/fragment.hpp"

#include <array>
#include <cstring>

#include "smolstack/ip/options.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {
namespace {

/// The header of a piece, and the options that go with it.
struct PieceHeader {
  std::array<std::byte, sizeof(wire::Ipv4Header) + ipv4_option::max_bytes> bytes{};
  std::size_t length = 0;
};

PieceHeader first_header(const Packet& datagram) {
  PieceHeader header;
  header.length = datagram.header<wire::Ipv4Header>().header_length();
  std::memcpy(header.bytes.data(), datagram.bytes().data(), header.length);
  return header;
}

/// RFC 791 §3.2: later fragments carry only the options whose copied flag says so.
PieceHeader later_header(const PieceHeader& first) {
  PieceHeader header;
  const Bytes bytes(header.bytes);
  std::memcpy(bytes.data(), first.bytes.data(), sizeof(wire::Ipv4Header));
  header.length =
      sizeof(wire::Ipv4Header) + copied_options(ConstBytes(first.bytes).first(first.length),
                                                bytes.subspan(sizeof(wire::Ipv4Header)));
  header_at<wire::Ipv4Header>(bytes).version_ihl =
      static_cast<std::uint8_t>(0x40 | header.length / 4);
  return header;
}

Packet make_piece(PacketPool& pool, const PieceHeader& header, ConstBytes data,
                  std::uint16_t flags_offset) {
  Packet piece = pool.allocate(header.length + data.size());
  if (!piece) return piece;
  const Bytes bytes = piece.append(header.length + data.size());
  std::memcpy(bytes.data(), header.bytes.data(), header.length);
  std::memcpy(bytes.subspan(header.length).data(), data.data(), data.size());
  auto& ip = header_at<wire::Ipv4Header>(bytes);
  ip.total_length = static_cast<std::uint16_t>(bytes.size());
  ip.flags_offset = flags_offset;
  finish_ipv4_header(bytes.first(header.length));
  return piece;
}

}  // namespace

bool fragment(PacketPool& pool, const Packet& datagram, std::uint32_t mtu, PacketQueue& pieces) {
  const auto& ip = datagram.header<wire::Ipv4Header>();
  const bool more_behind = ip.more_fragments();  // this is itself a fragment, and not the last
  ConstBytes data = ConstBytes(datagram.bytes()).subspan(ip.header_length());
  std::size_t offset = ip.fragment_offset();
  PieceHeader header = first_header(datagram);

  while (!data.empty()) {
    const std::size_t room = (mtu - header.length) / 8 * 8;  // offsets count in eights
    const bool is_last = data.size() <= mtu - header.length;
    const ConstBytes part = is_last ? data : data.first(room);
    const bool more = !is_last || more_behind;
    const auto flags_offset = static_cast<std::uint16_t>(
        offset / 8 | (more ? wire::Ipv4Header::more_fragments_flag : 0u));
    Packet piece = make_piece(pool, header, part, flags_offset);
    if (!piece) return false;
    piece->arrived_on = datagram->arrived_on;
    piece->from_host = datagram->from_host;
    pieces.push(std::move(piece));
    if (offset == ip.fragment_offset()) header = later_header(header);
    data = data.subspan(part.size());
    offset += part.size();
  }
  return true;
}

}  // namespace smolstack
