// The header that a device puts before a frame, and the frame: first a byte that says how the frame
// begins, ten of the header, then the frame. What is let in must be such that it can be cut up,
// finished and sent on without a look at anything again.

#include <cstring>

#include "fuzz/fuzz.hpp"
#include "smolstack/packet/gso.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/virtio_net.hpp"

using namespace smolstack;

namespace {

Packet as_packet(PacketPool& pool, ConstBytes frame, const Offload& offload) {
  Packet packet = test::make_packet(pool, frame);
  packet->offload = offload.moved(packet->begin);
  return packet;
}

/// Every segment is a datagram, no longer than its super-frame says, and together they are all of
/// it.
void cut_up(PacketPool& pool, const Packet& packet) {
  const Offload offload = packet->offload;
  const std::size_t network = offload.network - std::size_t{packet->begin};
  const std::size_t headers = wire_size(packet) - offload.gso_size;
  PacketQueue segments;
  SMOL_FUZZ_CHECK(segment(pool, packet, segments));
  SMOL_FUZZ_CHECK(segments.size() > 1 && segments.size() <= max_gso_segments);
  std::size_t payload = 0;
  while (const Packet each = segments.pop()) {
    SMOL_FUZZ_CHECK(each.is_plain() && each.size() <= wire_size(packet));
    SMOL_FUZZ_CHECK(parse_ipv4(each.bytes().subspan(network)).has_value());
    payload += each.size() - headers;
  }
  SMOL_FUZZ_CHECK(headers + payload == packet.size());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool pool({.small = max_gso_segments + 4, .large = 4});
  if (size < 1 + sizeof(wire::VirtioNetHeader)) return 0;
  wire::VirtioNetHeader header;
  std::memcpy(&header, data + 1, sizeof header);
  test::ExactBytes exact(data + 1 + sizeof header, size - 1 - sizeof header);
  const Bytes frame = exact.bytes();
  if (frame.size() > PacketPool::large_capacity) return 0;
  const FrameStart start = (data[0] & 1u) == 0 ? FrameStart::ethernet : FrameStart::ip;
  const auto offload = parse_virtio_net(header, frame, start);
  if (!offload.has_value() || offload->kind == OffloadKind::none) return 0;

  Packet packet = as_packet(pool, frame, *offload);
  SMOL_FUZZ_CHECK(wire_size(packet) <= packet.size());
  const auto again = make_virtio_net(
      *offload, packet.is_super_frame() ? wire_size(packet) - offload->gso_size : 0);
  SMOL_FUZZ_CHECK(parse_virtio_net(again, frame, start).value() == *offload);
  SMOL_FUZZ_CHECK(first_segment(pool, packet));
  if (packet.is_super_frame()) cut_up(pool, packet);
  finish_checksum(packet);
  SMOL_FUZZ_CHECK(packet.is_plain() && packet.size() == frame.size());
  return 0;
}
