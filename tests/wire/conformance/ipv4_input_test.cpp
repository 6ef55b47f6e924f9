// The IPv4 header as it comes in: RFC 791 §3.1, RFC 1122 §3.2.1, RFC 1812 §5.2.2.

#include "smolstack/wire/checksum.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

/// A packet of an unknown protocol is answered with an error whatever it carries, so that silence
/// says that the header was refused.
class Ipv4HeaderOnTheWire : public EitherTest {
 protected:
  static Frame packet(Ipv4Fields fields = {}) {
    fields.protocol = std::uint8_t{253};
    return ipv4("10.0.1.9", "10.0.1.1", fields);
  }
  /// The same, its checksum right over the bytes that its header length names.
  static Frame packet_of_header_length(std::uint8_t words, Ipv4Fields fields = {}) {
    fields.version_ihl = static_cast<std::uint8_t>(0x40 + words);
    fields.checksum = std::uint16_t{0};
    const Octets whole = encode(packet(fields) / "data");
    fields.checksum = internet_checksum(ConstBytes(whole).first(words * 4u));
    return packet(fields) / "data";
  }
  bool is_silent() { return lan.silent() && (GetParam() == Role::node || wire(1).silent()); }
  /// Silence says something only when the machine answers what is right.
  void expect_answer_to(const Frame& right) {
    lan.forget();
    lan.sends(right);
    EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(protocol)));
  }
};
EITHER_ROLE(Ipv4HeaderOnTheWire);

TEST_P(Ipv4HeaderOnTheWire, AnotherVersionIsDroppedInSilence) {  // RFC 1122 §3.2.1.1
  proves("IP-VERSION");
  for (const unsigned version : {0u, 3u, 5u, 6u, 7u, 15u})
    lan.sends(packet({.version_ihl = static_cast<std::uint8_t>(version << 4 | 5)}) / "data");
  EXPECT_TRUE(is_silent());
  expect_answer_to(packet({.version_ihl = 0x45}) / "data");
}

TEST_P(Ipv4HeaderOnTheWire, FewerThanFiveWordsAreDroppedInSilence) {  // RFC 791 §3.1
  proves("IP-IHL");
  for (std::uint8_t words = 0; words < 5; ++words) lan.sends(packet_of_header_length(words));
  EXPECT_TRUE(is_silent());
  expect_answer_to(packet_of_header_length(5));
}

TEST_P(Ipv4HeaderOnTheWire, AHeaderBeyondTheTotalLengthIsDroppedInSilence) {  // RFC 1812 §5.2.2
  proves("IP-IHL-OVER");
  constexpr std::uint16_t totals[] = {20, 24, 40, 56, 59};
  for (const std::uint16_t total : totals)
    lan.sends(packet({.options = filled(40, 1), .total_length = total}) / "data");
  EXPECT_TRUE(is_silent());
  expect_answer_to(packet({.options = filled(40, 1), .total_length = 60}) / "data");
}

TEST_P(Ipv4HeaderOnTheWire, AHeaderBeyondTheFrameIsDroppedInSilence) {  // RFC 1812 §5.2.2
  proves("IP-IHL-OVER");
  const Frame whole = packet({.options = filled(40, 1), .total_length = 60});
  for (const std::size_t held : {20u, 24u, 40u, 59u}) lan.sends(sized(whole, 14 + held));
  EXPECT_TRUE(is_silent());
  expect_answer_to(sized(whole, 14 + 60));
}

TEST_P(Ipv4HeaderOnTheWire, ATotalLengthBelowTheHeaderIsDroppedInSilence) {  // RFC 791 §3.1
  proves("IP-TOTLEN-SHORT");
  for (std::uint16_t total = 0; total < 20; ++total)
    lan.sends(packet({.total_length = total}) / "data");
  EXPECT_TRUE(is_silent());
  expect_answer_to(packet({.total_length = 20}) / "data");
}

TEST_P(Ipv4HeaderOnTheWire, ATotalLengthBeyondTheFrameIsDroppedInSilence) {  // RFC 1812 §5.2.2
  proves("IP-TOTLEN-LONG");
  constexpr std::uint16_t totals[] = {25, 26, 47, 576, 1500, 1501, 65535};
  for (const std::uint16_t total : totals) lan.sends(packet({.total_length = total}) / "data");
  EXPECT_TRUE(is_silent());
  expect_answer_to(packet({.total_length = 24}) / "data");
}

TEST_P(Ipv4HeaderOnTheWire, AWrongChecksumIsDroppedInSilence) {  // RFC 1122 §3.2.1.2
  proves("IP-CHECKSUM");
  const Frame right = ethernet(default_mac(address("10.0.1.9")), lan.mac()) / packet() / "data";
  for (std::size_t bit = 0; bit < 20 * 8; ++bit) {
    Octets damaged = encode(right);
    damaged[14 + bit / 8] ^= static_cast<std::byte>(0x80u >> bit % 8);
    lan.sends_bytes(damaged);
  }
  constexpr std::uint16_t sums[] = {0x0000, 0xffff, 0x1234};
  for (const std::uint16_t sum : sums) lan.sends(packet({.checksum = sum}) / "data");
  EXPECT_TRUE(is_silent());
  expect_answer_to(right);
}

TEST_P(Ipv4HeaderOnTheWire, TtlOneIsEnoughForUs) {  // RFC 1122 §3.2.1.7, RFC 1812 §4.2.2.9
  proves("IP-TTL1-LOCAL");
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.ttl = 1}) / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
  expect_answer_to(packet({.ttl = 1}) / "data");
}

// RFC 1122 §3.2.2.1; 3 and 254 are as unknown here as 253.
TEST_P(Ipv4HeaderOnTheWire, AnUnknownProtocolIsUnreachable) {
  proves("IP-UNKNOWN-PROTO");
  constexpr std::uint8_t unknown_protocols[] = {3, 99, 253, 254, 255};
  for (const std::uint8_t number : unknown_protocols) {
    lan.forget();
    const Frame unknown = ipv4("10.0.1.9", "10.0.1.1", {.id = 77, .protocol = number}) / "data";
    lan.sends(unknown);
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_unreachable(protocol) / unknown));
  }
}

class Ipv4HostInputOnTheWire : public HostTest {};

TEST_F(Ipv4HostInputOnTheWire, EvenTtlZeroIsEnoughForUs) {  // RFC 1122 §3.2.1.7
  proves("IP-TTL0-LOCAL");
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.ttl = 0}) / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
}

TEST_F(Ipv4HostInputOnTheWire, PacketsForOthersAreDroppedInSilence) {  // RFC 1122 §3.2.1.3
  proves("IP-NOT-OURS");
  for (const char* other : {"10.0.1.8", "10.0.1.77", "10.0.2.7", "10.9.9.9", "8.8.8.8"}) {
    lan.sends(ipv4("10.0.1.9", other) / icmp_echo(7, 1) / "ping");
    lan.sends(ipv4("10.0.1.9", other, {.ttl = 1}) / udp(1, 2) / "x");
    lan.sends(ipv4("10.0.1.9", other) / tcp(1, 2, {.flags = 0x02}));
    lan.sends(ipv4("10.0.1.9", other, {.protocol = 253}) / "data");
  }
  EXPECT_TRUE(lan.silent());
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / "ping");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1)));
}

TEST_F(Ipv4HostInputOnTheWire, WhatIsWrongWithPacketsForOthersIsNotOurs) {  // RFC 1122 §3.2.1.3
  proves("IP-NOT-OURS");
  differs_on_linux("it looks at the options before it looks whom the packet is for");
  const Octets malformed = octets({7, 0, 4, 0});
  lan.sends(ipv4("10.0.1.9", "10.0.1.77", {.options = malformed}) / icmp_echo(7, 1));
  EXPECT_TRUE(lan.silent());
  lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.options = malformed}) / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(icmp(12, 0)));
}

}  // namespace
}  // namespace smolstack::test
