// From a wide link to a narrow one: RFC 791 §3.2, RFC 1812 §4.2.2.7, RFC 1191.

#include <algorithm>

#include "wire/kit/fragments.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

Frame transit(std::size_t size, const Ipv4Fields& fields = {}) {
  return ipv4("10.0.1.9", "10.0.2.7", fields) / bytes(size);
}
/// The options without their padding at the end, be it No Operation or End of List.
Octets options_of(const Captured& captured) {
  Octets options = *layer<Ipv4Layer>(decode(captured.bytes))->fields.options;
  const auto is_padding = [](std::byte each) { return each <= std::byte{1}; };
  const auto end = std::ranges::find_if_not(options.rbegin(), options.rend(), is_padding);
  options.erase(end.base(), options.end());
  return options;
}

/// 1500 bytes on `lan`, 576 on `wan`.
class MtuOnTheWire : public RouterTest {
 protected:
  MtuOnTheWire() : RouterTest({Role::router, {{"10.0.1.1/24"}, {"10.0.2.1/24", 576}}}) {}
};

TEST_F(MtuOnTheWire, APacketTooBigIsFragmented) {
  proves("MTU-FRAGMENT", "MTU-FEW-FRAGMENTS");
  lan.sends(transit(1400, {.ttl = 9, .tos = 0x10, .id = 4711, .protocol = 253}));
  ASSERT_THAT(wan.received(), SizeIs(3)) << "no more than needed";
  std::size_t offset = 0;
  std::vector<Frame> pieces;
  for (const Captured& each : wan.received()) {
    pieces.push_back(decode(each.bytes));
    const std::size_t length = std::min<std::size_t>(552, 1400 - offset);
    EXPECT_THAT(each, IsFrame(ipv4("10.0.1.9", "10.0.2.7",
                                   {.ttl = 8,
                                    .tos = 0x10,
                                    .id = 4711,
                                    .dont_fragment = false,
                                    .more = offset + length < 1400,
                                    .offset = static_cast<std::uint16_t>(offset),
                                    .protocol = 253,
                                    .total_length = static_cast<std::uint16_t>(20 + length),
                                    .version_ihl = 0x45})));
    offset += length;
  }
  EXPECT_EQ(join(pieces), bytes(1400));
  EXPECT_TRUE(lan.silent());
}

TEST_F(MtuOnTheWire, NoMoreFragmentsAreMadeThanNeeded) {
  proves("MTU-FEW-FRAGMENTS");
  for (const auto& [size, least] : {std::pair{557u, 2u}, {1108u, 2u}, {1109u, 3u}, {1480u, 3u}}) {
    wan.forget();
    lan.sends(transit(size));
    EXPECT_THAT(wan.received(), SizeIs(least)) << size;
    EXPECT_THAT(whole(wan.received()), OnePacket(transit(size))) << size;
  }
}

TEST_F(MtuOnTheWire, APacketOfExactlyTheMtuIsNotFragmented) {
  proves("MTU-FITS");
  for (const bool dont_fragment : {false, true}) {
    wan.forget();
    lan.sends(transit(556, {.dont_fragment = dont_fragment}));
    EXPECT_THAT(
        wan.received(),
        OnePacket(transit(556, {.dont_fragment = dont_fragment, .more = false, .offset = 0})));
  }
  EXPECT_TRUE(lan.silent());
}

TEST_F(MtuOnTheWire, AFragmentTooBigIsCutAgain) {
  proves("MTU-REFRAGMENT");
  lan.sends(transit(800, {.id = 3, .more = true, .offset = 1600, .protocol = 253}));
  ASSERT_THAT(wan.received(), SizeIs(2));
  const Octets data = bytes(800);
  EXPECT_THAT(wan.received()[0], IsFrame(ipv4({.id = 3, .more = true, .offset = 1600}) /
                                         Octets(data.begin(), data.begin() + 552)));
  EXPECT_THAT(wan.received()[1], IsFrame(ipv4({.id = 3, .more = true, .offset = 2152}) /
                                         Octets(data.begin() + 552, data.end())));
}

TEST_F(MtuOnTheWire, FragmentsCutAgainStillJoin) {
  proves("MTU-REFRAGMENT");
  lan.sends(fragments_of(transit(4000, {.id = 3}), 1500));
  EXPECT_THAT(wan.received(), SizeIs(3 + 3 + 2));
  EXPECT_THAT(whole(wan.received()), OnePacket(transit(4000, {.id = 3})));
}

TEST_F(MtuOnTheWire, OptionsToBeCopiedAreInEveryFragmentAndOthersOnlyInTheFirst) {  // RFC 791 §3.1
  proves("MTU-OPTIONS-COPY");
  lan.sends(transit(1400, {.options = octets({148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0})}));
  ASSERT_THAT(wan.received(), SizeIs(3));
  EXPECT_THAT(wan.received()[0],
              IsFrame(ipv4({.options = octets({148, 4, 0, 0, 7, 7, 8, 10, 0, 2, 1, 0})})));
  // Router alert is four bytes, of which the last are zero.
  for (const std::size_t later : {1u, 2u})
    EXPECT_EQ(options_of(wan.received()[later]), octets({148, 4}));
  EXPECT_EQ(data_of(whole(wan.received()).at(0)), bytes(1400));
}

TEST_F(MtuOnTheWire, APacketTooBigThatMustNotBeFragmentedIsReported) {  // RFC 1812 §4.3.3.1
  proves("MTU-DF");
  lan.sends(transit(1400, {.dont_fragment = true}));
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4("10.0.1.1", "10.0.1.9") / icmp_fragmentation_needed(576) /
                        ipv4("10.0.1.9", "10.0.2.7", {.dont_fragment = true})));
  EXPECT_TRUE(wan.silent());
  lan.sends(transit(557, {.dont_fragment = true}));
  EXPECT_TRUE(wan.silent()) << "one byte is too much";
}

TEST_F(MtuOnTheWire, AFragmentTooBigThatMustNotBeCutIsReportedIfItIsTheFirst) {
  proves("MTU-DF-FRAGMENT", "MTU-DF-NO-ERROR-NONFIRST");
  const Ipv4Fields later{.dont_fragment = true, .offset = 1480, .protocol = 253};
  lan.sends(transit(800, later));
  EXPECT_TRUE(lan.silent());
  lan.sends(transit(800, {.dont_fragment = true, .more = true, .protocol = 253}));
  EXPECT_THAT(lan.received(), OnePacket(icmp_fragmentation_needed(576)));
  EXPECT_TRUE(wan.silent());
  lan.sends(transit(500, later));
  EXPECT_THAT(wan.received(), OnePacket(transit(500, later))) << "one that fits goes on";
}

TEST_F(MtuOnTheWire, AnIcmpErrorTooBigIsNotReported) {  // RFC 1812 §4.3.2.7
  proves("MTU-DF-NO-ERROR-NONFIRST");
  const Frame to = ipv4("10.0.1.9", "10.0.2.7", {.dont_fragment = true});
  lan.sends(to / icmp_unreachable(port) / ipv4("10.0.2.7", "10.0.1.9") / udp(1, 2) / bytes(1000));
  EXPECT_TRUE(lan.silent());
  EXPECT_TRUE(wan.silent());
  lan.sends(to / icmp_echo(7, 1) / bytes(1000));
  EXPECT_THAT(lan.received(), OnePacket(icmp_fragmentation_needed(576))) << "this one is";
}

TEST_F(MtuOnTheWire, OwnPacketsObeyTheMtuOfEachInterface) {
  proves("MTU-LOCAL-FRAGMENTS");
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(1400));
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / bytes(1400)));
  wan.sends(fragments_of(ipv4("10.0.2.7", "10.0.2.1") / icmp_echo(7, 2) / bytes(1400), 576));
  EXPECT_THAT(wan.received(), SizeIs(3)) << "none is longer than the MTU: each frame is judged";
  EXPECT_THAT(whole(wan.received()), OnePacket(icmp_echo_reply(7, 2) / bytes(1400)));
}

TEST_F(MtuOnTheWire, PacketsTowardsTheWiderLinkAreNotFragmented) {
  proves("MTU-REVERSE");
  const Frame back = ipv4("10.0.2.7", "10.0.1.9", {.more = false, .offset = 0}) / bytes(556);
  wan.sends(back);
  EXPECT_THAT(lan.received(), OnePacket(back));
}

}  // namespace
}  // namespace smolstack::test
