// Fragments made to do harm: RFC 1858, RFC 5722 §3, RFC 6274 §3.4, CERT CA-1996-26, CA-1997-28.

#include <algorithm>

#include "wire/kit/fragments.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

Frame piece(std::uint16_t id, std::size_t offset, const Octets& data, bool more) {
  return ipv4("10.0.1.9", "10.0.1.1",
              {.id = id,
               .more = more,
               .offset = static_cast<std::uint16_t>(offset),
               .protocol = std::uint8_t{1}}) /
         data;
}
/// Some bytes of a message, and zeros behind its end: they do not change its checksum.
Octets part(const Octets& message, std::size_t from, std::size_t to) {
  Octets longer = message;
  longer.resize(std::max(message.size(), to));
  return {longer.begin() + static_cast<std::ptrdiff_t>(from),
          longer.begin() + static_cast<std::ptrdiff_t>(to)};
}
/// The same 16-bit words in another order: no checksum tells them apart.
Octets shuffled(Octets data) {
  for (std::size_t i = 0; i + 4 <= data.size(); i += 4)
    std::swap_ranges(data.begin() + static_cast<std::ptrdiff_t>(i),
                     data.begin() + static_cast<std::ptrdiff_t>(i + 2),
                     data.begin() + static_cast<std::ptrdiff_t>(i + 2));
  return data;
}

/// 64 bytes, which some of the fragments would make when they were joined without care.
const Octets message = encode(icmp_echo(7, 1) / bytes(56));
const Frame reply = icmp_echo_reply(7, 1) / bytes(56);

/// The parts of the message that the fragments are.
struct Cut {
  std::size_t from, to;
  bool more = true;
};
std::vector<Frame> pieces(std::uint16_t id, std::initializer_list<Cut> cuts) {
  std::vector<Frame> made;
  for (const Cut& cut : cuts)
    made.push_back(piece(id, cut.from, part(message, cut.from, cut.to), cut.more));
  return made;
}

class HostileFragmentsOnTheWire : public EitherTest {
 protected:
  void expect_a_long_ping_is_answered() {
    lan.forget();
    lan.sends(fragments_of(
        ipv4("10.0.1.8", "10.0.1.1", {.id = 999}) / icmp_echo(8, 1) / bytes(3000), 1500));
    EXPECT_THAT(whole(lan.received()),
                OnePacket(ipv4("10.0.1.1", "10.0.1.8") / icmp_echo_reply(8, 1) / bytes(3000)));
  }
};
EITHER_ROLE(HostileFragmentsOnTheWire);

TEST_P(HostileFragmentsOnTheWire, AFragmentInsideAnotherDoesNoHarm) {  // teardrop
  proves("FRAG-TEARDROP");
  lan.sends(pieces(1, {{0, 40}, {24, 28, false}}));
  lan.sends(pieces(2, {{24, 28, false}, {0, 40}}));
  lan.sends(pieces(3, {{0, 72}, {56, 64, false}}));
  EXPECT_TRUE(lan.silent());
  lan.sends(pieces(4, {{0, 40}, {40, 64, false}}));
  EXPECT_THAT(lan.received(), OnePacket(reply));
  expect_a_long_ping_is_answered();
}

TEST_P(HostileFragmentsOnTheWire, APacketLongerThanThereCanBeDoesNoHarm) {  // the ping of death
  proves("FRAG-PING-OF-DEATH");
  const Frame death = ipv4("10.0.1.9", "10.0.1.1", {.id = 1}) / icmp_echo(7, 1) / bytes(66500);
  lan.sends(fragments_of(death, 1500));
  lan.sends(piece(2, 65528, bytes(1400), false));
  lan.sends(piece(3, 65528, bytes(1400), true));
  EXPECT_TRUE(lan.silent());
  expect_a_long_ping_is_answered();
}

// Each fragment fits into 65,535 bytes with its own header, but not with the options of the first.
TEST_P(HostileFragmentsOnTheWire, OptionsThatMakeThePacketTooLongDoNoHarm) {
  proves("FRAG-PING-OF-DEATH");
  auto death =
      fragments_of(ipv4("10.0.1.9", "10.0.1.1", {.id = 1}) / icmp_echo(7, 1) / bytes(65507), 1400);
  std::get<Ipv4Layer>(death[0].layers[0]).fields.options = filled(40, 1);
  std::ranges::reverse(death);
  lan.sends(death);
  EXPECT_TRUE(lan.silent());
  expect_a_long_ping_is_answered();
}

TEST_P(HostileFragmentsOnTheWire, EmptyFragmentsDoNoHarm) {
  proves("FRAG-EMPTY");
  for (const bool more : {true, false})
    for (const std::size_t offset : {0u, 8u, 64u, 65528u}) {
      lan.sends(piece(1, offset, {}, more));
      lan.sends(piece(2, offset, {}, more));
    }
  EXPECT_TRUE(lan.silent());
  lan.sends(pieces(1, {{0, 32}, {32, 64, false}}));
  EXPECT_THAT(lan.received(), OnePacket(reply));
  expect_a_long_ping_is_answered();
}

// RFC 1122 §3.3.2; RFC 6274 §3.4.
TEST_P(HostileFragmentsOnTheWire, AFloodOfHalfPacketsTakesLittleMemory) {
  proves("FRAG-FLOOD");
  expect_a_long_ping_is_answered();
  const std::size_t before = machine().memory();
  const Octets data = bytes(1400);
  for (std::uint16_t id = 0; id < 20'000; ++id) {
    lan.sends(ipv4(Ipv4Address(0x0a000142u + id % 90u), "10.0.1.1",
                   {.id = id,
                    .more = true,
                    .offset = static_cast<std::uint16_t>(id % 2 * 40'000),
                    .protocol = std::uint8_t{1}}) /
              data);
    if (id % 1000 == 0) lan.forget();
  }
  lan.forget();
  EXPECT_LT(machine().memory(), before + (8u << 20)) << "after 28 million bytes";
}

TEST_P(HostileFragmentsOnTheWire, AFloodOfHalfPacketsLeavesRoomForOthers) {
  proves("FRAG-FLOOD");
  differs_on_linux("it takes no new fragments while net.ipv4.ipfrag_high_thresh is used up");
  for (std::uint16_t id = 0; id < 10'000; ++id) {
    lan.sends(ipv4(Ipv4Address(0x0a000142u + id % 90u), "10.0.1.1",
                   {.id = id, .more = true, .offset = 8, .protocol = std::uint8_t{1}}) /
              bytes(1400));
    if (id % 1000 == 0) lan.forget();
  }
  expect_a_long_ping_is_answered();
}

class HostHostileFragmentsOnTheWire : public HostTest {};

TEST_F(HostHostileFragmentsOnTheWire, AnOverlapWithOtherDataEndsThePacket) {
  proves("FRAG-OVERLAP-CONFLICT");
  const auto conflict = [](std::uint16_t id) {
    return piece(id, 16, shuffled(part(message, 16, 48)), true);
  };
  auto later = pieces(1, {{0, 32}, {32, 64, false}});
  later.insert(later.begin() + 1, conflict(1));
  lan.sends(later);
  auto earlier = pieces(2, {{0, 32}, {32, 64, false}});
  earlier.insert(earlier.begin(), conflict(2));
  lan.sends(earlier);
  auto last = pieces(3, {{32, 64, false}, {0, 32}});
  last.insert(last.begin() + 1, conflict(3));
  lan.sends(last);
  EXPECT_TRUE(lan.silent());
  lan.sends(pieces(4, {{0, 32}, {32, 64, false}}));
  EXPECT_THAT(lan.received(), OnePacket(reply));
}

TEST_F(HostHostileFragmentsOnTheWire, AnOverlapInsideAnotherMakesNoCorruptPacket) {
  proves("FRAG-OVERLAP-CONFLICT");
  auto mixed = pieces(1, {{0, 48}, {48, 64, false}});
  mixed.insert(mixed.begin() + 1, piece(1, 16, shuffled(part(message, 16, 32)), true));
  lan.sends(mixed);
  EXPECT_EQ(count_of(lan.received(), reply), lan.received().size()) << "none, or the first copy";
  lan.forget();
  lan.sends(pieces(2, {{0, 48}, {48, 64, false}}));
  EXPECT_THAT(lan.received(), OnePacket(reply));
}

TEST_F(HostHostileFragmentsOnTheWire, ARaggedFragmentMakesNoCorruptPacket) {  // RFC 791 §3.2
  proves("FRAG-NOT-MULTIPLE");
  Octets ragged = part(message, 0, 36);
  std::ranges::fill(ragged.begin() + 32, ragged.end(), std::byte{0xee});
  lan.sends(piece(1, 32, part(message, 32, 64), false));
  lan.sends(piece(1, 0, ragged, true));
  lan.sends(piece(1, 0, part(message, 0, 32), true));
  EXPECT_THAT(lan.received(), OnePacket(reply));
}

TEST_F(HostHostileFragmentsOnTheWire, TwoEndsMakeNoPacket) {
  proves("FRAG-CONFLICTING-END");
  lan.sends(pieces(1, {{32, 64, false}, {64, 96, false}, {0, 32}}));
  lan.sends(pieces(2, {{64, 96, false}, {32, 64, false}, {0, 32}}));
  lan.sends(pieces(3, {{64, 96}, {32, 64, false}, {0, 32}}));
  EXPECT_TRUE(lan.silent());
  lan.sends(pieces(4, {{32, 64, false}, {0, 32}}));
  EXPECT_THAT(lan.received(), OnePacket(reply));
}

}  // namespace
}  // namespace smolstack::test
