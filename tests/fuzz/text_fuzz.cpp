// Addresses and networks as people write them: what is accepted prints as it was written, or
// reads back as the same value.

#include <string>

#include "fuzz/fuzz.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

using namespace smolstack;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);

  if (const auto address = parse_ipv4_address(text)) SMOL_FUZZ_CHECK(to_string(*address) == text);
  if (const auto mac = parse_mac_address(text))
    SMOL_FUZZ_CHECK(parse_mac_address(to_string(*mac)) == mac);
  if (const auto subnet = parse_ipv4_subnet(text)) {
    SMOL_FUZZ_CHECK(subnet->length <= 32);
    SMOL_FUZZ_CHECK(parse_ipv4_subnet(to_string(*subnet)) == subnet);
  }
  if (const auto prefix = parse_ipv4_prefix(text)) {
    SMOL_FUZZ_CHECK(prefix->length <= 32);
    SMOL_FUZZ_CHECK(Ipv4Prefix::of(prefix->network, prefix->length) == *prefix);
    SMOL_FUZZ_CHECK(parse_ipv4_prefix(to_string(*prefix)) == prefix);
  }
  return 0;
}
