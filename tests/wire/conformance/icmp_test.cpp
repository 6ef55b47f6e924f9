// ICMP messages to the machine: RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3, RFC 6918.

#include <algorithm>
#include <ctime>
#include <future>

#include "smolstack/base/random.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint8_t error_types[] = {3, 4, 5, 11, 12};

Frame to_us(const Ipv4Fields& fields = {}) {
  return ipv4("10.0.1.9", "10.0.1.1", fields);
}

/// Milliseconds since midnight UTC.
std::uint32_t time_of_day() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint32_t>(now.tv_sec % 86400 * 1000 + now.tv_nsec / 1'000'000);
}
std::uint32_t number_at(const Octets& data, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8 | std::to_integer<std::uint32_t>(data.at(i));
  return value;
}

class IcmpOnTheWire : public EitherTest {
 protected:
  void expect_a_ping_is_answered() {
    lan.forget();
    lan.sends(to_us() / icmp_echo(99, 99) / "still there");
    EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(99, 99) / "still there"));
  }
};
EITHER_ROLE(IcmpOnTheWire);

// --- Echo --------------------------------------------------------------------------------------

TEST_P(IcmpOnTheWire, EchoReturnsIdentifierSequenceAndData) {  // RFC 1122 §3.2.2.6
  proves("ICMP-ECHO");
  lan.sends(to_us() / icmp_echo(0x1234, 0xfedc) / "some data");
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                                        ipv4("10.0.1.1", "10.0.1.9", {.ttl = 64, .protocol = 1}) /
                                        icmp_echo_reply(0x1234, 0xfedc) / "some data"));
}

TEST_P(IcmpOnTheWire, EchoOfEverySizeComesBackWhole) {
  proves("ICMP-ECHO-SIZES");
  std::vector<Frame> replies;
  for (std::uint16_t size = 0; size <= 1472; ++size) {
    lan.sends(to_us() / icmp_echo(7, size) / bytes(size));
    replies.push_back(icmp_echo_reply(7, size) / bytes(size));
    if (replies.size() < 50 && size < 1472) continue;
    ASSERT_THAT(lan.received(), SizeIs(replies.size()));
    for (std::size_t i = 0; i < replies.size(); ++i)
      EXPECT_THAT(lan.received()[i],
                  IsFrame(ipv4("10.0.1.1", "10.0.1.9", {.more = false}) / replies[i]));
    replies.clear();
    lan.forget();
  }
}

TEST_P(IcmpOnTheWire, ABurstOfEchoesIsAnsweredCompletelyAndInOrder) {
  proves("ICMP-ECHO-BURST");
  for (std::uint16_t i = 0; i < 100; ++i) lan.sends(to_us() / icmp_echo(7, i));
  ASSERT_THAT(lan.received(), SizeIs(100));
  for (std::uint16_t i = 0; i < 100; ++i)
    EXPECT_THAT(lan.received()[i], IsFrame(icmp_echo_reply(7, i)));
}

class RouterIcmpOnTheWire : public RouterTest {};

TEST_F(RouterIcmpOnTheWire, EchoIsAnsweredFromTheAddressThatWasAsked) {  // RFC 1812 §4.3.3.6
  proves("ICMP-ECHO");
  lan.sends(ipv4("10.0.1.9", "10.0.2.1") / icmp_echo(7, 1) / "data");
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.2.1", "10.0.1.9") / icmp_echo_reply(7, 1) / "data"));
}

class HostIcmpOnTheWire : public HostTest {};

TEST_F(HostIcmpOnTheWire, ChecksumsAreRightInTheCorners) {  // RFC 1071; each frame is judged
  proves("ICMP-ECHO-CHECKSUM-EDGE");
  for (const unsigned fill : {0x00u, 0x01u, 0x7fu, 0x80u, 0xfeu, 0xffu})
    for (const std::size_t size : {0u, 1u, 2u, 3u, 56u, 57u, 1471u, 1472u}) {
      lan.forget();
      lan.sends(to_us() / icmp_echo(0xffff, 0xffff) / filled(size, fill));
      EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(0xffff, 0xffff) / filled(size, fill)));
    }
}

TEST_F(HostIcmpOnTheWire, ChecksumsAreRightWhereverTheSumCarries) {  // RFC 1624
  proves("ICMP-ECHO-CHECKSUM-EDGE");
  // The sum of the request goes through all that is next to 0x0000, 0x0800 and 0xffff.
  for (const unsigned around : {0xf7f0u, 0xfff0u, 0x07f0u})
    for (unsigned i = 0; i < 32; ++i) {
      const auto sequence = static_cast<std::uint16_t>(around + i);
      lan.forget();
      lan.sends(to_us() / icmp_echo(1, sequence));
      EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(1, sequence)));
    }
}

TEST_F(HostIcmpOnTheWire, TheReplyWhoseOtherBytesAreZeroCarriesAllOnes) {  // RFC 1071 §1
  proves("ICMP-ECHO-CHECKSUM-ALL-ZERO");
  differs_on_linux("it sends a checksum of zero, which is no sum of anything");
  lan.sends(to_us() / icmp_echo(0, 0) / filled(8, 0));
  EXPECT_THAT(lan.received(), OnePacket(icmp(0, 0, 0, 0xffff) / filled(8, 0)));
}

// --- What gets no answer -----------------------------------------------------------------------

TEST_P(IcmpOnTheWire, AMessageWithAWrongChecksumIsDropped) {
  proves("ICMP-BAD-CHECKSUM");
  const Frame good = icmp_echo(7, 1) / "x";
  const auto right = *layer<IcmpLayer>(decode_ipv4(encode(to_us() / good)))->checksum;
  for (unsigned bit = 0; bit < 16; ++bit)
    lan.sends(to_us() / icmp(8, 0, 0x00070001, static_cast<std::uint16_t>(right ^ 1u << bit)) /
              "x");
  for (const std::uint16_t other : {std::uint16_t{0}, std::uint16_t{0xffff}})
    lan.sends(to_us() / icmp(8, 0, 0x00070001, other) / "x");
  EXPECT_TRUE(lan.silent());
  lan.sends(to_us() / icmp(8, 0, 0x00070001, right) / "x");
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "x"));
}

TEST_P(IcmpOnTheWire, AMessageShorterThanItsHeaderIsDropped) {
  proves("ICMP-SHORT");
  const Octets echo = octets({8, 0, 0xf7, 0xff, 0, 0, 0, 0});  // right in any length from 4 on
  for (std::ptrdiff_t length = 0; length < 8; ++length)
    lan.sends(to_us({.protocol = 1}) / Octets(echo.begin(), echo.begin() + length));
  EXPECT_TRUE(lan.silent());
  expect_a_ping_is_answered();
}

TEST_P(IcmpOnTheWire, ATimestampRequestShorterThanThreeStampsIsDropped) {
  proves("ICMP-SHORT");
  differs_on_linux("it answers when the first of the three is there, and sends all three");
  for (std::size_t length = 0; length < 12; ++length)
    lan.sends(to_us() / icmp(13, 0, 7) / filled(length, 0));
  EXPECT_TRUE(lan.silent());
  lan.sends(to_us() / icmp(13, 0, 7) / filled(12, 0));
  EXPECT_THAT(lan.received(), OnePacket(icmp(14, 0, 7)));
}

TEST_P(IcmpOnTheWire, MessagesOfUnknownTypeAreDropped) {  // RFC 1812 §4.3.2.1
  proves("ICMP-UNKNOWN-TYPE");
  const auto known = {0, 3, 4, 5, 8, 11, 12, 13, 14, 15, 17};
  for (int type = 0; type <= 255; ++type)
    if (std::ranges::find(known, type) == known.end())
      lan.sends(to_us() / icmp(static_cast<std::uint8_t>(type), 0, 0x00070001) / bytes(20));
  EXPECT_TRUE(lan.silent());
  expect_a_ping_is_answered();
}

TEST_P(IcmpOnTheWire, InformationAndAddressMaskRequestsAreNotAnswered) {  // RFC 6918
  proves("ICMP-DEPRECATED");
  lan.sends(to_us() / icmp(15, 0, 0x00070001));
  lan.sends(to_us() / icmp(17, 0, 0x00070001) / filled(4, 0));
  EXPECT_TRUE(lan.silent());
  expect_a_ping_is_answered();
}

TEST_P(IcmpOnTheWire, RepliesThatNobodyAskedForAreNotAnswered) {
  proves("ICMP-REPLY-UNASKED");
  lan.sends(to_us() / icmp_echo_reply(7, 1) / "data");
  lan.sends(to_us() / icmp(14, 0, 0x00070001) / bytes(12));
  lan.sends(to_us() / icmp(16, 0, 0x00070001));
  lan.sends(to_us() / icmp(18, 0, 0x00070001) / filled(4, 0xff));
  EXPECT_TRUE(lan.silent());
  expect_a_ping_is_answered();
}

TEST_P(IcmpOnTheWire, ATimestampRequestIsAnsweredCorrectly) {  // RFC 1122 §3.2.2.8
  proves("ICMP-TIMESTAMP");
  const std::uint32_t before = time_of_day();
  lan.sends(to_us() / icmp(13, 0, 0x00070001) / octets({1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}));
  ASSERT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp(14, 0, 0x00070001)));
  const Octets stamps = data_of(lan.received()[0]);
  ASSERT_THAT(stamps, SizeIs(12));
  EXPECT_EQ(number_at(stamps, 0), 0x01020304u) << "the originate timestamp";
  constexpr std::uint32_t day = 86'400'000, slack = 1000;
  for (const std::size_t at : {4u, 8u})
    EXPECT_LE((number_at(stamps, at) + slack + day - before) % day, 2 * slack) << at;
}

// --- Errors that come in -----------------------------------------------------------------------

TEST_P(IcmpOnTheWire, ErrorsAboutNothingKnownAreTakenQuietly) {
  proves("ICMP-ERROR-INPUT");
  const Frame ours = ipv4("10.0.1.1", "10.0.1.9");
  for (const std::uint8_t type : error_types)
    for (std::uint8_t code = 0; code < 17; ++code) {
      lan.sends(to_us() / icmp(type, code, 0u) / ours / udp(5000, 33434) / "data");
      lan.sends(to_us() / icmp(type, code, 0u) / ours / tcp(5000, 80, {.flags = 0x02}));
      lan.sends(to_us() / icmp(type, code, 0u) / ours / icmp_echo(7, 1));
    }
  EXPECT_TRUE(lan.silent());
  expect_a_ping_is_answered();
}

TEST_P(IcmpOnTheWire, ErrorsWithAnyQuoteDoNoHarm) {  // RFC 5927
  proves("ICMP-ERROR-GARBAGE");
  const Octets quote = encode(ipv4("10.0.1.1", "10.0.1.9") / tcp(5000, 80));
  const Frame odd_quotes[] = {
      ipv4("10.0.1.1", "10.0.1.9", {.version_ihl = 0x65}) / udp(1, 2),
      ipv4("10.0.1.1", "10.0.1.9", {.version_ihl = 0x44}) / udp(1, 2),
      ipv4("10.0.1.1", "10.0.1.9", {.version_ihl = 0x4f}) / udp(1, 2),
      ipv4("10.0.1.1", "10.0.1.9", {.total_length = 1}) / udp(1, 2),
      ipv4("10.0.1.1", "10.0.1.9", {.total_length = 0xffff}) / udp(1, 2),
      ipv4("10.0.1.1", "10.0.1.9", {.offset = 800, .protocol = 6}) / bytes(8),
      ipv4("10.0.9.1", "10.0.9.2") / udp(1, 2),
      ipv4("255.255.255.255", "0.0.0.0") / udp(1, 2),
  };
  Random random(9);
  for (const std::uint8_t type : error_types)
    for (const std::uint8_t code : {std::uint8_t{0}, std::uint8_t{4}}) {
      for (std::ptrdiff_t length = 0; length < std::ssize(quote); ++length)
        lan.sends(to_us() / icmp(type, code) / Octets(quote.begin(), quote.begin() + length));
      for (std::size_t length = 0; length < 80; ++length) {
        Octets noise(length);
        for (auto& octet : noise) octet = static_cast<std::byte>(random.below(256));
        lan.sends(to_us() / icmp(type, code) / noise);
      }
      for (const Frame& odd : odd_quotes) lan.sends(to_us() / icmp(type, code) / odd);
      EXPECT_TRUE(lan.silent());
    }
  expect_a_ping_is_answered();
}

/// The machine pings us; what it prints when an error comes back.
class HostPingOnTheWire : public HostTest {
 protected:
  /// `extension` stands behind the quote, which is then as long as RFC 4884 §5.1 wants it.
  std::string ping_that_meets(std::uint8_t type, std::uint32_t rest, const Octets& extension) {
    const Frame request = ipv4("10.0.1.1", "10.0.9.9");
    lan.forget();
    auto printed = std::async(std::launch::async,
                              [&] { return machine().run("ping 10.0.9.9 -c 1 -W 3 || true"); });
    EXPECT_TRUE(lan.hears(request));
    Octets quote;
    for (const Captured& each : lan.received())
      if (each == request) quote.assign(each.bytes.begin() + 14, each.bytes.end());
    if (!extension.empty()) quote.resize(128);
    quote.insert(quote.end(), extension.begin(), extension.end());
    lan.sends(ipv4("10.0.1.254", "10.0.1.1") / icmp(type, 0, rest) / quote);
    return printed.get();
  }
};

TEST_F(HostPingOnTheWire, AnErrorWithExtensionsCountsLikeOneWithout) {  // RFC 4884 §5.5
  proves("ICMP-EXTENSIONS");
  const Octets label =  // RFC 4950: version 2, checksum, one object with one MPLS label
      octets({0x20, 0, 0xdd, 0xb5, 0, 8, 1, 1, 0, 1, 1, 0x40});
  constexpr std::uint32_t told = 32u << 16;  // the quote's length in words (RFC 4884 §4.1)
  EXPECT_THAT(ping_that_meets(3, 0, {}), HasSubstr("Unreachable"));
  EXPECT_THAT(ping_that_meets(3, told, label), HasSubstr("Unreachable"));
  EXPECT_THAT(ping_that_meets(3, 0, label), HasSubstr("Unreachable")) << "of before RFC 4884";
  EXPECT_THAT(ping_that_meets(11, told, label), HasSubstr("Time to live exceeded"));
}

}  // namespace
}  // namespace smolstack::test
