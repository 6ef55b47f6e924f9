// An Ethernet frame that may hold ARP.

#include "fuzz/fuzz.hpp"
#include "smolstack/wire/arp.hpp"

using namespace smolstack;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::ExactBytes frame(data, size);
  if (size < sizeof(wire::EthernetHeader)) return 0;
  const auto& ethernet = header_at<wire::EthernetHeader>(frame.bytes());
  if (ethernet.type != ether_type::arp) return 0;

  const ConstBytes inside = frame.bytes().subspan(sizeof ethernet);
  if (const auto arp = parse_arp(inside)) {
    SMOL_FUZZ_CHECK(inside.size() >= sizeof **arp);
    SMOL_FUZZ_CHECK((*arp)->hardware_length == 6 && (*arp)->protocol_length == 4);
    SMOL_FUZZ_CHECK((*arp)->operation == arp_operation::request ||
                    (*arp)->operation == arp_operation::reply);
  }
  return 0;
}
