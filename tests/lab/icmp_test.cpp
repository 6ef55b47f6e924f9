// ICMP: RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;
using testing::SizeIs;

constexpr std::uint8_t error_types[] = {3, 4, 5, 11, 12};
constexpr std::uint8_t possible_ttls[] = {0, 1, 255};

class IcmpTest : public testing::Test {
 protected:
  IcmpTest() {
    for (const char* neighbor : {"10.0.1.9", "10.0.1.8"}) lan.has_neighbor(neighbor);
    wan.has_neighbor("10.0.2.7");
  }
  Frame to_us(const Ipv4Fields& fields = {}) { return ipv4("10.0.1.9", "10.0.1.1", fields); }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

TEST_F(IcmpTest, EchoReturnsIdentifierSequenceAndData) {  // RFC 792; RFC 1122 §3.2.2.6
  lan.sends(to_us({.dont_fragment = true}) / icmp_echo(0x1234, 0xffff) / "some data");
  EXPECT_THAT(lan.received(),
              OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                        ipv4("10.0.1.1", "10.0.1.9", {.ttl = 64, .dont_fragment = false}) /
                        icmp_echo_reply(0x1234, 0xffff) / "some data"));
}

TEST_F(IcmpTest, EchoOfEverySizeComesBackWhole) {
  for (std::size_t size = 0; size <= 1472; size += size < 70 || size > 1460 ? 1 : 41) {
    lan.forget();
    lan.sends(to_us() / icmp_echo(7, 1) / bytes(size));
    ASSERT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / bytes(size)));
  }
}

TEST_F(IcmpTest, ChecksumsAreRightInTheCorners) {  // RFC 1071; the lab's judge looks
  for (const unsigned fill : {0x00u, 0xffu, 0xfeu, 0x80u})
    for (const std::size_t size : {0u, 1u, 2u, 3u, 56u, 57u, 1472u}) {
      lan.forget();
      lan.sends(to_us() / icmp_echo(0xffff, 0xffff) / filled(size, fill));
      ASSERT_THAT(lan.received(), SizeIs(1));
    }
}

TEST_F(IcmpTest, TheReplyWhoseOtherBytesAreZeroCarriesAllOnes) {  // RFC 1071 §1
  lan.sends(to_us() / icmp_echo(0, 0) / filled(8, 0));
  EXPECT_THAT(lan.received(), OnePacket(icmp(0, 0, 0, 0xffff)));
}

TEST_F(IcmpTest, ABurstOfEchoesIsAnsweredCompletelyAndInOrder) {
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  lan.forget();
  std::vector<Frame> burst;
  for (std::uint16_t i = 0; i < 300; ++i) burst.push_back(to_us() / icmp_echo(7, i));
  lan.sends(burst);
  ASSERT_THAT(lan.received(), SizeIs(300));
  for (std::uint16_t i = 0; i < 300; ++i) ASSERT_EQ(lan.received()[i], icmp_echo_reply(7, i));
}

TEST_F(IcmpTest, TheReplyKeepsTheTypeOfService) {  // RFC 1349 §5.1
  lan.sends(to_us({.tos = 0xb8}) / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.tos = 0xb8})));
}

TEST_F(IcmpTest, TtlOneAndZeroAreGoodEnoughForUs) {  // RFC 1122 §3.2.1.7
  for (const std::uint8_t ttl : possible_ttls) {
    lan.forget();
    lan.sends(to_us({.ttl = ttl}) / icmp_echo(7, 1));
    EXPECT_THAT(lan.received(), OnePacket(ipv4({.ttl = 64}) / icmp_echo_reply()));
  }
}

TEST_F(IcmpTest, BadChecksumsAndShortMessagesAreDropped) {
  lan.sends(to_us() / icmp(8, 0, 7, 0x1234) / "x");
  for (std::size_t length = 0; length < 8; ++length)
    lan.sends(to_us({.protocol = 1}) / filled(length, 0));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::icmp_malformed), 9u);
}

TEST_F(IcmpTest, UnknownAndDeprecatedTypesAreDroppedInSilence) {  // RFC 1122 §3.2.2; RFC 6918
  for (unsigned type = 0; type <= 255; ++type)
    if (type != 8 && type != 13)
      lan.sends(to_us() / icmp(static_cast<std::uint8_t>(type), 0) / bytes(20));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.heard().size(), 6u) << "replies, errors and redirects";
  EXPECT_EQ(router.drops(0, DropReason::icmp_ignored), 256u - 2u - 6u);
}

TEST_F(IcmpTest, ATimestampRequestIsAnsweredCorrectly) {  // RFC 792 page 16; RFC 1122 §3.2.2.8
  router.stack().set_time_of_day(lab.now(), 1h);
  const Octets originate = octets({1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0});
  lan.sends(to_us() / icmp(13, 0, 0x00070001) / originate);
  const Octets stamps = octets({1, 2, 3, 4, 0x00, 0x36, 0xee, 0x80, 0x00, 0x36, 0xee, 0x80});
  EXPECT_THAT(lan.received(), OnePacket(icmp(14, 0, 0x00070001) / stamps)) << "3,600,000 ms";
}

TEST_F(IcmpTest, ATimestampRequestThatIsCutShortIsMalformed) {  // RFC 792 page 16
  for (std::size_t size = 0; size < 12; ++size) lan.sends(to_us() / icmp(13, 0) / bytes(size));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::icmp_malformed), 12u);
}

TEST_F(IcmpTest, AReplyThatFindsNobodyIsCountedWhereItWouldLeaveAndHeardOfHere) {
  router.route("172.16.0.0/16", "10.0.2.8");
  lan.sends(ethernet(default_mac(address("10.0.1.9")), lan.mac()) / ipv4("172.16.0.9", "10.0.1.1") /
            icmp_echo(7, 1));
  lab.run_for(4s);
  EXPECT_EQ(router.drops(1, DropReason::neighbor_unresolved), 1u);
  EXPECT_EQ(router.drops(0, DropReason::neighbor_unresolved), 0u);
  EXPECT_EQ(router.heard().size(), 1u);
}

TEST_F(IcmpTest, AReplyToABroadcastThatFindsNobodyIsHeardOfHere) {
  router.stack().settings().echo_ignore_broadcasts = false;
  lan.sends(ethernet("02:00:00:00:00:66", broadcast_mac) / ipv4("10.0.1.66", "10.0.1.255") /
            icmp_echo(7, 1));
  lab.run_for(4s);
  EXPECT_EQ(router.heard().size(), 1u) << "it is a unicast like any other";
}

TEST_F(IcmpTest, OurselvesWeTellEverythingAtAnyAddress) {
  for (const char* own : {"127.0.0.1", "10.0.1.1"}) {
    const auto before = router.stack().counters().icmp_errors_sent;
    for (int i = 0; i < 100; ++i) {
      Ipv4Send how;
      how.destination = address(own);
      how.protocol = 253;
      EXPECT_TRUE(router.stack().send(router.stack().make_payload(8), how, lab.now()));
    }
    EXPECT_EQ(router.heard().size(), 100u) << own;
    EXPECT_EQ(router.stack().counters().icmp_errors_sent, before + 100);
  }
}

TEST_F(IcmpTest, ErrorsAboutPacketsOfOurOwnAreNotLimited) {
  for (std::uint16_t i = 0; i < 100; ++i) (void)router.pings("10.0.2.99", i);
  lab.run_for(4s);
  EXPECT_EQ(router.heard().size(), 100u);
  EXPECT_EQ(router.stack().counters().icmp_errors_limited, 0u);
}

TEST_F(IcmpTest, ATransportThatBeginsLikeAnErrorIsNone) {  // RFC 1122 §3.2.2
  for (const std::uint8_t type : error_types)
    lan.sends(to_us() / udp(static_cast<std::uint16_t>(type << 8), 2));
  EXPECT_EQ(count_of(lan.received(), icmp_unreachable(port)), std::size(error_types));
}

TEST_F(IcmpTest, AClosedPortIsUnreachable) {  // RFC 1122 §4.1.3.1
  lan.sends(to_us({.ttl = 1}) / udp(5000, 33434) / "probe");
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.1", "10.0.1.9", {.ttl = 64, .tos = 0xc0}) /
                        icmp_unreachable(port) / to_us({.ttl = 1}) / udp(5000, 33434) / "probe"));
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
}

TEST_F(IcmpTest, TheErrorComesFromTheAddressThatWasAsked) {  // RFC 1122 §4.1.3.5
  lan.sends(ipv4("10.0.1.9", "10.0.2.1") / udp(1, 2));
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.2.1", "10.0.1.9") / icmp_unreachable(port)));
}

TEST_F(IcmpTest, DamagedUdpIsDroppedInSilence) {  // RFC 1122 §4.1.3.4; RFC 768
  lan.sends(to_us() / udp(1, 2, {.checksum = 0xdead}) / "x");
  lan.sends(to_us() / udp(1, 2, {.length = 7}));
  lan.sends(to_us() / udp(1, 2, {.length = 100}) / "x");
  for (std::size_t length = 0; length < 8; ++length)
    lan.sends(to_us({.protocol = 17}) / bytes(length));
  EXPECT_TRUE(lan.silent());
}

TEST_F(IcmpTest, AnUnknownProtocolIsUnreachable) {  // RFC 1122 §3.2.2.1
  lan.sends(to_us({.protocol = 253}) / "data");
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(protocol) / to_us({.protocol = 253})));
  EXPECT_EQ(router.drops(0, DropReason::unknown_protocol), 1u);
}

TEST_F(IcmpTest, ASegmentToAClosedPortIsReset) {  // RFC 9293 §3.10.7.1
  lan.sends(to_us() / tcp(5000, 80, {.flags = 0x02, .sequence = 1000}));
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.1", "10.0.1.9", {.dont_fragment = true}) /
                        tcp(80, 5000, {.flags = 0x14, .sequence = 0, .acknowledgment = 1001})));
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
}

TEST_F(IcmpTest, AResetIsNotAnswered) {
  lan.sends(to_us() / tcp(5000, 80, {.flags = 0x04}));
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
  lan.sends(ipv4("10.0.1.9", "10.0.1.255") / tcp(5000, 80, {.flags = 0x02}));
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 2u);
  lan.sends(to_us() / tcp(5000, 80, {.flags = 0x02, .checksum = 0xbad1}));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::transport_checksum), 1u);
}

TEST_F(IcmpTest, TheQuoteHoldsWhatFitsInto576Bytes) {  // RFC 1812 §4.3.2.3
  lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / udp(1, 2) / bytes(1200));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.total_length = 576}) / icmp_time_exceeded()));
  Octets fits = bytes(1200);
  fits.resize(576 - 20 - 8 - 20 - 8);
  EXPECT_EQ(data_of(lan.received().at(0)), fits);
}

TEST_F(IcmpTest, TheQuoteEndsWithThePacketAndNotWithTheFrame) {  // RFC 1122 §3.2.2
  lan.sends(sized(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / udp(1, 2) / "x", 60, 0xee));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.total_length = 28 + 29}) / icmp_time_exceeded()));
}

TEST_F(IcmpTest, TheQuoteHoldsTheOptions) {
  const Octets nops(8, std::byte{1});
  lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1, .options = nops}) / udp(1, 2));
  EXPECT_THAT(lan.received(),
              OnePacket(icmp_time_exceeded() / ipv4({.ttl = 1, .options = nops}) / udp(1, 2)));
}

/// What must never be answered with an error (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7).
class NoErrorAbout : public IcmpTest {};

TEST_F(NoErrorAbout, IcmpErrors) {
  for (const std::uint8_t type : error_types) {
    const Frame error = icmp(type, 0) / ipv4("10.0.9.1", "10.0.9.2") / udp(1, 2);
    lan.sends(ipv4("10.0.1.9", "10.99.0.1") / error);
    lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / error);
  }
  EXPECT_TRUE(lan.silent());
}

TEST_F(NoErrorAbout, BroadcastsAndMulticasts) {
  for (const char* to : {"255.255.255.255", "10.0.1.255", "224.0.0.1", "224.0.0.9"}) {
    lan.sends(ipv4("10.0.1.9", to, {.ttl = 1}) / udp(1, 2));
    lan.sends(ipv4("10.0.1.9", to, {.protocol = 253}) / "x");
    lan.sends(ipv4("10.0.1.9", to) / tcp(1, 2, {.flags = 0x02}));
  }
  EXPECT_TRUE(lan.silent());
}

TEST_F(NoErrorAbout, LinkBroadcasts) {
  const Mac from = default_mac(address("10.0.1.9"));
  lan.sends(ethernet(from, broadcast_mac) / ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2));
  lan.sends(ethernet(from, broadcast_mac) / to_us() / udp(1, 2));
  EXPECT_TRUE(lan.silent());
}

TEST_F(NoErrorAbout, LaterFragments) {
  lan.sends(ipv4("10.0.1.9", "10.99.0.1", {.offset = 8, .protocol = 17}) / bytes(8));
  lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1, .offset = 8, .protocol = 17}) / bytes(8));
  EXPECT_TRUE(lan.silent());
}

TEST_F(NoErrorAbout, PacketsFromNoSingleHost) {
  for (const char* from :
       {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.1.255", "240.1.1.1"}) {
    const Frame link = ethernet(default_mac(address("10.0.1.9")), lan.mac());
    lan.sends(link / ipv4(from, "10.0.1.1") / udp(1, 2));
    lan.sends(link / ipv4(from, "10.0.1.1") / icmp_echo(7, 1));
    lan.sends(link / ipv4(from, "10.99.0.1") / udp(1, 2));
  }
  EXPECT_TRUE(lan.silent());
}

TEST_F(NoErrorAbout, DamagedHeaders) {
  lan.sends(ipv4("10.0.1.9", "10.99.0.1", {.ttl = 1, .checksum = 0x1111}) / udp(1, 2));
  EXPECT_TRUE(lan.silent());
}

TEST_F(IcmpTest, AnEchoRequestInTransitIsNoErrorAndIsAnswered) {
  lan.sends(ipv4("10.0.1.9", "10.99.0.1") / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(net)));
}

TEST_F(IcmpTest, ErrorsAreLimitedInRateButNotToNothing) {  // RFC 1812 §4.3.2.8
  for (int ms = 0; ms < 5000; ++ms) {
    lan.sends(to_us() / udp(1, 2));
    lab.run_for(1ms);
  }
  EXPECT_THAT(lan.received(), SizeIs(AllOf(Ge(50u), Le(92u)))) << "10 a second and a burst of 32";
}

TEST_F(IcmpTest, AShortBurstIsAnsweredCompletely) {  // three probes of a traceroute
  for (std::uint16_t i = 0; i < 3; ++i) lan.sends(to_us() / udp(1, 33434));
  EXPECT_THAT(lan.received(), SizeIs(3));
}

TEST_F(IcmpTest, ErrorsWorkAgainSoonAfterAFlood) {
  for (int i = 0; i < 2000; ++i) lan.sends(to_us() / udp(1, 2));
  EXPECT_EQ(router.stack().counters().icmp_errors_sent, 32u);
  EXPECT_EQ(router.stack().counters().icmp_errors_limited, 2000u - 32u);
  lab.run_for(2500ms);
  lan.forget();
  lan.sends(to_us() / udp(1, 2));
  EXPECT_THAT(lan.received(), SizeIs(1));
}

TEST_F(IcmpTest, OneHostsFloodDoesNotTakeTheErrorsOfAnother) {
  for (int i = 0; i < 2000; ++i) lan.sends(to_us() / udp(1, 2));
  lan.forget();
  lan.sends(ipv4("10.0.1.8", "10.0.1.1") / udp(1, 2));
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.8") / icmp_unreachable(port)));
}

TEST_F(IcmpTest, AFloodOfErrorsDoesNotStopEchoReplies) {
  for (int i = 0; i < 2000; ++i) lan.sends(to_us() / udp(1, 2));
  lan.forget();
  lan.sends(to_us() / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1)));
}

TEST_F(IcmpTest, ErrorsWithGarbageInTheirQuotesDoNoHarm) {  // RFC 5927
  Random random(9);
  for (const std::uint8_t type : error_types)
    for (std::size_t size = 0; size < 64; ++size) {
      Octets quote(size);
      for (auto& octet : quote) octet = static_cast<std::byte>(random.below(256));
      lan.sends(to_us() / icmp(type, 1) / quote);
    }
  lan.forget();
  lan.sends(to_us() / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply()));
}

TEST_F(IcmpTest, IdentificationsDifferAndAreNoGlobalCounter) {  // RFC 6864 §4.3; RFC 7739
  std::vector<unsigned> one, other;
  for (std::uint16_t i = 0; i < 20; ++i)
    for (const char* from : {"10.0.1.9", "10.0.1.8"}) {
      lan.forget();
      lan.sends(ipv4(from, "10.0.1.1") / icmp_echo(7, i));
      const Frame reply = decode(lan.received().at(0).bytes);
      (from[7] == '9' ? one : other).push_back(*layer<Ipv4Layer>(reply)->fields.id);
    }
  std::ranges::sort(one);
  EXPECT_EQ(std::ranges::adjacent_find(one), one.end());
  EXPECT_NE(one[0] + 1, other[0]);
}

}  // namespace
}  // namespace smolstack::test
