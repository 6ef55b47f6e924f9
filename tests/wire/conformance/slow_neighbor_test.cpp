// Neighbours over time: RFC 1122 §2.3.2.1, §3.3.1.4. These tests wait for real timers.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

const char* const neighbor = "10.0.1.77";
const Mac neighbor_mac = "02:00:00:00:00:77";

class SlowNeighborOnTheWire : public HostTest {
 protected:
  SlowNeighborOnTheWire() {
    lan.sends(arp_request(neighbor, "10.0.1.1", {.sender_mac = neighbor_mac}));
  }

  void ping() {
    lan.sends(ethernet(neighbor_mac, lan.mac()) / ipv4(neighbor, "10.0.1.1") / icmp_echo(7, 1));
  }
  /// The neighbour pings twice a second until it has been asked for so many times.
  bool is_asked_for(std::size_t times, Duration within) {
    return bench().repeat(500ms, within, [&] {
      ping();
      return count_of(lan.received(), arp_request(neighbor)) >= times;
    });
  }
  std::size_t answers() {
    return count_of(lan.received(),
                    ethernet(lan.mac(), neighbor_mac) / ipv4({}) / icmp_echo_reply());
  }
};

TEST_F(SlowNeighborOnTheWire, ANeighbourInUseIsCheckedAndADeadOneGivenUp) {
  proves("ARP-AGING", "ARP-DEAD-NEIGHBOUR");
  // It is asked anew although it can be heard all the time: hearing it does not prove that it
  // hears us.
  ASSERT_TRUE(is_asked_for(1, 100s));
  EXPECT_GT(answers(), 0u);
  // It never answers: in the end nothing goes to its MAC any more.
  ASSERT_TRUE(is_asked_for(4, 30s));
  lan.forget();
  ASSERT_TRUE(is_asked_for(1, 10s));
  lan.forget();
  ping();
  EXPECT_EQ(answers(), 0u);
}

// That a neighbour answered us once holds for a while only: a minute at most, here as on Linux.
TEST_F(SlowNeighborOnTheWire, AConfirmedNeighbourIsCheckedAndADeadOneGivenUpAndFoundAgain) {
  proves("ARP-AGING", "ARP-DEAD-NEIGHBOUR");
  const auto answered = [&] {
    return count_of(lan.received(), ipv4("10.0.1.1", "10.0.1.9") / icmp_echo_reply());
  };
  const auto ping_of_9 = [&] { lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1)); };
  ping_of_9();
  ASSERT_EQ(answered(), 1u) << "it was asked for, and has answered";
  lan.loses_neighbor("10.0.1.9");
  lan.forget();
  const auto is_asked = [&] {
    ping_of_9();
    return count_of(lan.received(), arp_request("10.0.1.9")) > 0;
  };
  ASSERT_TRUE(bench().repeat(500ms, 75s, is_asked));
  EXPECT_GT(answered(), 5u) << "meanwhile it was taken to be there";

  const auto is_given_up = [&] {
    lan.forget();
    ping_of_9();
    return answered() == 0;
  };
  ASSERT_TRUE(bench().repeat(500ms, 12s, is_given_up));
  const Mac elsewhere = "02:00:00:00:00:09";
  lan.has_neighbor("10.0.1.9", elsewhere);
  EXPECT_TRUE(bench().repeat(500ms, 5s, [&] {
    ping_of_9();
    return count_of(lan.received(), ethernet(lan.mac(), elsewhere) / ipv4({}) / icmp_echo_reply()) >
           0;
  }));
}

}  // namespace
}  // namespace smolstack::test
