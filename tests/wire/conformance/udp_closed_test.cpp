// UDP where nobody listens: RFC 768, RFC 1122 §4.1.3.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

class UdpClosedOnTheWire : public EitherTest {
 protected:
  static Frame to_us(const Ipv4Fields& fields = {}) { return ipv4("10.0.1.9", "10.0.1.1", fields); }
  void expect_answer_to(const Frame& datagram) {
    lan.forget();
    lan.sends(datagram);
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_unreachable(port) / datagram));
  }
};
EITHER_ROLE(UdpClosedOnTheWire);

TEST_P(UdpClosedOnTheWire, APortIsUnreachable) {  // RFC 1122 §4.1.3.1
  proves("UDP-PORT-UNREACH");
  constexpr std::uint16_t closed[] = {1, 53, 33434, 65535};
  for (const std::uint16_t port : closed)
    expect_answer_to(to_us({.ttl = 1, .id = port}) / udp(5000, port) / "probe");
  expect_answer_to(to_us() / udp(5000, 33434));
  expect_answer_to(to_us() / udp(5000, 33434, {.checksum = 0}) / "unchecked");
}

TEST_P(UdpClosedOnTheWire, TheErrorComesFromTheAddressThatWasAsked) {  // RFC 1122 §4.1.3.5
  proves("UDP-PORT-UNREACH");
  machine().run("ip addr add 10.0.1.5/24 dev eth0");
  lan.interface().addresses.push_back({parse_ipv4_subnet("10.0.1.5/24").value()});
  const Frame datagram = ipv4("10.0.1.9", "10.0.1.5") / udp(5000, 33434) / "probe";
  lan.sends(datagram);
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.5", "10.0.1.9") / icmp_unreachable(port) / datagram));
}

TEST_P(UdpClosedOnTheWire, ADatagramShorterThanItSaysIsDroppedInSilence) {  // RFC 768
  proves("UDP-TRUNCATED");
  for (std::uint16_t length = 13; length < 2000; length = static_cast<std::uint16_t>(length * 2))
    lan.sends(to_us() / udp(1, 2, {.length = length, .checksum = 0}) / "data");
  lan.sends(to_us() / udp(1, 2, {.length = 65535, .checksum = 0}) / "data");
  EXPECT_TRUE(lan.silent());
  expect_answer_to(to_us() / udp(1, 2, {.length = 12, .checksum = 0}) / "data");
}

TEST_P(UdpClosedOnTheWire, ALengthBelowTheHeadersIsDroppedInSilence) {  // RFC 768
  proves("UDP-TRUNCATED");
  for (std::uint16_t length = 1; length < 8; ++length)
    lan.sends(to_us() / udp(1, 2, {.length = length, .checksum = 0}) / "data");
  EXPECT_TRUE(lan.silent());
  expect_answer_to(to_us() / udp(1, 2, {.length = 8, .checksum = 0}));
}

TEST_P(UdpClosedOnTheWire, LessThanAHeaderIsDroppedInSilence) {  // RFC 768
  proves("UDP-TRUNCATED");
  for (std::size_t length = 0; length < 8; ++length) {
    lan.sends(to_us({.protocol = 17}) / filled(length, 0));
    lan.sends(sized(to_us({.protocol = 17}) / bytes(length), 60));
  }
  EXPECT_TRUE(lan.silent());
  expect_answer_to(to_us() / udp(1, 2));
}

class UdpClosedOnAHostOnTheWire : public HostTest {};

TEST_F(UdpClosedOnAHostOnTheWire, AWrongChecksumIsDroppedInSilence) {  // RFC 1122 §4.1.3.4
  proves("UDP-BAD-CHECKSUM-CLOSED");
  const Frame right = ethernet(default_mac(address("10.0.1.9")), lan.mac()) /
                      ipv4("10.0.1.9", "10.0.1.1") / udp(5000, 33434) / "probe";
  const Octets encoded = encode(right);
  for (std::size_t at = 34; at < encoded.size(); ++at) {
    Octets damaged = encoded;
    damaged[at] ^= std::byte{0x10};
    lan.sends_bytes(damaged);
  }
  EXPECT_TRUE(lan.silent());
  lan.sends(right);
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(port)));
}

// RFC 768: the checksum covers the addresses too.
TEST_F(UdpClosedOnAHostOnTheWire, ADatagramThatWasForAnotherIsDroppedInSilence) {
  proves("UDP-BAD-CHECKSUM-CLOSED");
  const auto checksum_to = [](Address to) {
    const Frame sent = decode_ipv4(encode(ipv4("10.0.1.9", to) / udp(5000, 33434) / "probe"));
    return *layer<UdpLayer>(sent)->fields.checksum;
  };
  const auto arrives = [&](std::uint16_t checksum) {
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(5000, 33434, {.checksum = checksum}) / "probe");
  };
  arrives(checksum_to("10.0.1.8"));
  EXPECT_TRUE(lan.silent());
  arrives(checksum_to("10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(icmp_unreachable(port)));
}

}  // namespace
}  // namespace smolstack::test
