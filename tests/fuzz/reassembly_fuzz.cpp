// A script of fragments and time. Each fragment is four bytes (which datagram and flags, offset,
// length, contents): many overlap, some are whole. What comes out must be a valid datagram, and in
// the end every buffer must be back.

#include <array>

#include "fuzz/fuzz.hpp"
#include "smolstack/ip/reassembly.hpp"

using namespace smolstack;

namespace {

constexpr ReassemblyLimits limits{.bytes = 1u << 19, .datagrams = 6, .per_source = 4};

struct Fragment {
  std::uint8_t which;
  std::uint16_t offset_units;
  std::uint16_t length;
  bool more;
  std::uint8_t header_length;
  std::uint8_t fill;
};

Fragment read_fragment(test::FuzzInput& input) {
  const std::uint8_t head = input.byte();
  const std::uint8_t offset = input.byte();
  const std::uint8_t length = input.byte();
  // The scale reaches offset 8191, where a datagram would end past 65,535 bytes.
  const unsigned scale = (head & 0x08u) != 0 ? 32u : 1u;
  return {.which = static_cast<std::uint8_t>(head & 0x07u),
          .offset_units = static_cast<std::uint16_t>(offset * scale),
          .length = static_cast<std::uint16_t>(length * ((head & 0x10u) != 0 ? 8u : 1u)),
          .more = (head & 0x20u) != 0,
          .header_length = static_cast<std::uint8_t>((head & 0x40u) != 0 ? 60 : 20),
          .fill = input.byte()};
}

Packet make_fragment(PacketPool& pool, const Fragment& what) {
  Packet packet = pool.allocate(std::size_t{what.length} + what.header_length);
  if (!packet) return packet;
  const Bytes header = packet.append(what.header_length);
  std::ranges::fill(header, std::byte{0});
  std::ranges::fill(packet.append(what.length), std::byte{what.fill});
  auto& ip = header_at<wire::Ipv4Header>(header);
  ip = {};
  ip.version_ihl = static_cast<std::uint8_t>(0x40 | what.header_length / 4);
  ip.total_length = static_cast<std::uint16_t>(packet.size());
  ip.identification = std::uint16_t{what.which};
  ip.flags_offset =
      static_cast<std::uint16_t>((what.more ? wire::Ipv4Header::more_fragments_flag : 0) |
                                 (what.offset_units & wire::Ipv4Header::offset_mask));
  ip.protocol = ip_protocol::udp;
  ip.source = Ipv4Address(10, 0, 0, what.which % 3);
  ip.destination = Ipv4Address(10, 0, 0, 99);
  finish_ipv4_header(header);
  return packet;
}

void check_whole(const Packet& datagram) {
  const auto ip = parse_ipv4(datagram.bytes());
  SMOL_FUZZ_CHECK(ip.has_value() && !(*ip)->is_fragment());
  SMOL_FUZZ_CHECK((*ip)->total_length == datagram.size());
}

void check_bounds(const Reassembly& reassembly) {
  SMOL_FUZZ_CHECK(reassembly.datagrams().level() <= limits.datagrams);
  SMOL_FUZZ_CHECK(reassembly.bytes().level() <= limits.bytes);
}

void run(test::FuzzInput& input, Reassembly& reassembly, PacketPool& pool) {
  Instant now{std::chrono::seconds(1)};
  const auto pass = [&](Duration time) {
    now += time;
    reassembly.advance(now, [](const AbandonedDatagram&) {});
  };
  while (!input.empty()) {
    const Fragment what = read_fragment(input);
    if (what.fill == 0xff) {
      pass(std::chrono::seconds(what.length));
    } else if (Packet fragment = make_fragment(pool, what);
               fragment && fragment.header<wire::Ipv4Header>().is_fragment()) {
      const auto whole = reassembly.add(std::move(fragment), std::chrono::seconds(60), now);
      if (whole && *whole) check_whole(*whole);
    }
    check_bounds(reassembly);
  }
  pass(std::chrono::seconds(61));
  SMOL_FUZZ_CHECK(reassembly.datagrams().level() == 0 && reassembly.bytes().level() == 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool pool({.small = 64, .large = 8});
  test::FuzzInput input(data, size);
  {
    Reassembly reassembly(pool, limits);
    run(input, reassembly, pool);
  }
  SMOL_FUZZ_CHECK(pool.small_in_use().level() == 0 && pool.large_in_use().level() == 0);
  return 0;
}
