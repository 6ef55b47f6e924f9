// IPv4 options of packets for the machine: RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 7126.

#include <algorithm>

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

constexpr std::uint32_t day = 86'400'000;

std::uint32_t milliseconds_of_day() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return static_cast<std::uint32_t>(count % day);
}

class Ipv4OptionsOnTheWire : public EitherTest {
 protected:
  void pings_us(const Octets& options) {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.options = options}) / icmp_echo(7, 1) / "ping");
  }
  void expect_reply_to(const Octets& options) {
    pings_us(options);
    EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
  }
  void expect_reply_with(const Octets& options) {
    EXPECT_THAT(lan.received(),
                OnePacket(ipv4({.options = options}) / icmp_echo_reply(7, 1) / "ping"));
  }
  /// The options of the one reply that there must be, with the time at `at` taken out: it must be
  /// now, by the clock that we and the machine have in common.
  Octets options_without_time(std::size_t at) {
    if (lan.received().size() != 1) return {};
    Octets options = *layer<Ipv4Layer>(decode(lan.received()[0].bytes))->fields.options;
    if (options.size() < at + 4) return options;
    std::uint32_t stamp = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      stamp = stamp << 8 | std::to_integer<std::uint32_t>(options[i]);
      options[i] = std::byte{0};
    }
    constexpr std::uint32_t tolerance = 10'000;
    EXPECT_LE((milliseconds_of_day() + day - stamp % day + 100) % day, tolerance) << stamp;
    return options;
  }
  bool is_silent() { return lan.silent() && (GetParam() == Role::node || wire(1).silent()); }
};
EITHER_ROLE(Ipv4OptionsOnTheWire);

TEST_P(Ipv4OptionsOnTheWire, NoOperationAndEndOfListAreAccepted) {  // RFC 1122 §3.2.1.8
  proves("IP-OPT-NOP");
  expect_reply_to(octets({1, 1, 1, 1}));
  expect_reply_to(filled(40, 1));
  expect_reply_to(octets({0, 0, 0, 0}));
  expect_reply_to(octets({0, 7, 0, 99}));  // after the end nothing is an option
  expect_reply_to(octets({1, 0, 68, 255}));
}

TEST_P(Ipv4OptionsOnTheWire, UnknownOptionsAreSkipped) {  // RFC 1122 §3.2.1.8
  proves("IP-OPT-UNKNOWN");
  for (const unsigned kind : {0x5eu, 0x1eu, 0x9eu, 0xdeu}) {  // RFC 4727 §3: for experiments
    expect_reply_to(octets({kind, 2, 1, 1}));
    expect_reply_to(octets({kind, 6, 1, 2, 3, 4, 1, 1}));
  }
}

TEST_P(Ipv4OptionsOnTheWire, WhatComesAfterAnUnknownOptionIsSeen) {  // RFC 1122 §3.2.1.8
  proves("IP-OPT-UNKNOWN");
  pings_us(octets({0x1e, 5, 7, 3, 0, 7, 7, 4, 0, 0, 0, 0}));
  ASSERT_EQ(count_of(lan.received(), icmp_echo_reply(7, 1) / "ping"), 1u);
  const Octets options = *layer<Ipv4Layer>(decode(lan.received()[0].bytes))->fields.options;
  const Octets recorded = octets({7, 7, 8, 10, 0, 1, 1});
  const auto at = std::search(options.begin(), options.end(), recorded.begin(), recorded.end());
  EXPECT_NE(at, options.end());
}

TEST_P(Ipv4OptionsOnTheWire, TheRouterAlertIsAccepted) {  // RFC 2113
  proves("IP-OPT-ROUTER-ALERT");
  expect_reply_to(octets({148, 4, 0, 0}));
}

const Octets malformed[] = {
    octets({7, 0, 4, 0}),                     // no length moves on by nothing
    octets({7, 1, 4, 0}),                     // nor does one of less than two bytes
    octets({7, 2, 1, 1}),                     // no room for a pointer
    octets({7, 40, 4, 0}),                    // past the header
    octets({1, 1, 1, 7}),                     // no length at all
    octets({7, 7, 3, 0, 0, 0, 0, 0}),         // the pointer is in its own header
    octets({7, 7, 0, 0, 0, 0, 0, 0}),         //
    octets({68, 0, 5, 0}),                    //
    octets({68, 3, 5, 0}),                    // no room for the flags
    octets({68, 8, 4, 0, 0, 0, 0, 0}),        //
    octets({68, 40, 5, 0, 0, 0, 0, 0}),       //
    octets({131, 0, 4, 0}),                   //
    octets({131, 7, 3, 10, 0, 1, 8, 0}),      //
    octets({131, 40, 4, 10, 0, 1, 8, 0}),     //
    octets({137, 1, 4, 0}),                   //
    octets({137, 2, 4, 0}),                   //
    octets({0x5e, 0, 0, 0}),                  // also unknown ones have a length
    octets({0x5e, 1, 0, 0}),                  //
    octets({0x5e, 0xff, 0, 0, 0, 0, 0, 0}),   //
    octets({1, 1, 7, 7, 2, 0, 0, 0, 0, 0}),   //
    octets({7, 7, 4, 0, 0, 0, 0, 68, 8, 1}),  // the second of two
};

TEST_P(Ipv4OptionsOnTheWire, WithAMalformedOptionThereIsNoReply) {  // RFC 1122 §3.2.1.8
  proves("IP-OPT-MALFORMED");
  for (const Octets& options : malformed) {
    pings_us(options);
    EXPECT_EQ(count_of(lan.received(), icmp_echo_reply()), 0u) << testing::PrintToString(options);
  }
  expect_reply_to(octets({7, 7, 4, 0, 0, 0, 0, 0}));
}

TEST_P(Ipv4OptionsOnTheWire, AMalformedOptionIsPointedAt) {  // RFC 1122 §3.2.2.5
  proves("IP-OPT-PARAMPROB");
  for (const auto& [options, first, last] : {std::tuple{octets({7, 0, 4, 0}), 20u, 22u},
                                             {octets({7, 40, 4, 0}), 20u, 22u},
                                             {octets({7, 7, 3, 0, 0, 0, 0, 0}), 20u, 22u},
                                             {octets({1, 1, 1, 7}), 23u, 24u},
                                             {octets({1, 7, 7, 3, 0, 0, 0, 0}), 21u, 23u},
                                             {octets({68, 8, 4, 0, 0, 0, 0, 0}), 20u, 22u}}) {
    pings_us(options);
    ASSERT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp(12, 0) /
                                          ipv4({.options = options}) / icmp_echo(7, 1)));
    const auto pointer = *layer<IcmpLayer>(decode(lan.received()[0].bytes))->rest >> 24;
    EXPECT_GE(pointer, first);
    EXPECT_LE(pointer, last);
  }
}

TEST_P(Ipv4OptionsOnTheWire, TheSecondOfTwoIsPointedAtAndTheFirstQuotedAsItCame) {
  proves("IP-OPT-PARAMPROB");  // RFC 1122 §3.2.2.5
  differs_on_linux("it has entered itself in the first by then");
  const Octets options = octets({7, 7, 4, 0, 0, 0, 0, 68, 8, 1, 0, 0});
  pings_us(options);
  ASSERT_THAT(lan.received(), OnePacket(icmp(12, 0) / ipv4({.options = options})));
  const auto pointer = *layer<IcmpLayer>(decode(lan.received()[0].bytes))->rest >> 24;
  EXPECT_TRUE(pointer >= 27 && pointer <= 29) << pointer;
}

TEST_P(Ipv4OptionsOnTheWire, RecordRouteComesBackWithUsInIt) {  // RFC 1122 §3.2.2.6
  proves("IP-OPT-RR");
  pings_us(octets({7, 7, 4, 0, 0, 0, 0, 0}));
  expect_reply_with(octets({7, 7, 8, 10, 0, 1, 1, 0}));
  pings_us(octets({7, 11, 8, 10, 9, 9, 9, 0, 0, 0, 0, 0}));
  expect_reply_with(octets({7, 11, 12, 10, 9, 9, 9, 10, 0, 1, 1, 0}));
}

TEST_P(Ipv4OptionsOnTheWire, AFullRecordRouteIsLeftAlone) {  // RFC 791 page 21
  proves("IP-OPT-RR-FULL");
  const Octets full = octets({7, 7, 8, 1, 2, 3, 4, 0});
  pings_us(full);
  expect_reply_with(full);
}

TEST_P(Ipv4OptionsOnTheWire, ATimestampIsEntered) {  // RFC 1122 §3.2.2.6
  proves("IP-OPT-TS");
  pings_us(octets({68, 8, 5, 0, 0, 0, 0, 0}));
  EXPECT_EQ(options_without_time(4), octets({68, 8, 9, 0, 0, 0, 0, 0}));
}

TEST_P(Ipv4OptionsOnTheWire, ATimestampIsEnteredWithOurAddress) {  // RFC 791 page 22
  proves("IP-OPT-TS");
  pings_us(octets({68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(options_without_time(8), octets({68, 12, 13, 1, 10, 0, 1, 1, 0, 0, 0, 0}));
}

TEST_P(Ipv4OptionsOnTheWire, ATimestampThatNamesUsIsEntered) {  // RFC 791 page 22
  proves("IP-OPT-TS");
  pings_us(octets({68, 12, 5, 3, 10, 0, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(options_without_time(8), octets({68, 12, 13, 3, 10, 0, 1, 1, 0, 0, 0, 0}));
}

TEST_P(Ipv4OptionsOnTheWire, ATimestampThatNamesOthersIsReturnedAsItCame) {  // RFC 791 page 22
  proves("IP-OPT-TS");
  const Octets for_another = octets({68, 12, 5, 3, 10, 7, 7, 7, 0, 0, 0, 0});
  pings_us(for_another);
  expect_reply_with(for_another);
}

TEST_P(Ipv4OptionsOnTheWire, ASourceRouteIsNotFollowed) {  // RFC 7126 §4.3, RFC 1122 §3.3.5
  proves("IP-OPT-LSRR-REFUSED");
  const unsigned next_network = GetParam() == Role::router ? 2 : 1;
  const unsigned next_host = GetParam() == Role::router ? 7 : 8;
  for (const unsigned kind : {131u, 137u}) {
    pings_us(octets({kind, 7, 4, 10, 0, next_network, next_host, 0}));
    EXPECT_TRUE(is_silent());
  }
  expect_reply_to(octets({0x5e, 7, 4, 10, 0, next_network, next_host, 0}));
}

}  // namespace
}  // namespace smolstack::test
