// Fragments put together: RFC 791 §3.2, RFC 1122 §3.3.2.

#include <algorithm>

#include "wire/kit/fragments.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

Frame ping(std::size_t size, std::uint16_t id = 77) {
  return ipv4("10.0.1.9", "10.0.1.1", {.id = id}) / icmp_echo(7, id) / bytes(size);
}
Frame reply(std::size_t size, std::uint16_t id = 77) {
  return ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, id) / bytes(size);
}
Ipv4Fields& ip_of(Frame& frame) {
  return std::get<Ipv4Layer>(frame.layers[0]).fields;
}
std::vector<Frame> reversed(std::vector<Frame> frames) {
  std::ranges::reverse(frames);
  return frames;
}
/// The second, the fourth, ... and then the first, the third, ...
std::vector<Frame> odd_ones_first(const std::vector<Frame>& frames) {
  std::vector<Frame> mixed;
  for (std::size_t i = 1; i < frames.size(); i += 2) mixed.push_back(frames[i]);
  for (std::size_t i = 0; i < frames.size(); i += 2) mixed.push_back(frames[i]);
  return mixed;
}

class ReassemblyOnTheWire : public EitherTest {};
EITHER_ROLE(ReassemblyOnTheWire);

TEST_P(ReassemblyOnTheWire, FragmentsInOrderAreJoined) {
  proves("FRAG-IN-ORDER");
  lan.sends(fragments_of(ping(3000), 1500));
  EXPECT_THAT(whole(lan.received()), OnePacket(reply(3000)));
}

TEST_P(ReassemblyOnTheWire, FragmentsInReverseOrderAreJoined) {
  proves("FRAG-REVERSE");
  lan.sends(reversed(fragments_of(ping(3000), 1500)));
  EXPECT_THAT(whole(lan.received()), OnePacket(reply(3000)));
}

TEST_P(ReassemblyOnTheWire, FragmentsOfEightBytesAreJoined) {
  proves("FRAG-TINY");
  const auto pieces = fragments_of(ping(200), 28);
  ASSERT_THAT(pieces, SizeIs(26));
  lan.sends(pieces);
  EXPECT_THAT(lan.received(), OnePacket(reply(200)));
}

TEST_P(ReassemblyOnTheWire, PacketsOf576BytesAndOfTheWholeMtuAreJoined) {  // RFC 1812 §4.2.2.7
  proves("FRAG-EMTU-576");
  for (const std::size_t length : {576u, 1500u}) {
    lan.forget();
    lan.sends(fragments_of(ping(length - 28), 68));
    EXPECT_THAT(lan.received(), OnePacket(reply(length - 28))) << length;
  }
}

TEST_P(ReassemblyOnTheWire, TheLargestPacketThereIsComesBack) {  // RFC 791 §3.1
  proves("FRAG-MAX");
  lan.sends(fragments_of(ping(65507), 1500));
  EXPECT_THAT(lan.received(), SizeIs(45));
  EXPECT_THAT(whole(lan.received()), OnePacket(reply(65507)));
}

class HostReassemblyOnTheWire : public HostTest {};

TEST_F(HostReassemblyOnTheWire, FragmentsInAnyOrderAreJoined) {
  proves("FRAG-SHUFFLED");
  std::vector<std::size_t> order{0, 1, 2, 3};
  std::uint16_t id = 0;
  do {
    lan.forget();
    const auto pieces = fragments_of(ping(1400, ++id), 388);
    ASSERT_THAT(pieces, SizeIs(order.size()));
    for (const std::size_t i : order) lan.sends(pieces[i]);
    EXPECT_THAT(lan.received(), OnePacket(reply(1400, id))) << testing::PrintToString(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(HostReassemblyOnTheWire, TheLastFragmentMayHaveAnyLength) {
  proves("FRAG-LAST-ODD");
  for (std::uint16_t last = 1; last <= 16; ++last) {
    lan.forget();
    lan.sends(fragments_of(ping(1016u + last, last), 532));  // 512 + 512 bytes, and what is left
    EXPECT_THAT(lan.received(), OnePacket(reply(1016u + last, last)));
  }
}

TEST_F(HostReassemblyOnTheWire, PacketsOfOneSenderAreKeptApartByIdentification) {
  proves("FRAG-INTERLEAVED");
  const auto a = fragments_of(ping(1200, 1), 532);
  const auto b = reversed(fragments_of(ping(1200, 2), 532));
  const auto c = odd_ones_first(fragments_of(ping(1200, 3), 532));
  for (std::size_t i = 0; i < a.size(); ++i) lan.sends({a[i], b[i], c[i]});
  ASSERT_THAT(lan.received(), SizeIs(3));
  for (std::uint16_t id = 1; id <= 3; ++id)
    EXPECT_EQ(count_of(lan.received(), reply(1200, id)), 1u) << id;
}

TEST_F(HostReassemblyOnTheWire, PacketsOfTwoSourcesWithOneIdentificationAreKeptApart) {
  proves("FRAG-KEY-SOURCE");
  const Octets one = bytes(1200), other = bytes(1200, 99);
  const auto a = fragments_of(ipv4("10.0.1.9", "10.0.1.1", {.id = 1}) / icmp_echo(7, 1) / one, 532);
  const auto b = reversed(
      fragments_of(ipv4("10.0.1.8", "10.0.1.1", {.id = 1}) / icmp_echo(7, 1) / other, 532));
  for (std::size_t i = 0; i < a.size(); ++i) lan.sends({a[i], b[i]});
  ASSERT_THAT(lan.received(), SizeIs(2));
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply() / one), 1u);
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.8") / icmp_echo_reply() / other), 1u);
}

TEST_F(HostReassemblyOnTheWire, PacketsOfTwoProtocolsWithOneIdentificationAreKeptApart) {
  proves("FRAG-KEY-PROTO");
  const auto pings = fragments_of(ping(1200, 1), 532);
  const auto others = fragments_of(
      ipv4("10.0.1.9", "10.0.1.1", {.id = 1, .protocol = 253}) / filled(1208, 0xee), 532);
  for (std::size_t i = 0; i < pings.size(); ++i) lan.sends({others[i], pings[i]});
  ASSERT_THAT(lan.received(), SizeIs(2));
  EXPECT_EQ(count_of(lan.received(), reply(1200, 1)), 1u);
  EXPECT_EQ(count_of(lan.received(), icmp_unreachable(protocol)), 1u);
}

TEST_F(HostReassemblyOnTheWire, DuplicatesDisturbNothing) {
  proves("FRAG-DUPLICATE");
  const auto pieces = fragments_of(ping(1200), 532);
  lan.sends({pieces[0], pieces[0], pieces[2], pieces[0], pieces[2], pieces[1]});
  EXPECT_THAT(lan.received(), OnePacket(reply(1200)));
}

TEST_F(HostReassemblyOnTheWire, NothingIsDeliveredWhileOneIsMissing) {
  proves("FRAG-INCOMPLETE");
  for (std::uint16_t missing = 0; missing < 4; ++missing) {
    lan.forget();
    auto pieces = fragments_of(ping(2000, missing), 532);
    const Frame last = pieces[missing];
    pieces.erase(pieces.begin() + missing);
    lan.sends(pieces);
    EXPECT_TRUE(lan.silent()) << missing;
    lan.sends(last);
    EXPECT_THAT(whole(lan.received()), OnePacket(reply(2000, missing)));
  }
}

TEST_F(HostReassemblyOnTheWire, APacketWithoutMoreAndOffsetIsWhole) {
  proves("FRAG-SINGLE-OFFSET0");
  const auto pieces = fragments_of(ping(1200, 0x4711), 532);
  lan.sends(pieces[0]);
  for (const bool dont_fragment : {false, true}) {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.id = 0x4711, .dont_fragment = dont_fragment}) /
              icmp_echo(8, 1) / "whole");
    EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(8, 1) / "whole"));
  }
  lan.forget();
  lan.sends({pieces[1], pieces[2]});
  EXPECT_THAT(lan.received(), OnePacket(reply(1200, 0x4711))) << "the other one goes on";
}

TEST_F(HostReassemblyOnTheWire, AFragmentWithABadHeaderChecksumTakesNoPart) {  // RFC 1122 §3.2.1.2
  proves("FRAG-BAD-CHECKSUM");
  auto pieces = fragments_of(ping(1200), 532);
  const Frame good = pieces[1];
  ip_of(pieces[1]).checksum = std::uint16_t{0x1111};
  lan.sends(pieces);
  EXPECT_TRUE(lan.silent());
  lan.sends(good);
  EXPECT_THAT(lan.received(), OnePacket(reply(1200)));
}

TEST_F(HostReassemblyOnTheWire, TheMessageJoinedIsCheckedLikeAny) {  // RFC 792
  proves("FRAG-TIMES-ICMP-CHECKSUM");
  const Frame damaged = ipv4("10.0.1.9", "10.0.1.1", {.id = 5}) / icmp(8, 0, 7, 0xbad1);
  lan.sends(fragments_of(damaged / bytes(999), 532));
  EXPECT_TRUE(lan.silent());
  lan.sends(fragments_of(ping(999, 6), 532));
  EXPECT_THAT(lan.received(), OnePacket(reply(999, 6)));
}

TEST_F(HostReassemblyOnTheWire, AnIdentificationMayBeUsedAgain) {
  proves("FRAG-SAME-ID-REUSE");
  for (const std::size_t size : {1200u, 1300u, 800u}) {
    lan.forget();
    lan.sends(fragments_of(ping(size), 532));
    EXPECT_THAT(lan.received(), OnePacket(reply(size)));
  }
}

TEST_F(HostReassemblyOnTheWire, HundredsOfPiecesAreJoinedOddOnesFirst) {
  proves("FRAG-MANY-PIECES");
  const auto pieces = fragments_of(ping(4000), 28);
  ASSERT_THAT(pieces, SizeIs(501));
  lan.sends(odd_ones_first(pieces));
  EXPECT_THAT(whole(lan.received()), OnePacket(reply(4000)));
}

}  // namespace
}  // namespace smolstack::test
