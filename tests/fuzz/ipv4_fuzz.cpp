// An IPv4 header with its options: read, stamped, cut for a reply and for a fragment.

#include <array>

#include "fuzz/fuzz.hpp"
#include "smolstack/ip/options.hpp"
#include "smolstack/wire/ipv4.hpp"

using namespace smolstack;

namespace {

void mend(Bytes datagram) {
  // Most inputs would end at the checksum otherwise, and hide what lies behind it.
  if (datagram.size() < sizeof(wire::Ipv4Header)) return;
  const std::size_t length = header_at<wire::Ipv4Header>(datagram).header_length();
  if (length >= sizeof(wire::Ipv4Header) && length <= datagram.size())
    finish_ipv4_header(datagram.first(length));
}

void try_options(ConstBytes header) {
  const auto options = parse_ipv4_options(header);
  if (!options) {
    SMOL_FUZZ_CHECK(options.error().pointer < header.size());
    return;
  }

  test::ExactBytes stamped(header);
  const auto nobody = [](const void*, Ipv4Address) { return false; };
  stamp_options(stamped.bytes(), *options, {Ipv4Address(10, 0, 0, 1), 1234, nobody, nullptr});
  // An odd pointer may leave less room than an address wants, which the next hop refuses (RFC 791).
  const auto again = parse_ipv4_options(stamped.bytes());
  SMOL_FUZZ_CHECK(again || again.error().pointer == options->record_route + 2 ||
                  again.error().pointer == options->timestamp + 2);

  test::ExactBytes reply(header);
  keep_reply_options(reply.bytes(), *options);
  const auto kept = parse_ipv4_options(reply.bytes());
  SMOL_FUZZ_CHECK(kept.has_value() && kept->source_route == 0 && !kept->router_alert);

  std::array<std::byte, ipv4_option::max_bytes> copied;
  const std::size_t length = copied_options(header, copied);
  SMOL_FUZZ_CHECK(length % 4 == 0 && length <= header.size() - sizeof(wire::Ipv4Header));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::ExactBytes datagram(data, size);
  mend(datagram.bytes());
  const auto ip = parse_ipv4(datagram.bytes());
  if (!ip) return 0;
  SMOL_FUZZ_CHECK((*ip)->total_length <= size);
  SMOL_FUZZ_CHECK((*ip)->header_length() <= (*ip)->total_length);
  try_options(datagram.bytes().first((*ip)->header_length()));

  if ((*ip)->ttl > 0) (*ip)->decrement_ttl();
  SMOL_FUZZ_CHECK(internet_checksum(datagram.bytes().first((*ip)->header_length())) == 0);
  return 0;
}
