// ARP, the answering side: RFC 826, RFC 5227.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

const Mac stranger = "02:00:00:00:00:66";
const Mac neighbor = default_mac(address("10.0.1.9"));

Frame request() {
  return arp_request("10.0.1.9", "10.0.1.1");
}

class ArpOnTheWire : public EitherTest {};
EITHER_ROLE(ArpOnTheWire);

class HostArpOnTheWire : public HostTest {
 protected:
  /// A request with one field wrong stays unanswered; put right it is answered.
  void ignores(const ArpFields& wrong) {
    lan.sends(ethernet(neighbor, broadcast_mac) / arp_request("10.0.1.9", "10.0.1.1", wrong));
    EXPECT_TRUE(lan.silent());
    lan.sends(request());
    EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
    lan.forget();
  }
};

TEST_P(ArpOnTheWire, ARequestForOurAddressIsAnsweredInEveryField) {
  proves("ARP-REPLY");
  lan.sends(request());
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), neighbor, 0x0806) / arp_reply("10.0.1.1", "10.0.1.9",
                                                                          {.sender_mac = lan.mac(),
                                                                           .target_mac = neighbor,
                                                                           .hardware_type = 1,
                                                                           .protocol_type = 0x0800,
                                                                           .hardware_length = 6,
                                                                           .protocol_length = 4})));
}

TEST_F(HostArpOnTheWire, TheReplyIsForTheAskerAlone) {
  proves("ARP-REPLY-UNICAST");
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), neighbor)));
}

TEST_F(HostArpOnTheWire, EachRequestHasOneReply) {
  proves("ARP-REPLY-ONCE");
  for (int i = 0; i < 5; ++i) lan.sends(request());
  EXPECT_THAT(lan.received(), testing::SizeIs(5));
  EXPECT_EQ(count_of(lan.received(), arp_reply("10.0.1.1", "10.0.1.9")), 5u);
}

TEST_P(ArpOnTheWire, AUnicastRequestIsAnswered) {  // RFC 1122 §2.3.2.1
  proves("ARP-UNICAST-REQUEST");
  lan.sends(ethernet(neighbor, lan.mac()) / request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(HostArpOnTheWire, PaddingIsIgnored) {
  proves("ARP-PADDED");
  for (const std::size_t length : {43u, 60u, 64u, 1514u}) {
    lan.forget();
    lan.sends(sized(request(), length, 0xff));
    EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
  }
}

TEST_P(ArpOnTheWire, ARequestForSomebodyElseIsNotAnswered) {
  proves("ARP-NOT-OURS");
  lan.sends(arp_request("10.0.1.9", "10.0.1.77"));
  lan.sends(arp_request("10.0.1.9", "10.0.9.1"));
  EXPECT_TRUE(lan.silent());
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_P(ArpOnTheWire, ARequestForNoHostsAddressIsNotAnswered) {  // RFC 1122 §3.2.1.3
  proves("ARP-NOT-OURS-SPECIAL");
  for (const char* target :
       {"10.0.1.0", "10.0.1.255", "255.255.255.255", "127.0.0.1", "224.0.0.1", "0.0.0.0"})
    lan.sends(arp_request("10.0.1.9", target));
  EXPECT_TRUE(lan.silent());
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

class RouterArpOnTheWire : public RouterTest {};

TEST_F(RouterArpOnTheWire, AnAddressIsAnsweredForOnItsOwnWireOnly) {  // RFC 1812 §3.3.2
  proves("ARP-OTHER-IFACE");
  differs_on_linux("arp_ignore is 0: the kernel answers for any of its addresses on any wire");
  lan.sends(arp_request("10.0.1.9", "10.0.2.1"));
  EXPECT_TRUE(lan.silent());
  EXPECT_TRUE(wan.silent());
  wan.sends(arp_request("10.0.2.7", "10.0.2.1"));
  EXPECT_THAT(wan.received(), OnePacket(arp_reply("10.0.2.1", "10.0.2.7")));
}

TEST_F(RouterArpOnTheWire, WhoeverItLeadsToIsNotAnsweredFor) {  // no proxy ARP (RFC 1027)
  proves("ARP-NOT-OURS");
  lan.sends(arp_request("10.0.1.9", "10.0.2.7"));
  EXPECT_TRUE(lan.silent());
  EXPECT_TRUE(wan.silent());
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(HostArpOnTheWire, AForeignHardwareTypeIsIgnored) {
  proves("ARP-BAD-HTYPE");
  for (const unsigned type : {0u, 2u, 7u, 0x0100u, 0xffffu})
    ignores({.hardware_type = static_cast<std::uint16_t>(type)});
}

TEST_F(HostArpOnTheWire, AForeignProtocolTypeIsIgnored) {
  proves("ARP-BAD-PTYPE");
  for (const unsigned type : {0u, 0x0806u, 0x86ddu, 0xffffu})
    ignores({.protocol_type = static_cast<std::uint16_t>(type)});
}

TEST_F(HostArpOnTheWire, AForeignHardwareAddressLengthIsIgnored) {
  proves("ARP-BAD-HLEN");
  for (const unsigned length : {1u, 5u, 7u, 8u, 255u})
    ignores({.hardware_length = static_cast<std::uint8_t>(length)});
}

TEST_F(HostArpOnTheWire, AForeignProtocolAddressLengthIsIgnored) {
  proves("ARP-BAD-PLEN");
  for (const unsigned length : {0u, 3u, 5u, 16u, 255u})
    ignores({.protocol_length = static_cast<std::uint8_t>(length)});
}

TEST_F(HostArpOnTheWire, AHardwareAddressOfNoBytesIsIgnored) {
  proves("ARP-BAD-HLEN0");
  ignores({.hardware_length = 0});
}

TEST_F(HostArpOnTheWire, OtherOperationsAreIgnored) {  // RFC 5494
  proves("ARP-BAD-OP");
  for (const unsigned operation : {0u, 3u, 4u, 8u, 25u, 0x0100u, 0xffffu})
    ignores({.operation = static_cast<std::uint16_t>(operation)});
}

TEST_F(HostArpOnTheWire, AReplyIsNeverAnswered) {
  proves("ARP-REPLY-NOT-ANSWERED");
  lan.sends(arp_reply("10.0.1.9", "10.0.1.1"));
  lan.sends(ethernet(neighbor, broadcast_mac) / arp_reply("10.0.1.9", "10.0.1.1"));
  EXPECT_TRUE(lan.silent());
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_P(ArpOnTheWire, TruncatedPacketsOfAnyLengthAreIgnored) {
  proves("ARP-TRUNCATED");
  for (std::size_t length = 14; length < 42; ++length) lan.sends(sized(request(), length));
  EXPECT_TRUE(lan.silent());
  lan.sends(sized(request(), 42));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(HostArpOnTheWire, AProbeIsAnswered) {  // RFC 5227 §2.1.1
  proves("ARP-PROBE");
  lan.sends(arp_request("0.0.0.0", "10.0.1.1", {.sender_mac = stranger}));
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), stranger) /
                        arp_reply("10.0.1.1", "0.0.0.0",
                                  {.sender_mac = lan.mac(), .target_mac = stranger})));
}

TEST_F(HostArpOnTheWire, TheReplyGoesToTheAddressInThePacket) {
  proves("ARP-SHA-RULES");
  lan.sends(ethernet(stranger, broadcast_mac) /
            arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = "02:00:00:00:00:09"}));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), "02:00:00:00:00:09") /
                                        arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_F(HostArpOnTheWire, ARequestFromAGroupAddressIsNotAnswered) {  // RFC 1812 §3.3.2
  proves("ARP-REQUEST-FROM-GROUP-MAC");
  differs_on_linux("the kernel answers to the group address that the request names");
  for (const char* bad : {"ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03"})
    lan.sends(ethernet(neighbor, broadcast_mac) /
              arp_request("10.0.1.9", "10.0.1.1", {.sender_mac = bad}));
  EXPECT_TRUE(lan.silent());
  lan.sends(request());
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

}  // namespace
}  // namespace smolstack::test
