// ICMP errors that the machine sends: RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

class IcmpErrorsOnTheWire : public EitherTest {
 protected:
  bool is_router() const { return GetParam() == Role::router; }
  void flood_from(Address from) {
    lan.sends(arp_request(from, "10.0.1.1"));  // no error is to wait for a link address
    lan.forget();
    for (int i = 0; i < 2000; ++i) lan.sends(ipv4(from, "10.0.1.1") / udp(1, 2));
  }
  /// The kit takes the kernel's limit away; here it is what it would be.
  void expect_limits() {
    if (testing_kernel()) machine().run("sysctl -qw net.ipv4.icmp_ratelimit=1000");
  }
  /// One packet each `pause`, up to `tries`, until one is answered with an error.
  bool is_told(Address from, int tries, Duration pause) {
    for (int i = 0; i < tries; ++i) {
      lan.sends(ipv4(from, "10.0.1.1") / udp(1, 2));
      if (lan.hears(ipv4("10.0.1.1", from) / icmp_unreachable(port), pause)) return true;
    }
    return false;
  }
};
EITHER_ROLE(IcmpErrorsOnTheWire);

// --- What is quoted ----------------------------------------------------------------------------

struct Error {
  Frame about;
  Frame error;
};
std::vector<Error> errors_of(bool router) {
  const Octets nops(8, std::byte{1});
  const Ipv4Fields odd{.ttl = 9, .tos = 0x10, .id = 4711, .options = nops};
  Ipv4Fields other = odd, last = odd;
  other.protocol = std::uint8_t{253};
  last.ttl = std::uint8_t{1};
  const Frame data = udp(5000, 33434) / "12345678";
  std::vector<Error> all;
  if (router) {
    all.push_back({ipv4("10.0.1.9", "10.99.0.1", odd) / data, icmp_unreachable(net)});
    all.push_back({ipv4("10.0.1.9", "10.0.2.7", last) / data, icmp_time_exceeded()});
  }
  all.push_back({ipv4("10.0.1.9", "10.0.1.1", odd) / data, icmp_unreachable(port)});
  all.push_back({ipv4("10.0.1.9", "10.0.1.1", other) / "12345678", icmp_unreachable(protocol)});
  return all;
}

TEST_P(IcmpErrorsOnTheWire, QuoteTheHeaderWithItsOptionsAndWhatFollowsUnchanged) {  // RFC 792
  proves("ICMP-ERROR-QUOTE-MIN");
  for (const Error& each : errors_of(is_router())) {
    lan.forget();
    lan.sends(each.about);
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4({.ttl = 64}) / each.error / decode_ipv4(encode(each.about))));
  }
}

TEST_P(IcmpErrorsOnTheWire, QuoteNothingBehindThePacket) {
  proves("ICMP-ERROR-QUOTE-BOUND");
  for (std::uint16_t size = 0; size < 20; ++size) {
    const Frame packet = ipv4("10.0.1.9", "10.0.1.1", {.protocol = 253}) / bytes(size);
    lan.forget();
    lan.sends(sized(packet, 60, 0xee));
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4({.total_length = static_cast<std::uint16_t>(28 + 20 + size)}) /
                          icmp_unreachable(protocol) / packet));
  }
  if (!is_router()) return;
  lan.forget();
  lan.sends(sized(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / udp(1, 2) / "x", 60, 0xee));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.total_length = 28 + 29}) / icmp_time_exceeded()));
}

class RouterIcmpErrorsOnTheWire : public RouterTest {};

TEST_F(RouterIcmpErrorsOnTheWire, QuoteWhatFitsInto576Bytes) {  // RFC 1812 §4.3.2.3
  proves("ICMP-ERROR-QUOTE-MORE");
  constexpr std::size_t most = 576 - 20 - 8 - 20 - 8;
  for (const std::size_t size : {most - 1, most, most + 1, most + 700}) {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.ttl = 1}) / udp(1, 2) / bytes(size));
    const std::size_t quoted = std::min(size, most);
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4({.total_length = static_cast<std::uint16_t>(56 + quoted)}) /
                          icmp_time_exceeded() / ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2)));
    Octets data = bytes(size);
    data.resize(quoted);
    EXPECT_EQ(data_of(lan.received().at(0)), data) << size;
  }
}

// --- How many ----------------------------------------------------------------------------------

TEST_P(IcmpErrorsOnTheWire, AreLimitedInRateButNotToNothing) {  // RFC 1812 §4.3.2.8
  proves("ICMP-ERROR-RATE");
  expect_limits();
  flood_from("10.0.1.9");
  EXPECT_THAT(count_of(lan.received(), icmp_unreachable(port)), AllOf(Ge(3u), Le(300u)));
}

TEST_P(IcmpErrorsOnTheWire, WorkAgainSoonAfterAFlood) {
  proves("ICMP-ERROR-RECOVERS");
  expect_limits();
  flood_from("10.0.1.9");
  lan.forget();
  EXPECT_TRUE(is_told("10.0.1.9", 5, 500ms));
}

TEST_P(IcmpErrorsOnTheWire, AreNotTakenFromOneHostByTheFloodOfAnother) {
  proves("ICMP-ERROR-PER-CLIENT");
  expect_limits();
  flood_from("10.0.1.9");
  EXPECT_TRUE(is_told("10.0.1.8", 3, 200ms));
}

}  // namespace
}  // namespace smolstack::test
