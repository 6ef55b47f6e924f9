// Somebody else with our address: RFC 5227 §2.4, RFC 826.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

const Mac impostor = "02:00:00:00:00:66";

Frame claim() {
  return arp_request("10.0.1.1", "10.0.1.78", {.sender_mac = impostor});
}
Frame defence(const Wire& wire) {
  return ethernet(wire.mac(), broadcast_mac) /
         gratuitous_arp("10.0.1.1", {.sender_mac = wire.mac()});
}

class ConflictOnTheWire : public EitherTest {};
EITHER_ROLE(ConflictOnTheWire);

class HostConflictOnTheWire : public HostTest {
 protected:
  /// The machine's own announcements are over (RFC 5227 §2.3: two, two seconds apart).
  void wait_for_the_last_announcement() {
    (void)bench().repeat(100ms, 4s, [&] { return count_of(lan.received(), defence(lan)) == 2; });
    lan.forget();
  }
};

TEST_P(ConflictOnTheWire, AnImpostorChangesNothingForUs) {
  proves("ARP-OWN-ADDRESS-SPOOF");
  lan.sends(claim());
  lan.sends(gratuitous_arp("10.0.1.1", {.sender_mac = impostor}));
  lan.sends(ethernet(impostor, lan.mac()) /
            arp_reply("10.0.1.1", "10.0.1.1", {.sender_mac = impostor}));
  EXPECT_EQ(count_of(lan.received(), ethernet(lan.mac(), impostor)), 0u);
  EXPECT_EQ(count_of(lan.received(), arp_request("10.0.1.1")), 0u);
  lan.forget();
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                                        ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply(7, 1)));
}

TEST_F(HostConflictOnTheWire, AClaimOfOurAddressIsMetWithOneAnnouncement) {
  proves("ARP-DEFEND");
  differs_on_linux("the kernel leaves address conflicts to programs such as systemd-networkd");
  lan.record_announcements();
  wait_for_the_last_announcement();
  lan.sends(claim());
  EXPECT_THAT(lan.received(), OnePacket(defence(lan)));
}

TEST_F(HostConflictOnTheWire, FurtherClaimsAreNotAnswered) {
  proves("ARP-DEFEND-RATE");
  lan.record_announcements();
  wait_for_the_last_announcement();
  for (int i = 0; i < 100; ++i) lan.sends(claim());
  EXPECT_LE(lan.received().size(), 1u);
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_EQ(count_of(lan.received(), arp_reply("10.0.1.1", "10.0.1.9")), 1u);
}

class SlowConflictOnTheWire : public HostConflictOnTheWire {};

TEST_F(SlowConflictOnTheWire, AClaimTenSecondsLaterIsMetAgain) {  // RFC 5227 §2.4(b)
  proves("ARP-DEFEND", "ARP-DEFEND-RATE");
  differs_on_linux("the kernel leaves address conflicts to programs such as systemd-networkd");
  lan.record_announcements();
  wait_for_the_last_announcement();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(bench().repeat(250ms, 15s, [&] {
    lan.sends(claim());
    return count_of(lan.received(), defence(lan)) == 2;
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 10s);
}

}  // namespace
}  // namespace smolstack::test
