// What is true of every frame that the machine sends. The kit judges each frame of each test
// (lab/support/judge.hpp); here is shown that the judge looks, and that the rules are kept in
// traffic of every kind.

#include <gtest/gtest-spi.h>

#include "lab/support/judge.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::Ge;
using testing::HasSubstr;
using testing::Optional;
using testing::SizeIs;

class JudgeOnTheWire : public EitherTest {
 protected:
  std::optional<std::string> complaint_about(ConstBytes frame) {
    const auto is_own = [&](Ipv4Address a) { return lan.interface().find(a) != nullptr; };
    return broken_rule(lan.interface(), frame, is_own);
  }
  std::optional<std::string> complaint(const Frame& frame) {
    return complaint_about(encode(frame));
  }
  /// The right frame is the machine's own answer.
  void expect_no_complaint_about(const Frame& answer) {
    EXPECT_EQ(complaint(answer), std::nullopt);
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(100));
    ASSERT_THAT(lan.received(), OnePacket(answer));
    EXPECT_EQ(complaint_about(lan.received()[0].bytes), std::nullopt);
  }
  Frame on_link() { return ethernet(lan.mac(), neighbor); }
  Frame reply() { return ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, 1) / bytes(100); }
  /// A datagram of the machine, of a protocol without a checksum.
  Frame own(const Ipv4Fields& fields) {
    return on_link() / ipv4("10.0.1.1", "10.0.1.9", fields) / bytes(16);
  }
  Frame packet(Address from, Address to) { return on_link() / ipv4(from, to) / bytes(16); }

  const Mac neighbor = default_mac(address("10.0.1.9"));
};
EITHER_ROLE(JudgeOnTheWire);

TEST_P(JudgeOnTheWire, SeesAForeignSourceMac) {  // IEEE 802.3, RFC 894
  proves("INV-SRCMAC");
  EXPECT_THAT(complaint(ethernet("02:00:00:00:00:99", neighbor) / reply()),
              Optional(HasSubstr("the source MAC")));
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAFrameBeyondTheMtu) {  // RFC 791 §2.3
  proves("INV-MTU");
  const Frame to_neighbor = on_link() / ipv4("10.0.1.1", "10.0.1.9");
  EXPECT_THAT(complaint(to_neighbor / bytes(1481)), Optional(HasSubstr("the MTU")));
  EXPECT_EQ(complaint(to_neighbor / bytes(1480)), std::nullopt);
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesArpWithAForeignMac) {  // RFC 826
  proves("INV-ARPSHA");
  for (const auto& [sender, right] :
       {std::pair{Mac("02:00:00:00:00:99"), false}, {lan.mac(), true}}) {
    const Frame answer = arp_reply("10.0.1.1", "10.0.1.9", {.sender_mac = sender});
    EXPECT_EQ(complaint(on_link() / answer).has_value(), !right);
    const Frame question = arp_request("10.0.1.1", "10.0.1.9", {.sender_mac = sender});
    EXPECT_EQ(complaint(ethernet(lan.mac(), broadcast_mac) / question).has_value(), !right);
  }
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_THAT(lan.received(), OnePacket(arp_reply("10.0.1.1", "10.0.1.9")));
}

TEST_P(JudgeOnTheWire, SeesArpForWhatIsNoHostOfTheLink) {  // RFC 1122 §3.3.1.1
  proves("INV-ARPONLINK");
  const auto asking_for = [&](Address target) {
    return complaint(ethernet(lan.mac(), broadcast_mac) / arp_request("10.0.1.1", target));
  };
  for (const char* nobody : {"10.0.2.7", "172.16.0.5", "10.0.1.255", "10.0.1.0", "224.0.0.1"})
    EXPECT_THAT(asking_for(nobody), Optional(HasSubstr("ARP request"))) << nobody;
  for (const char* host : {"10.0.1.2", "10.0.1.254"}) EXPECT_EQ(asking_for(host), std::nullopt);
  lan.sends(ipv4("10.0.1.77", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(arp_request("10.0.1.1", "10.0.1.77")));
}

TEST_P(JudgeOnTheWire, SeesAnImpossibleHeader) {  // RFC 791 §3.1
  proves("INV-IPHDR");
  constexpr std::uint8_t impossible_bytes[] = {0x55, 0x65, 0x05, 0x40, 0x44};
  constexpr std::uint16_t impossible_lengths[] = {0, 19, 37, 1500};
  for (const std::uint8_t first : impossible_bytes)
    EXPECT_THAT(complaint(own({.version_ihl = first})), Optional(HasSubstr("first byte")));
  for (const std::uint16_t total : impossible_lengths)
    EXPECT_THAT(complaint(own({.total_length = total})), Optional(HasSubstr("total length")));
  for (std::size_t held = 1; held < 20; ++held)
    EXPECT_TRUE(complaint(sized(own({}), 14 + held))) << held;
  EXPECT_EQ(complaint(own({.total_length = 36, .version_ihl = 0x45})), std::nullopt);
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAWrongHeaderChecksum) {  // RFC 1122 §3.2.1.2
  proves("INV-IPCK");
  const Octets right = encode(on_link() / reply());
  for (const std::size_t at : {15u, 18u, 23u, 24u, 25u, 29u, 33u}) {
    Octets wrong = right;
    wrong[at] ^= std::byte{0x04};
    EXPECT_THAT(complaint_about(wrong), Optional(HasSubstr("header checksum"))) << at;
  }
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesTtlZero) {  // RFC 1122 §3.2.1.7
  proves("INV-TTL0");
  EXPECT_THAT(complaint(own({.ttl = 0})), Optional(HasSubstr("TTL 0")));
  EXPECT_EQ(complaint(own({.ttl = 1})), std::nullopt);
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAGroupAtASingleStationAndTheOtherWayRound) {  // RFC 1122 §3.3.6
  proves("INV-L2DST");
  const auto to = [&](Mac mac, Address ip) {
    return complaint(ethernet(lan.mac(), mac) / ipv4("10.0.1.1", ip) / bytes(16));
  };
  const auto noticed = Optional(HasSubstr("group address"));
  EXPECT_THAT(to(broadcast_mac, "10.0.1.9"), noticed);
  EXPECT_THAT(to("01:00:5e:00:00:01", "10.0.1.9"), noticed);
  for (const char* group : {"224.0.0.1", "255.255.255.255", "10.0.1.255"})
    EXPECT_THAT(to(neighbor, group), noticed) << group;
  EXPECT_EQ(to("01:00:5e:00:00:01", "224.0.0.1"), std::nullopt);
  for (const char* all : {"255.255.255.255", "10.0.1.255"})
    EXPECT_EQ(to(broadcast_mac, all), std::nullopt);
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAddressesThatNoWireMayCarry) {  // RFC 1122 §3.2.1.3, RFC 1812 §5.3.7
  proves("INV-MARTIAN");
  for (const char* source :
       {"127.0.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255"})
    EXPECT_THAT(complaint(packet(source, "10.0.1.9")), Optional(HasSubstr("source address")));
  for (const char* destination : {"127.0.0.1", "0.0.0.0", "0.1.2.3", "240.0.0.1"})
    EXPECT_THAT(complaint(packet("10.0.1.1", destination)),
                Optional(HasSubstr("destination address")));
  EXPECT_EQ(complaint(packet("172.16.0.5", "10.0.1.9")), std::nullopt);
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAWrongChecksumInWhatIsOurOwn) {  // RFC 1122 §3.2.2, §4.1.3.4
  proves("INV-L4CK");
  const auto from = [&](Address source, const Frame& message) {
    return complaint(on_link() / ipv4(source, "10.0.1.9") / message);
  };
  const std::tuple<Frame, Frame> messages[] = {
      {icmp(0, 0, 7, 0xbad1) / "x", icmp(0, 0, 7) / "x"},
      {udp(1, 2, {.checksum = 0xbad1}) / "x", udp(1, 2) / "x"},
      {udp(1, 2, {.checksum = 0}) / "x", udp(1, 2) / "x"},
      {tcp(1, 2, {.checksum = 0xbad1}), tcp(1, 2)}};
  for (const auto& [wrong, right] : messages) {
    EXPECT_THAT(from("10.0.1.1", wrong), Optional(HasSubstr("checksum"))) << wrong;
    EXPECT_EQ(from("10.0.1.1", right), std::nullopt) << right;
    EXPECT_EQ(from("10.0.2.7", wrong), std::nullopt) << "it was wrong when it came";
  }
  expect_no_complaint_about(on_link() / reply());
}

TEST_P(JudgeOnTheWire, SeesAFragmentOfAnOddLength) {  // RFC 791 §3.2
  proves("INV-FRAG8");
  for (const std::size_t size : {1u, 7u, 9u, 1479u}) {
    const Frame piece = on_link() / ipv4("10.0.1.1", "10.0.1.9", {.more = true}) / bytes(size);
    EXPECT_THAT(complaint(piece), Optional(HasSubstr("multiple of eight"))) << size;
  }
  EXPECT_EQ(complaint(on_link() / ipv4("10.0.1.1", "10.0.1.9", {.more = true}) / bytes(16)),
            std::nullopt);
  EXPECT_EQ(complaint(on_link() / ipv4("10.0.1.1", "10.0.1.9", {.offset = 16}) / bytes(7)),
            std::nullopt);
  lan.sends(fragments_of(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(2001), 1500));
  EXPECT_THAT(lan.received(), SizeIs(2));
}

/// What the kit says of the frames that come, while it believes something wrong of the machine.
class TheKitOnTheWire : public EitherTest {
 protected:
  std::string complaints_about_answers_to(const Frame& question) {
    testing::TestPartResultArray results;
    {
      using Reporter = testing::ScopedFakeTestPartResultReporter;
      const Reporter reporter(Reporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      lan.sends(question);
      lan.forget();
    }
    std::string all;
    for (int i = 0; i < results.size(); ++i) all += results.GetTestPartResult(i).message();
    return all;
  }
};
EITHER_ROLE(TheKitOnTheWire);

TEST_P(TheKitOnTheWire, JudgesEachFrameThatComes) {
  proves("INV-SRCMAC", "INV-MTU", "INV-ARPSHA");
  const Frame ping = ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(500);
  EXPECT_EQ(complaints_about_answers_to(ping), "");
  lan.interface().mtu = 100;
  EXPECT_THAT(complaints_about_answers_to(ping), HasSubstr("longer than the MTU"));
  lan.interface().mtu = 1500;
  lan.interface().mac = mac("02:00:00:00:00:99");
  EXPECT_THAT(complaints_about_answers_to(arp_request("10.0.1.9", "10.0.1.1")),
              HasSubstr("the source MAC"));
  lan.interface().mac = default_mac(address("10.0.1.1"));
}

class InvariantsOnTheWire : public EitherTest {
 protected:
  InvariantsOnTheWire() {
    if (GetParam() == Role::router) wire(1).has_neighbor("10.0.2.7");
    sends_to_all({});  // which tells our MACs: no answer waits for ARP
    lan.forget();
  }
  static Frame from(Address source, Address destination, const Ipv4Fields& fields = {}) {
    return ipv4(source, destination, fields);
  }
  /// Something of each kind that a machine answers, or passes on.
  static std::vector<Frame> questions(Address source, Address destination) {
    const auto ip = [&](const Ipv4Fields& fields = {}) {
      return ipv4(source, destination, fields);
    };
    return {ip() / icmp_echo(7, 1),
            ip({.ttl = 1, .tos = 0xff}) / icmp_echo(0xffff, 0xffff) / filled(57, 0xff),
            ip({.ttl = 0}) / icmp_echo(7, 0) / filled(8, 0),
            ip({.dont_fragment = true}) / icmp_echo(7, 2) / bytes(1472),
            ip() / icmp(13, 0, 7) / filled(12, 1),
            ip({.ttl = 2}) / udp(5000, 33434) / "probe",
            ip({.ttl = 1}) / udp(5000, 33434) / "probe",
            ip() / tcp(5000, 80, {.flags = 0x02, .sequence = 0xffffffff}),
            ip() / tcp(5000, 80, {.flags = 0x18, .sequence = 5, .acknowledgment = 6}) / bytes(33),
            ip({.protocol = 253}) / bytes(1480),
            ip({.options = octets({7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0})}) / icmp_echo(7, 3),
            ip({.options = octets({68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0})}) / icmp_echo(7, 4),
            ip({.options = octets({7, 0, 4, 0})}) / icmp_echo(7, 5),
            ip({.options = octets({131, 7, 4, 10, 0, 1, 9, 0})}) / icmp_echo(7, 6),
            ip({.more = true, .offset = 8, .protocol = 17}) / bytes(16)};
  }
  void sends_to_all(const std::vector<Frame>& frames) {
    lan.sends(frames);
    lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
    if (GetParam() == Role::router) wire(1).sends(frames);
    if (GetParam() == Role::router) wire(1).sends(arp_request("10.0.2.7", "10.0.2.1"));
  }
};
EITHER_ROLE(InvariantsOnTheWire);

TEST_P(InvariantsOnTheWire, AreKeptWhoeverAsksForWhatever) {
  differs_on_linux("it takes class E and 0/8 for addresses, and network addresses for hosts'");
  proves("INV-SRCMAC", "INV-MTU", "INV-ARPSHA", "INV-ARPONLINK", "INV-IPHDR", "INV-IPCK");
  proves("INV-TTL0", "INV-L2DST", "INV-MARTIAN", "INV-L4CK", "INV-FRAG8");
  constexpr const char* sources[] = {"10.0.1.9",  "10.0.2.7",    "10.0.1.77",      "172.16.0.5",
                                     "10.0.1.1",  "10.0.2.1",    "10.0.1.255",     "10.0.1.0",
                                     "127.0.0.1", "0.0.0.0",     "0.1.2.3",        "224.0.0.1",
                                     "240.0.0.1", "169.254.1.1", "255.255.255.255"};
  constexpr const char* destinations[] = {"10.0.1.1",  "10.0.2.1",    "10.0.2.7",       "10.0.2.77",
                                          "10.9.9.9",  "10.0.1.255",  "10.0.2.255",     "10.0.2.0",
                                          "127.0.0.1", "0.0.0.0",     "224.0.0.1",      "239.1.2.3",
                                          "240.0.0.1", "169.254.1.1", "255.255.255.255"};
  for (const char* source : sources)
    for (const char* destination : destinations) sends_to_all(questions(source, destination));
  EXPECT_THAT(lan.received(), SizeIs(Ge(8u)));
}

TEST_P(InvariantsOnTheWire, AreKeptWhateverByteIsDamaged) {
  proves("INV-SRCMAC", "INV-MTU", "INV-ARPSHA", "INV-ARPONLINK", "INV-IPHDR", "INV-IPCK");
  proves("INV-TTL0", "INV-L2DST", "INV-MARTIAN", "INV-L4CK", "INV-FRAG8");
  const Frame on_link = ethernet(default_mac(address("10.0.1.9")), lan.mac());
  for (const char* destination : {"10.0.1.1", "10.0.2.7"})
    for (const Frame& each : questions("10.0.1.9", destination)) {
      const Octets right = encode(on_link / each);
      for (std::size_t at = 12; at < std::min<std::size_t>(right.size(), 64); ++at) {
        Octets damaged = right;
        damaged[at] = ~damaged[at];
        lan.sends_bytes(damaged);
      }
    }
  EXPECT_THAT(lan.received(), SizeIs(Ge(8u)));
}

/// The same, and the header checksum mended, so that what was damaged is believed.
TEST_P(InvariantsOnTheWire, AreKeptWhateverFieldSaysSomethingElse) {
  proves("INV-SRCMAC", "INV-MTU", "INV-ARPSHA", "INV-ARPONLINK", "INV-IPHDR", "INV-IPCK");
  proves("INV-TTL0", "INV-L2DST", "INV-MARTIAN", "INV-L4CK", "INV-FRAG8");
  const auto sends_with = [&](const Ipv4Fields& fields) {
    for (const char* to : {"10.0.1.1", "10.0.2.7"})
      lan.sends(from("10.0.1.9", to, fields) / icmp_echo(7, 1) / bytes(200));
  };
  for (unsigned value = 0; value < 256; ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    sends_with({.ttl = byte});
    sends_with({.protocol = byte});
    sends_with({.version_ihl = byte});
    sends_with({.more = true, .offset = static_cast<std::uint16_t>(value * 256)});
    sends_with({.options = octets({value, 8, 5, 0, 0, 0, 0, 0})});
    sends_with({.options = octets({7, value, 4, 68, 8, 5, 0, 0})});
    sends_with({.total_length = byte});
  }
  EXPECT_THAT(lan.received(), SizeIs(Ge(256u)));
}

TEST_P(InvariantsOnTheWire, AreKeptInFragmentsOfEverySize) {
  proves("INV-FRAG8", "INV-MTU", "INV-IPHDR", "INV-IPCK", "INV-L4CK");
  std::size_t answers = 0;
  for (std::size_t size = 1465; size < 1500; ++size, ++answers)
    lan.sends(fragments_of(from("10.0.1.9", "10.0.1.1", {.id = static_cast<std::uint16_t>(size)}) /
                               icmp_echo(7, 1) / bytes(size),
                           576));
  EXPECT_EQ(count_of(lan.received(), ipv4({.offset = 0})), answers);
  EXPECT_THAT(lan.received(), SizeIs(Ge(answers + 25)));
}

}  // namespace
}  // namespace smolstack::test
