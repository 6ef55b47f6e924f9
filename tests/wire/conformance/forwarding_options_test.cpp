// IPv4 options of packets that a router passes on: RFC 791 §3.1, RFC 1812 §5.3.13.

#include <chrono>

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

/// The four bytes at `at` are the milliseconds since midnight UT, give or take a few seconds.
MATCHER_P(HasTheTimeAt, at, "has the time of day") {
  if (arg.size() < at + 4) return false;
  constexpr std::int64_t day = 24 * 3600 * 1000;
  std::int64_t stamp = 0;
  for (std::size_t i = at; i < at + 4; ++i) stamp = stamp << 8 | std::to_integer<int>(arg[i]);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const std::int64_t late = (now.count() % day - stamp + day) % day;
  *result_listener << "the stamp is " << late << " ms old";
  return stamp < day && (late < 10'000 || late > day - 1000);
}

class TransitOptionsOnTheWire : public RouterTest {
 protected:
  void sends_with(const Octets& options) {
    lan.forget();
    wan.forget();
    lan.sends(transit({.options = options}) / udp(1, 2) / "optional");
  }
  /// The packet comes out on the other side with these.
  void passes_with(const Octets& options) {
    EXPECT_THAT(wan.received(),
                OnePacket(transit({.ttl = 63, .options = options}) / udp(1, 2) / "optional"));
    EXPECT_TRUE(lan.silent());
  }
  /// It comes out with a timestamp entered at `at`, and otherwise with these.
  void passes_stamped(const Octets& options, std::size_t at) {
    EXPECT_TRUE(lan.silent());
    ASSERT_THAT(wan.received(), OnePacket(transit({.ttl = 63}) / udp(1, 2) / "optional"));
    const Frame frame = decode(wan.received()[0].bytes);
    Octets passed = layer<Ipv4Layer>(frame)->fields.options.value();
    ASSERT_EQ(passed.size(), options.size());
    EXPECT_THAT(passed, HasTheTimeAt(at));
    std::copy_n(options.begin() + static_cast<std::ptrdiff_t>(at), 4,
                passed.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_EQ(passed, options);
  }
};

TEST_F(TransitOptionsOnTheWire, ThatNobodyKnowsPassUnchanged) {  // RFC 1812 §4.2.2.1, §5.3.13.1
  proves("FWD-OPT-UNKNOWN");
  for (const Octets& options :
       {octets({0x5e, 6, 1, 2, 3, 4, 1, 0}), octets({0xde, 4, 9, 9}), octets({1, 1, 0x19, 2}),
        octets({1, 1, 1, 1}), octets({0, 0, 0, 0}), octets({148, 4, 0, 0})}) {
    sends_with(options);
    passes_with(options);
  }
}

TEST_F(TransitOptionsOnTheWire, AsManyAsThereIsRoomForPassUnchanged) {
  proves("FWD-OPT-UNKNOWN");
  Octets options = bytes(40, 1);
  options[0] = std::byte{0x5e};
  options[1] = std::byte{40};
  sends_with(options);
  passes_with(options);
}

TEST_F(TransitOptionsOnTheWire, RecordRouteNamesTheOutgoingInterface) {  // RFC 1812 §5.3.13.5
  proves("FWD-OPT-RR");
  sends_with(octets({7, 11, 8, 9, 9, 9, 9, 0, 0, 0, 0, 0}));
  passes_with(octets({7, 11, 12, 9, 9, 9, 9, 10, 0, 2, 1, 0}));
  sends_with(octets({1, 7, 7, 4, 0, 0, 0, 0}));
  passes_with(octets({1, 7, 7, 8, 10, 0, 2, 1}));
}

TEST_F(TransitOptionsOnTheWire, RecordRouteOnTheWayBackNamesTheOtherOne) {
  proves("FWD-OPT-RR");
  wan.sends(transit_back({.options = octets({7, 7, 4, 0, 0, 0, 0, 0})}) / udp(1, 2));
  EXPECT_THAT(lan.received(),
              OnePacket(transit_back({.options = octets({7, 7, 8, 10, 0, 1, 1, 0})}) / udp(1, 2)));
}

TEST_F(TransitOptionsOnTheWire, AFullRecordRouteIsLeftAlone) {  // RFC 791 page 21
  proves("FWD-OPT-RR-FULL");
  const Octets full = octets({7, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0});
  sends_with(full);
  passes_with(full);
}

TEST_F(TransitOptionsOnTheWire, ATimestampWithAddressesIsEntered) {  // RFC 1812 §5.3.13.6
  proves("FWD-OPT-TS");
  sends_with(octets({68, 20, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  // RFC 791 leaves open which address of ours: Linux has that of the interface it came by.
  const unsigned network = testing_kernel() ? 1 : 2;
  passes_stamped(octets({68, 20, 13, 1, 10, 0, network, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 8);
}

TEST_F(TransitOptionsOnTheWire, ATimestampOnlyIsEntered) {  // RFC 791 page 22
  proves("FWD-OPT-TS");
  sends_with(octets({68, 12, 9, 0, 1, 2, 3, 4, 0, 0, 0, 0}));
  passes_stamped(octets({68, 12, 13, 0, 1, 2, 3, 4, 0, 0, 0, 0}), 8);
}

TEST_F(TransitOptionsOnTheWire, ATimestampForNamedHostsIsEnteredByThemOnly) {  // §5.3.13.6
  proves("FWD-OPT-TS");
  for (const unsigned network : {1u, 2u}) {  // whichever of our addresses is named
    sends_with(octets({68, 12, 5, 3, 10, 0, network, 1, 0, 0, 0, 0}));
    passes_stamped(octets({68, 12, 13, 3, 10, 0, network, 1, 0, 0, 0, 0}), 8);
  }
  sends_with(octets({68, 12, 5, 3, 10, 0, 2, 7, 0, 0, 0, 0}));
  passes_with(octets({68, 12, 5, 3, 10, 0, 2, 7, 0, 0, 0, 0}));
}

TEST_F(TransitOptionsOnTheWire, ATimestampWithoutRoomCountsItsOverflow) {  // RFC 791 page 22
  proves("FWD-OPT-TS-OVERFLOW");
  sends_with(octets({68, 8, 9, 0x00, 1, 2, 3, 4}));
  passes_with(octets({68, 8, 9, 0x10, 1, 2, 3, 4}));
  sends_with(octets({68, 12, 13, 0xe1, 1, 2, 3, 4, 5, 6, 7, 8}));
  passes_with(octets({68, 12, 13, 0xf1, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(TransitOptionsOnTheWire, SourceRoutesAreNotFollowed) {  // RFC 7126 §4.3; RFC 1812 §5.3.13.4
  proves("FWD-OPT-LSRR");
  const auto to_us = [](unsigned kind) {
    return ipv4("10.0.1.9", "10.0.1.1", {.options = octets({kind, 7, 4, 10, 0, 2, 7, 0})}) /
           udp(1, 2) / "by way of you";
  };
  lan.sends(to_us(131));
  lan.sends(to_us(137));
  EXPECT_EQ(count_of(wan.received(), ipv4({})), 0u);
  sends_with(octets({131, 7, 4, 10, 0, 2, 8, 0}));
  EXPECT_TRUE(wan.silent());
  sends_with(octets({137, 7, 4, 10, 0, 2, 8, 0}));
  EXPECT_TRUE(wan.silent());
  sends_with(octets({1, 1, 1, 1, 1, 1, 1, 1}));
  passes_with(octets({1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST_F(TransitOptionsOnTheWire, MalformedAreReportedAndPointedAt) {  // RFC 1812 §4.3.3.5
  proves("FWD-OPT-MALFORMED");
  const Octets malformed[] = {
      octets({7, 0, 4, 0}),                  // length 0
      octets({7, 1, 4, 0}),                  // length 1
      octets({0x5e, 0, 0, 0}),               // also of an option that nobody knows
      octets({7, 40, 4, 0}),                 // past the header
      octets({1, 1, 1, 7}),                  // no length at all
      octets({7, 7, 3, 0, 0, 0, 0, 0}),      // a pointer to what is before the data
      octets({68, 8, 4, 0, 0, 0, 0, 0}),     // likewise
      octets({68, 8, 9, 0xf0, 1, 2, 3, 4}),  // an overflow that would wrap round
  };
  for (const Octets& options : malformed) {
    sends_with(options);
    EXPECT_TRUE(wan.silent());
    ASSERT_THAT(lan.received(), OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp(12, 0) /
                                          transit({.options = options})));
    const auto pointer = *layer<IcmpLayer>(decode(lan.received()[0].bytes))->rest >> 24;
    EXPECT_GE(pointer, 20u);
    EXPECT_LT(pointer, 20u + options.size());
  }
}

}  // namespace
}  // namespace smolstack::test
