// Attacks that other stacks fell to, each by its name. After every one the machine must still
// answer a ping, and hold no more than its bounds.

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class Hostile : public testing::Test {
 protected:
  Hostile() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
  }
  ~Hostile() override {
    lan.start_recording();
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 99) / "still there?");
    EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 99) / "still there?"));
    lab.run_for(5min);
    (void)router.heard();
    EXPECT_EQ(router.stack().pool().small_in_use().level(), 0u);
    EXPECT_EQ(router.stack().pool().large_in_use().level(), 0u);
  }
  Frame piece(std::uint16_t id, std::uint16_t offset, const Octets& data, bool more,
              Address from = "10.0.1.66") {
    return ethernet("02:00:00:00:00:66", lan.mac()) /
           ipv4(from, "10.0.1.1", {.id = id, .more = more, .offset = offset, .protocol = 1}) / data;
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

TEST_F(Hostile, Teardrop) {  // CERT CA-1997-28: a fragment wholly inside another
  lan.sends(piece(1, 0, bytes(40), true));
  lan.sends(piece(1, 24, bytes(4), false));
  lan.sends(piece(2, 0, bytes(800), true));
  lan.sends(piece(2, 8, filled(16, 0xff), true));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::fragment_overlap), 2u);
}

TEST_F(Hostile, OverlapsNeverOverwrite) {  // RFC 1858 §3: the whole datagram is given up
  const Octets message = encode(icmp_echo(7, 1) / bytes(56));
  const auto part = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    return Octets(message.begin() + from, message.begin() + to);
  };
  lan.sends(piece(1, 0, part(0, 32), true));
  lan.sends(piece(1, 16, filled(16, 0xee), true));
  lan.sends(piece(1, 32, part(32, 64), false));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Hostile, PingOfDeath) {  // CERT CA-1996-26: beyond 65,535 bytes
  lan.sends(piece(1, 0, bytes(1480), true));
  lan.sends(piece(1, 65528, bytes(1400), false));
  lan.sends(piece(1, 65512, bytes(8), false));
  EXPECT_GE(router.drops(0, DropReason::fragment_malformed), 2u);
  EXPECT_TRUE(lan.silent());
}

TEST_F(Hostile, PingOfDeathByOptions) {  // the long header comes with the first fragment only
  const Octets message = encode(icmp_echo(7, 1) / bytes(65515 - 8));
  constexpr std::size_t step = 1400;
  for (std::size_t at = step; at < message.size(); at += step) {
    const std::size_t end = std::min(at + step, message.size());
    lan.sends(piece(1, static_cast<std::uint16_t>(at),
                    Octets(message.begin() + static_cast<std::ptrdiff_t>(at),
                           message.begin() + static_cast<std::ptrdiff_t>(end)),
                    end != message.size()));
  }
  lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) /
            ipv4("10.0.1.66", "10.0.1.1",
                 {.id = 1, .more = true, .protocol = 1, .options = filled(40, 1)}) /
            Octets(message.begin(), message.begin() + step));
  EXPECT_TRUE(lan.silent()) << "a datagram of 65,575 bytes does not exist";
}

TEST_F(Hostile, RaggedAndEmptyFragments) {  // RFC 791 §3.2
  lan.sends(piece(1, 0, bytes(33), true));
  lan.sends(piece(1, 0, {}, true));
  lan.sends(piece(1, 8, {}, false));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::fragment_malformed), 3u);
}

TEST_F(Hostile, TwoDifferentEnds) {
  lan.sends(piece(1, 64, bytes(32), false));
  lan.sends(piece(1, 128, bytes(32), false));
  lan.sends(piece(2, 128, bytes(32), true));
  lan.sends(piece(2, 64, bytes(32), false));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Hostile, FragmentSmack) {  // CVE-2018-5391: bounded memory, and honest fragments survive
  lan.stop_recording();
  for (std::uint32_t i = 0; i < 5000; ++i)
    lan.sends(piece(static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(8 * (i % 100)),
                    bytes(8), true, Ipv4Address(0x0a000142u + i % 100)));
  EXPECT_LE(router.stack().reassembly().datagrams().highest(), 256u);
  EXPECT_LE(router.stack().reassembly().bytes().highest(), 4u << 20);
  EXPECT_GT(router.drops(0, DropReason::reassembly_full), 4000u);
}

TEST_F(Hostile, HonestFragmentsSurviveAFlood) {  // RFC 6274 §3.4
  for (std::uint32_t i = 0; i < 3000; ++i)
    lan.sends(
        piece(static_cast<std::uint16_t>(i), 8, bytes(8), true, Ipv4Address(0x0a000142u + i % 90)));
  lan.sends(
      fragments_of(ipv4("10.0.1.9", "10.0.1.1", {.id = 9}) / icmp_echo(7, 1) / bytes(2000), 1500));
  EXPECT_EQ(count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9", {.protocol = 1})), 2u);
}

TEST_F(Hostile, ManyPiecesInOneDatagram) {  // quadratic queues
  for (int id = 0; id < 3; ++id)
    for (std::uint16_t i = 0; i < 8000; i = static_cast<std::uint16_t>(i + 2))
      lan.sends(
          piece(static_cast<std::uint16_t>(id), static_cast<std::uint16_t>(i * 8), bytes(8), true));
  EXPECT_TRUE(lan.silent());
  EXPECT_LE(router.stack().reassembly().datagrams().highest(), 3u);
}

TEST_F(Hostile, Smurf) {  // CERT CA-1998-01
  for (int i = 0; i < 100; ++i) {
    lan.sends(ipv4("10.0.1.9", "10.0.1.255") / icmp_echo(7, 1));
    lan.sends(ipv4("10.0.2.7", "10.0.2.255") / icmp_echo(7, 1));
  }
  EXPECT_TRUE(lan.silent());
  EXPECT_TRUE(wan.silent());
}

TEST_F(Hostile, Land) {  // CERT CA-1997-28: from ourselves to ourselves
  for (const char* to : {"10.0.1.1", "10.0.2.1"}) {
    lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4(to, to) /
              tcp(80, 80, {.flags = 0x02}));
    lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4(to, to) / icmp_echo(7, 1));
    lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4(to, to) / udp(7, 7));
  }
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::martian_source), 6u);
}

TEST_F(Hostile, ArpFlood) {  // the cache stays within bounds, and new neighbours are served
  lan.stop_recording();
  for (std::uint32_t i = 0; i < 20'000; ++i)
    lan.sends(arp_request(Ipv4Address(0x0a000102u + i % 250), "10.0.1.1",
                          {.sender_mac = default_mac(Ipv4Address(i))}));
  EXPECT_LE(router.stack().arp().cache().size().highest(), 1024u);
}

TEST(HostileWideNetwork, ArpExhaustion) {  // a /16 full of senders
  Lab lab;
  Node& host = lab.host({"10.5.0.1/16"});
  Port& lan = host.port(0);
  std::size_t replies = 0;
  lan.on_frame([&](const Captured&) { ++replies; });
  for (std::uint32_t i = 2; i < 5000; ++i)
    lan.sends(arp_request(Ipv4Address(0x0a050000u + i), "10.5.0.1"));
  EXPECT_LE(host.stack().arp().cache().size().highest(), 1024u);
  replies = 0;
  lan.sends(arp_request("10.5.200.1", "10.5.0.1"));
  lan.sends(ipv4("10.5.200.1", "10.5.0.1") / icmp_echo(7, 1));
  EXPECT_EQ(replies, 2u) << "a new neighbour is still served";
}

TEST(HostileWideNetwork, ASweepOverEmptyAddresses) {  // NDP exhaustion's elder brother
  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.5.0.1/16"});
  Port& lan = router.port(0);
  lan.has_neighbor("10.0.1.9");
  router.port(1).has_neighbor("10.5.77.7");
  std::size_t asked = 0, delivered = 0;
  router.port(1).on_frame(
      [&](const Captured& frame) { frame == arp_request({}) ? ++asked : ++delivered; });
  lan.on_frame([](const Captured&) {});
  for (std::uint32_t i = 0; i < 5000; ++i)
    lan.sends(ipv4("10.0.1.9", Ipv4Address(0x0a050100u + i)) / udp(1, 2));
  EXPECT_LE(asked, 300u) << "a burst, then a hundred a second";
  lab.run_for(1s);
  lan.sends(ipv4("10.0.1.9", "10.5.77.7") / udp(1, 2));
  lab.run_for(2s);
  EXPECT_EQ(delivered, 1u) << "the honest neighbour is found";
  EXPECT_LE(router.stack().arp().cache().waiting().highest(), 513u);
  lab.run_for(2min);
  EXPECT_EQ(router.stack().pool().small_in_use().level(), 0u);
}

TEST_F(Hostile, ArpPoisoning) {  // a lie about others makes no entry; about us none at all
  lan.sends(arp_reply("10.0.1.50", "10.0.1.1", {.sender_mac = "02:00:00:00:00:66"}));
  lan.sends(gratuitous_arp("10.0.1.51", {.sender_mac = "02:00:00:00:00:66"}));
  lan.sends(arp_reply("10.0.2.7", "10.0.1.1", {.sender_mac = "02:00:00:00:00:66"}));
  lan.sends(arp_reply("10.0.1.1", "10.0.1.1", {.sender_mac = "02:00:00:00:00:66"}));
  EXPECT_THAT(router.stack().arp().cache().entries(), IsEmpty());
}

TEST_F(Hostile, OptionsOfLengthZeroAndOne) {  // AMNESIA:33: an endless loop elsewhere
  for (unsigned kind = 2; kind <= 255; ++kind)
    for (const unsigned length : {0u, 1u}) {
      lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.options = octets({kind, length, 1, 1})}) /
                icmp_echo(7, 1));
      lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.options = octets({1, 1, kind, length})}) /
                udp(1, 2));
    }
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(count_of(lan.received(), icmp_echo_reply()), 0u);
}

TEST_F(Hostile, RandomFrames) {
  Random random(12);
  lan.stop_recording();
  wan.stop_recording();
  for (int i = 0; i < 20'000; ++i) {
    Octets noise(random.below(120));
    for (auto& octet : noise) octet = static_cast<std::byte>(random.below(256));
    lan.sends(ethernet("02:00:00:00:00:66", lan.mac(),
                       i % 2 == 0 ? std::uint16_t{0x0800} : std::uint16_t{0x0806}) /
              noise);
  }
}

TEST_F(Hostile, RandomlyDamagedPackets) {
  Random random(13);
  const Frame good[] = {
      ipv4("10.0.1.9", "10.0.1.1", {.options = octets({7, 7, 4, 0, 0, 0, 0})}) / icmp_echo(7, 1),
      ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2) / bytes(40),
      ipv4("10.0.1.9", "10.0.1.1", {.more = true, .protocol = 17}) / bytes(40),
      ipv4("10.0.1.9", "10.0.1.1") / icmp_redirect("10.0.1.5") / ipv4("10.0.1.1", "10.9.9.9"),
      arp_request("10.0.1.9", "10.0.1.1")};
  std::size_t judged = 0;
  lan.on_frame([&](const Captured&) { ++judged; });
  wan.on_frame([&](const Captured&) { ++judged; });
  for (int i = 0; i < 20'000; ++i) {
    Octets bad = encode(ethernet("02:00:00:00:00:66", lan.mac()) / good[random.below(5)]);
    const auto at = 14 + random.below(static_cast<std::uint32_t>(bad.size() - 14));
    bad[at] = static_cast<std::byte>(random.below(256));
    if (bad.size() > 34) {  // half of them with a right header checksum
      const std::size_t header = (std::to_integer<std::size_t>(bad[14]) & 0x0f) * 4;
      if (i % 2 == 0 && header >= 20 && 14 + header <= bad.size() && bad[13] == std::byte{0}) {
        bad[24] = bad[25] = std::byte{0};
        const auto sum = internet_checksum(ConstBytes(bad).subspan(14, header));
        bad[24] = static_cast<std::byte>(sum >> 8);
        bad[25] = static_cast<std::byte>(sum & 0xff);
      }
    }
    lan.sends_bytes(bad);
  }
  EXPECT_GT(judged, 1000u);
  lan.on_frame({});
  wan.on_frame({});
  lab.run_for(5min);
  lan.forget();
}

TEST_F(Hostile, APoolThatRunsDry) {
  std::vector<Packet> hoard;
  while (Packet packet = router.stack().pool().allocate(100)) hoard.push_back(std::move(packet));
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
  hoard.resize(1);
  hoard.reserve(1);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2));
  EXPECT_GE(router.drops(0, DropReason::no_buffer), 1u);
}

}  // namespace
}  // namespace smolstack::test
