// A datagram that an ICMP error is asked about: may there be one, and is it as RFC 1812 §4.3.2
// wants it?

#include "fuzz/fuzz.hpp"
#include "smolstack/ip/icmp.hpp"

using namespace smolstack;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > PacketPool::small_capacity) return 0;
  static PacketPool pool({.small = 8, .large = 2});
  test::FuzzInput input(data, size);
  const IcmpMessage message{input.byte(), input.byte(), input.number()};
  const ConstBytes datagram = input.take(size);

  const Packet offending = test::make_packet(pool, datagram);
  const auto ip = parse_ipv4(offending.bytes());
  if (!ip) return 0;
  const bool allowed = may_be_answered_with_error(offending);
  SMOL_FUZZ_CHECK(!allowed || (*ip)->fragment_offset() == 0);

  const Packet error = make_icmp_error(pool, offending, message);
  SMOL_FUZZ_CHECK(error && error.size() >= sizeof(wire::Icmpv4Header));
  SMOL_FUZZ_CHECK(error.size() + sizeof(wire::Ipv4Header) <= icmp_error_bytes);
  SMOL_FUZZ_CHECK(internet_checksum(error.bytes()) == 0);
  SMOL_FUZZ_CHECK(error.header<wire::Icmpv4Header>().type == message.type);
  return 0;
}
