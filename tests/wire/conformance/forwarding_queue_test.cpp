// Packets in transit that wait for a neighbour's address, and many at once. RFC 1812 §3.3.2.

#include <set>
#include <string>

#include "wire/kit/transit.hpp"
#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::Not;

/// A flow between the neighbours of transit(), told apart by the identification.
std::vector<Frame> numbered(const Frame& packet, std::size_t count, std::size_t first = 0) {
  std::vector<Frame> packets(count, packet);
  for (std::size_t i = 0; i < count; ++i)
    std::get<Ipv4Layer>(packets[i].layers.front()).fields.id =
        static_cast<std::uint16_t>(first + i);
  return packets;
}

class ForwardingQueueOnTheWire : public RouterTest {};

TEST_F(ForwardingQueueOnTheWire, APacketWaitsForItsNeighbour) {  // RFC 1122 §2.3.2.2
  proves("FWD-TO-OTHER-NEIGHBOUR-QUEUE");
  const Frame packet = ipv4("10.0.1.9", "10.0.2.8") / udp(1, 2) / "patience";
  lan.sends(packet);
  EXPECT_THAT(wan.received(), Not(IsEmpty()));
  EXPECT_THAT(wan.received(), Each(arp_request("10.0.2.1", "10.0.2.8")));
  wan.forget();
  wan.has_neighbor("10.0.2.8", "02:00:00:00:08:08");
  wan.sends(arp_reply("10.0.2.8", "10.0.2.1", {.sender_mac = "02:00:00:00:08:08"}));
  EXPECT_THAT(wan.received(), IsOneHopOn(packet));
  EXPECT_THAT(wan.received(), OnePacket(ethernet(wan.mac(), "02:00:00:00:08:08", 0x800)));
}

TEST_F(ForwardingQueueOnTheWire, WaitingForSomeHoldsNobodyElseUp) {  // RFC 1812 §3.3.2
  proves("FWD-QUEUE-INDEPENDENT");
  for (std::uint32_t i = 0; i < 50; ++i)
    lan.sends(numbered(ipv4("10.0.1.9", Ipv4Address(0x0a000264 + i)) / udp(1, 2), 4));
  const auto packets = numbered(transit() / udp(1, 2) / "not me", 20);
  lan.sends(packets);
  std::vector<Captured> passed;
  for (const Captured& each : wan.received())
    if (each == transit()) passed.push_back(each);
  EXPECT_THAT(passed, AreOneHopOn(packets));
}

TEST_F(ForwardingQueueOnTheWire, PacketsOfAFlowKeepTheirOrder) {  // RFC 4737
  proves("FWD-ORDER");
  make_acquainted(lan, wan);
  const auto packets = numbered(transit() / udp(1, 2) / bytes(100), 1000);
  lan.sends(packets);
  EXPECT_THAT(wan.received(), AreOneHopOn(packets));
}

TEST_F(ForwardingQueueOnTheWire, AlsoWhenSomeOfThemHadToWait) {
  proves("FWD-ORDER");
  const Frame packet = ipv4("10.0.1.9", "10.0.2.8") / udp(1, 2) / "one after the other";
  const auto packets = numbered(packet, 30);
  const auto half = packets.begin() + 15;
  lan.sends(std::vector<Frame>(packets.begin(), half));
  EXPECT_EQ(count_of(wan.received(), packet), 0u);
  wan.forget();
  wan.has_neighbor("10.0.2.8");
  wan.sends(arp_reply("10.0.2.8", "10.0.2.1"));
  lan.sends(std::vector<Frame>(half, packets.end()));
  EXPECT_THAT(wan.received(), AreOneHopOn(packets));
}

/// Which of the numbered packets came, and whether one came twice.
std::size_t different(const std::vector<Captured>& frames) {
  std::set<std::uint16_t> seen;
  for (const Captured& each : frames) {
    const Frame frame = decode(each.bytes);
    if (const auto* ip = layer<Ipv4Layer>(frame)) seen.insert(*ip->fields.id);
  }
  return seen.size();
}

TEST_F(ForwardingQueueOnTheWire, ABurstInBothDirectionsPasses) {  // RFC 1812 §5.3.6; RFC 2544
  proves("FWD-BURST");
  make_acquainted(lan, wan);
  const auto out = numbered(transit() / udp(1, 2) / bytes(1000), 1000);
  const auto back = numbered(transit_back() / udp(1, 2) / bytes(1000), 1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    lan.sends(out[i]);
    wan.sends(back[i]);
  }
  EXPECT_GT(wan.received().size(), 950u);
  EXPECT_GT(lan.received().size(), 950u);
  EXPECT_EQ(different(wan.received()), wan.received().size()) << "one came twice";
  EXPECT_EQ(different(lan.received()), lan.received().size()) << "one came twice";
}

}  // namespace
}  // namespace smolstack::test
