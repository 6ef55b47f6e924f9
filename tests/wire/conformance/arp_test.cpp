// ARP: RFC 826, RFC 1122 §2.3.2, RFC 5227.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

class ArpOnTheWire : public EitherTest {};
EITHER_ROLE(ArpOnTheWire);

TEST_P(ArpOnTheWire, ARequestForOurAddressIsAnsweredInEveryField) {
  proves("ARP-REPLY");
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                                        arp_reply("10.0.1.1", "10.0.1.9",
                                                  {.sender_mac = lan.mac(),
                                                   .target_mac = default_mac(address("10.0.1.9")),
                                                   .hardware_type = 1,
                                                   .protocol_type = 0x0800,
                                                   .hardware_length = 6,
                                                   .protocol_length = 4})));
}

TEST_P(ArpOnTheWire, ARequestForAnAddressThatIsNotOursIsNot) {
  proves("ARP-NOT-OURS");
  lan.sends(arp_request("10.0.1.9", "10.0.1.77"));
  EXPECT_TRUE(lan.silent());
}

}  // namespace
}  // namespace smolstack::test
