// What must not cross a router, whatever its routes: RFC 1812 §5.3.4, §5.3.5, §5.3.7, RFC 3927.

#include <ostream>
#include <string>

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

/// A router with a way to everywhere.
class NeverForwardedOnTheWire : public RouterTest {
 protected:
  NeverForwardedOnTheWire() {
    wan.has_neighbor("10.0.2.8");
    machine().run("ip route add default via 10.0.2.8");
    make_acquainted(lan, wan);
  }
  /// In a frame to the router, and to others.
  Frame to_router(const Frame& packet) { return to(lan.mac(), packet); }
  Frame to(Mac mac, const Frame& packet) {
    return ethernet(default_mac(address("10.0.1.9")), mac) / packet;
  }
  /// Nothing but this one came out.
  void only_this_passes(const Frame& packet) {
    lan.sends(packet);
    EXPECT_THAT(wan.received(), IsOneHopOn(packet));
  }
  const Frame usual = transit() / udp(1, 2) / "as usual";
  const Frame far = ipv4("10.0.1.9", "192.0.2.1") / udp(1, 2) / "as usual";
};

struct Martian {
  const char* id;
  const char* source;
  const char* destination;
};

void PrintTo(const Martian& row, std::ostream* out) {
  *out << row.source << " > " << row.destination;
}

class MartiansOnTheWire : public NeverForwardedOnTheWire,
                          public testing::WithParamInterface<Martian> {};

TEST_P(MartiansOnTheWire, DoNotPass) {  // RFC 1812 §5.3.7, §4.2.2.11
  proves(GetParam().id);
  lan.sends(to_router(ipv4(GetParam().source, GetParam().destination) / udp(1, 2) / "x"));
  lan.sends(usual);
  lan.sends(far);
  EXPECT_THAT(wan.received(), AreOneHopOn(std::vector<Frame>{usual, far}));
}

INSTANTIATE_TEST_SUITE_P(Rows, MartiansOnTheWire,
                         testing::Values(Martian{"FWD-SRC-LOOPBACK", "127.0.0.1", "10.0.2.7"},
                                         Martian{"FWD-SRC-LOOPBACK", "127.9.9.9", "10.0.2.7"},
                                         Martian{"FWD-SRC-ZERO", "0.0.0.0", "10.0.2.7"},
                                         Martian{"FWD-SRC-MULTICAST", "224.0.0.1", "10.0.2.7"},
                                         Martian{"FWD-SRC-MULTICAST", "239.1.2.3", "10.0.2.7"},
                                         Martian{"FWD-SRC-BROADCAST", "255.255.255.255",
                                                 "10.0.2.7"},
                                         Martian{"FWD-SRC-OURS", "10.0.1.1", "10.0.2.7"},
                                         Martian{"FWD-SRC-OURS", "10.0.2.1", "10.0.2.7"},
                                         Martian{"FWD-DST-LOOPBACK", "10.0.1.9", "127.0.0.1"},
                                         Martian{"FWD-DST-LOOPBACK", "10.0.1.9", "127.9.9.9"},
                                         Martian{"FWD-DST-ZERO-NET", "10.0.1.9", "0.0.0.0"}));

class ZeroNetOnTheWire : public MartiansOnTheWire {};

TEST_P(ZeroNetOnTheWire, DoesNotPass) {  // RFC 1812 §5.3.7; RFC 1122 §3.2.1.3 (b)
  proves(GetParam().id);
  differs_on_linux("it takes 0.0.0.1 to 0.255.255.255 for addresses like any other");
  lan.sends(to_router(ipv4(GetParam().source, GetParam().destination) / udp(1, 2) / "x"));
  only_this_passes(usual);
}

INSTANTIATE_TEST_SUITE_P(Rows, ZeroNetOnTheWire,
                         testing::Values(Martian{"FWD-SRC-ZERO-NET", "0.1.2.3", "10.0.2.7"},
                                         Martian{"FWD-DST-ZERO-NET", "10.0.1.9", "0.1.2.3"}));

TEST_F(NeverForwardedOnTheWire, ABroadcastAddressAsSourceDoesNotPass) {  // RFC 1812 §4.2.2.11
  proves("FWD-SRC-DIRECTED");
  differs_on_linux("without its reverse-path filter it refuses no source but its own addresses");
  lan.sends(to_router(ipv4("10.0.1.255", "10.0.2.7") / udp(1, 2) / "x"));
  only_this_passes(usual);
}

class ClassEOnTheWire : public MartiansOnTheWire {};

TEST_P(ClassEOnTheWire, DoesNotPass) {  // RFC 1812 §5.3.7
  proves(GetParam().id);
  differs_on_linux("it takes class E for addresses like any other");
  lan.sends(to_router(ipv4(GetParam().source, GetParam().destination) / udp(1, 2) / "x"));
  only_this_passes(usual);
}

INSTANTIATE_TEST_SUITE_P(Rows, ClassEOnTheWire,
                         testing::Values(Martian{"FWD-SRC-CLASS-E", "240.0.0.1", "10.0.2.7"},
                                         Martian{"FWD-SRC-CLASS-E", "255.255.255.254", "10.0.2.7"},
                                         Martian{"FWD-DST-CLASS-E", "10.0.1.9", "240.0.0.1"},
                                         Martian{"FWD-DST-CLASS-E", "10.0.1.9",
                                                 "255.255.255.254"}));

class LinkLocalTransitOnTheWire : public MartiansOnTheWire {};

TEST_P(LinkLocalTransitOnTheWire, DoesNotPass) {  // RFC 3927 §2.7, §7
  proves(GetParam().id);
  differs_on_linux("it forwards link-local addresses unless a filter is set");
  lan.sends(to_router(ipv4(GetParam().source, GetParam().destination) / udp(1, 2) / "x"));
  only_this_passes(usual);
}

INSTANTIATE_TEST_SUITE_P(Rows, LinkLocalTransitOnTheWire,
                         testing::Values(Martian{"FWD-LINK-LOCAL-SRC", "169.254.1.1", "10.0.2.7"},
                                         Martian{"FWD-LINK-LOCAL-DST", "10.0.1.9", "169.254.1.1"}));

TEST_F(NeverForwardedOnTheWire, TheLimitedBroadcastDoesNotPass) {  // RFC 1812 §5.3.5.1, §4.2.3.1
  proves("FWD-LIMITED-BROADCAST");
  const Frame packet = ipv4("10.0.1.9", "255.255.255.255") / udp(1, 2) / "all";
  lan.sends(to(broadcast_mac, packet));
  lan.sends(to_router(packet));
  only_this_passes(usual);
}

TEST_F(NeverForwardedOnTheWire, ADirectedBroadcastDoesNotPass) {  // RFC 2644 §2; RFC 1812 §5.3.5.2
  proves("FWD-DIRECTED-BROADCAST");
  const Frame packet = ipv4("10.0.1.9", "10.0.2.255") / udp(1, 2) / "all of them";
  lan.sends(to_router(packet));
  lan.sends(to(broadcast_mac, packet));
  lan.sends(to_router(ipv4("10.0.1.9", "10.0.2.255") / icmp_echo(7, 1) / "smurf"));
  only_this_passes(usual);
}

TEST_F(NeverForwardedOnTheWire, NorDoesOneBackOntoTheNetworkItCameFrom) {
  proves("FWD-DIRECTED-BROADCAST");
  lan.sends(to_router(ipv4("10.0.1.9", "10.0.1.255") / udp(1, 2) / "all of you"));
  only_this_passes(usual);
  EXPECT_TRUE(lan.silent());
}

TEST_F(NeverForwardedOnTheWire, TheNetworkAddressIsNobodysBroadcast) {  // RFC 1812 §4.2.3.1
  proves("FWD-NETWORK-ADDRESS");
  differs_on_linux("the kernel asks by ARP for the network address, which is no host's");
  lan.sends(to_router(ipv4("10.0.1.9", "10.0.2.0") / udp(1, 2) / "all of old"));
  lan.sends(usual);
  EXPECT_EQ(count_of(wan.received(), ethernet({}, broadcast_mac) / ipv4({})), 0u);
  EXPECT_EQ(count_of(wan.received(), one_hop_on(usual)), 1u);
}

TEST_F(NeverForwardedOnTheWire, MulticastDoesNotPass) {  // RFC 1812 §5.2.3; RFC 5771 §4
  proves("FWD-MULTICAST");
  for (const char* group : {"224.0.0.1", "224.0.0.5", "224.0.0.251", "224.1.2.3", "239.1.2.3"}) {
    const Frame packet = ipv4("10.0.1.9", group, {.ttl = 32}) / udp(5353, 5353) / "to a group";
    lan.sends(packet);
    lan.sends(to_router(packet));
    lan.sends(to(broadcast_mac, packet));
  }
  only_this_passes(usual);
}

TEST_F(NeverForwardedOnTheWire, AUnicastPacketInALinkBroadcastDoesNotPass) {  // RFC 1812 §5.3.4
  proves("FWD-LINK-BROADCAST");
  for (const char* group : {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "01:00:5e:01:02:03"})
    lan.sends(to(group, transit() / udp(1, 2) / "x"));
  only_this_passes(usual);
  EXPECT_TRUE(lan.silent());
}

TEST_F(NeverForwardedOnTheWire, APacketInAFrameForSomebodyElseDoesNotPass) {  // RFC 1812 §5.2.1
  proves("FWD-OTHER-MAC");
  lan.sends(to("02:00:00:00:00:77", transit() / udp(1, 2) / "x"));
  lan.sends(to(wan.mac(), transit() / udp(1, 2) / "x"));
  only_this_passes(usual);
  EXPECT_TRUE(lan.silent());
}

}  // namespace
}  // namespace smolstack::test
