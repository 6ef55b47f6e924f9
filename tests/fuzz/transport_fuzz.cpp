// What follows an IPv4 header: the first byte says which protocol, and whether its checksum is put
// right first.

#include "fuzz/fuzz.hpp"
#include "smolstack/tcp/reset.hpp"
#include "smolstack/udp/input.hpp"
#include "smolstack/wire/checksum.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/udp.hpp"

using namespace smolstack;

namespace {

constexpr Ipv4Address here{10, 0, 0, 1};
constexpr Ipv4Address there{10, 0, 0, 9};

template <class Header>
void mend(Bytes segment, std::uint8_t protocol) {
  if (segment.size() < sizeof(Header)) return;
  auto& header = header_at<Header>(segment);
  header.checksum = std::uint16_t{0};
  header.checksum = pseudo_header_sum(there, here, protocol, segment.size()).add(segment).finish();
}

void try_udp(Bytes datagram) {
  const auto udp = parse_udp(datagram, there, here);
  if (udp) SMOL_FUZZ_CHECK((*udp)->length >= 8 && (*udp)->length <= datagram.size());
}

void try_tcp(Bytes segment) {
  const auto tcp = parse_tcp(segment, there, here);
  if (!tcp) return;
  const std::size_t header = (*tcp)->header_length();
  SMOL_FUZZ_CHECK(header >= 20 && header <= segment.size());
  const auto reset = reset_for(**tcp, segment.size() - header);
  SMOL_FUZZ_CHECK(reset.has_value() != (*tcp)->has(tcp_flag::rst));
  if (reset) SMOL_FUZZ_CHECK(reset->has(tcp_flag::rst) && !reset_for(*reset, 0));
}

void try_input(PacketPool& pool, ConstBytes segment, std::uint8_t protocol) {
  Packet datagram = test::make_packet(pool, segment);
  const Bytes front = datagram.push(sizeof(wire::Ipv4Header));
  auto& ip = header_at<wire::Ipv4Header>(front);
  ip = {};
  ip.total_length = static_cast<std::uint16_t>(datagram.size());
  ip.protocol = protocol;
  ip.source = there;
  ip.destination = here;
  finish_ipv4_header(front);
  if (protocol == ip_protocol::udp) {
    udp_input(datagram);
  } else if (const TcpVerdict verdict = tcp_input(pool, datagram, Destination::local);
             verdict.reset) {
    SMOL_FUZZ_CHECK(parse_tcp(verdict.reset.bytes(), here, there).has_value());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2000) return 0;
  static PacketPool pool({.small = 8, .large = 2});
  const bool is_udp = (data[0] & 1u) != 0;
  const std::uint8_t protocol = is_udp ? ip_protocol::udp : ip_protocol::tcp;
  test::ExactBytes segment(data + 1, size - 1);
  if ((data[0] & 2u) != 0) {
    is_udp ? mend<wire::UdpHeader>(segment.bytes(), protocol)
           : mend<wire::TcpHeader>(segment.bytes(), protocol);
  }
  is_udp ? try_udp(segment.bytes()) : try_tcp(segment.bytes());
  try_input(pool, segment.bytes(), protocol);
  return 0;
}
