// What a router leaves alone: all of a packet but its TTL and header checksum. RFC 1812 §5.2.1.

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::SizeIs;

class PassingUnchangedOnTheWire : public RouterTest {
 protected:
  PassingUnchangedOnTheWire() { make_acquainted(lan, wan); }

  /// They do, and nothing comes back.
  void pass(const std::vector<Frame>& packets) {
    wan.forget();
    lan.sends(packets);
    EXPECT_THAT(wan.received(), AreOneHopOn(packets));
    EXPECT_TRUE(lan.silent());
  }
};

TEST_F(PassingUnchangedOnTheWire, AnyProtocolWithItsPayload) {  // RFC 1812 §5.2.1
  proves("FWD-PROTOCOLS");
  std::vector<Frame> packets;
  for (unsigned protocol = 0; protocol <= 255; ++protocol)
    packets.push_back(transit({.protocol = static_cast<std::uint8_t>(protocol)}) /
                      bytes(41, protocol));
  pass(packets);
}

TEST_F(PassingUnchangedOnTheWire, DamagedTransportChecksums) {  // RFC 1122 §1.1.3
  proves("FWD-TRANSPORT-UNTOUCHED");
  pass({transit() / udp(1, 2, {.checksum = 0xbad1}) / "x",
        transit() / udp(1, 2, {.checksum = 0}) / "x", transit() / udp(1, 2, {.length = 9999}) / "x",
        transit() / udp(1, 2, {.length = 0}) / "x", transit() / tcp(1, 2, {.checksum = 0xbad2}),
        transit() / tcp(1, 2, {.offset_reserved = 0}), transit() / icmp(8, 0, 0, 0xbad3),
        transit({.protocol = 17}) / "short", transit({.protocol = 6}) / "",
        transit({.protocol = 1}) / "tiny"});
}

TEST_F(PassingUnchangedOnTheWire, PayloadsOfEverySizeByteForByte) {
  proves("FWD-SIZES");
  std::vector<Frame> packets;
  for (unsigned size = 0; size <= 1480; ++size) packets.push_back(transit() / bytes(size, size));
  pass(packets);
}

TEST_F(PassingUnchangedOnTheWire, ButNotThePaddingOfTheLink) {  // RFC 1812 §3.3.4; RFC 894
  proves("FWD-PADDING");
  const Frame packet = transit() / udp(1, 2) / "x";
  lan.sends(sized(packet, 60, 0xaa));
  lan.sends(sized(packet, 1514, 0xbb));
  ASSERT_THAT(wan.received(), SizeIs(2));
  for (const Captured& each : wan.received()) {
    ASSERT_LE(each.bytes.size(), 60u);
    Octets expected = encode(one_hop_on(packet));
    expected.resize(each.bytes.size() - 14);
    EXPECT_EQ(Octets(each.bytes.begin() + 14, each.bytes.end()), expected);
  }
}

/// The header's checksum is the pattern that counts: the identification makes each of them.
std::vector<Frame> packets_with_checksums_near_a_carry() {
  std::vector<Frame> packets;
  for (std::uint32_t id = 0; id <= 0xffff; ++id) {
    const Frame packet = transit({.ttl = 64, .id = static_cast<std::uint16_t>(id)}) / "x";
    const auto high = std::to_integer<unsigned>(encode(packet)[10]);
    if (high >= 0xfd || high <= 1) packets.push_back(packet);
  }
  return packets;
}

TEST_F(PassingUnchangedOnTheWire, AndTheChecksumIsRightInEveryCarryCase) {  // RFC 1624, RFC 1141
  proves("FWD-CHECKSUM-EDGE");
  const auto packets = packets_with_checksums_near_a_carry();
  EXPECT_THAT(packets, SizeIs(1279)) << "each of five times 256, and 0xffff is none";
  pass(packets);
}

TEST_F(PassingUnchangedOnTheWire, AndTheOtherZeroIsAsGoodAsZero) {  // RFC 1624 §3
  proves("FWD-CHECKSUM-EDGE");
  for (std::uint32_t id = 0; id <= 0xffff; ++id) {
    Frame packet = transit({.ttl = 64, .id = static_cast<std::uint16_t>(id)}) / "x";
    const Octets made = encode(packet);
    if (made[10] != std::byte{} || made[11] != std::byte{}) continue;
    std::get<Ipv4Layer>(packet.layers.front()).fields.checksum = std::uint16_t{0xffff};
    return pass({packet});
  }
  FAIL() << "no identification makes a checksum of zero";
}

TEST_F(PassingUnchangedOnTheWire, DscpAndEcn) {  // RFC 2474 §3; RFC 3168 §5; RFC 1812 §5.3.2
  proves("FWD-DSCP-ECN");
  std::vector<Frame> packets;
  for (unsigned tos = 0; tos <= 255; ++tos)
    packets.push_back(transit({.tos = static_cast<std::uint8_t>(tos)}) / udp(1, 2) / "x");
  pass(packets);
}

TEST_F(PassingUnchangedOnTheWire, IdentificationAndDf) {  // RFC 791; RFC 6864 §4.1
  proves("FWD-ID-DF");
  std::vector<Frame> packets;
  for (const unsigned id : {0u, 1u, 0x8000u, 0xfffeu, 0xffffu})
    for (const bool dont_fragment : {false, true})
      packets.push_back(
          transit({.id = static_cast<std::uint16_t>(id), .dont_fragment = dont_fragment}) /
          udp(1, 2) / "x");
  pass(packets);
}

TEST_F(PassingUnchangedOnTheWire, FragmentsAsTheyAre) {  // RFC 6864 §4.1
  proves("FWD-ID-DF");
  pass({transit({.id = 9, .more = true, .protocol = 17}) / bytes(24),
        transit({.id = 9, .more = true, .offset = 24, .protocol = 17}) / bytes(8),
        transit({.id = 9, .more = false, .offset = 32, .protocol = 17}) / bytes(5),
        transit({.id = 0, .dont_fragment = true, .more = true, .protocol = 6}) / bytes(16),
        transit({.id = 10, .offset = 65504, .protocol = 253}) / bytes(7)});
}

TEST_F(PassingUnchangedOnTheWire, EachFragmentAtOnce) {  // RFC 1812 §5.2.6
  proves("FWD-NO-REASSEMBLY");
  const auto fragments = fragments_of(transit({.id = 11}) / udp(1, 2) / bytes(3000), 1500);
  ASSERT_THAT(fragments, SizeIs(3));
  pass({fragments[2]});
  pass({fragments[0]});
  pass({fragments[0]});
  pass({fragments[1]});
}

TEST_F(PassingUnchangedOnTheWire, IcmpErrorsLikeAnyPacket) {  // RFC 1812 §5.2.1, §4.3.2.7
  proves("FWD-ICMP-TRANSIT");
  const Frame quoted = ipv4("10.0.2.7", "10.0.1.9") / udp(1, 2) / "quoted";
  pass({transit() / icmp_unreachable(host) / quoted,
        transit() / icmp_fragmentation_needed(576) / quoted, transit() / icmp(4, 0) / quoted,
        transit() / icmp_redirect("10.0.2.1") / quoted, transit() / icmp_time_exceeded() / quoted,
        transit() / icmp_parameter_problem(1) / quoted,
        transit() / icmp_unreachable(port) / ipv4("10.0.2.7", "192.0.2.1") / udp(1, 2)});
}

TEST_F(PassingUnchangedOnTheWire, IcmpOfEveryType) {
  proves("FWD-ICMP-TRANSIT");
  std::vector<Frame> packets;
  for (unsigned type = 0; type <= 255; ++type)
    packets.push_back(transit() / icmp(static_cast<std::uint8_t>(type), 0, 0x00070001) / bytes(20));
  pass(packets);
}

}  // namespace
}  // namespace smolstack::test
