// Fragments that never become a whole packet: RFC 1122 §3.3.2, RFC 792.

#include "wire/kit/wire_test.hpp"

namespace smolstack::test {
namespace {

std::vector<Frame> pieces_of(std::uint16_t id) {
  return fragments_of(ipv4("10.0.1.9", "10.0.1.1", {.id = id}) / icmp_echo(7, id) / bytes(1200),
                      532);
}
Frame timeout_of(std::uint16_t id) {
  return ipv4("10.0.1.1", "10.0.1.9") / icmp_reassembly_exceeded() /
         ipv4("10.0.1.9", "10.0.1.1", {.id = id, .more = true, .offset = 0});
}

/// They are given up after two seconds here.
class ReassemblyTimeoutOnTheWire : public HostTest {
 protected:
  ReassemblyTimeoutOnTheWire() { machine().run("sysctl net.ipv4.ipfrag_time=2"); }
};

TEST_F(ReassemblyTimeoutOnTheWire, IsReportedToTheSourceWhenTheFirstFragmentWasThere) {
  proves("FRAG-TIMEOUT-ICMP");
  const auto pieces = pieces_of(77);
  lan.sends({pieces[0], pieces[2]});
  EXPECT_TRUE(lan.silent());
  ASSERT_TRUE(lan.hears(timeout_of(77), 6s));
  EXPECT_THAT(lan.received(), OnePacket(timeout_of(77) / decode_ipv4(encode(pieces[0])).layers[1]));
}

TEST_F(ReassemblyTimeoutOnTheWire, IsNotReportedWhenTheFirstFragmentNeverCame) {  // RFC 1122 §3.2.2
  proves("FRAG-TIMEOUT-NO-FIRST");
  const auto without = pieces_of(1);
  lan.sends({without[1], without[2]});
  lan.sends(pieces_of(2)[0]);  // they go after those that came before
  ASSERT_TRUE(lan.hears(timeout_of(2), 6s));
  EXPECT_THAT(lan.received(), OnePacket(timeout_of(2)));
}

TEST_F(ReassemblyTimeoutOnTheWire, DiscardsWhatWasCollected) {
  proves("FRAG-TIMEOUT-DISCARDS");
  const auto pieces = pieces_of(77);
  lan.sends({pieces[0], pieces[1]});
  ASSERT_TRUE(lan.hears(timeout_of(77), 6s));
  lan.forget();
  lan.sends(pieces[2]);
  EXPECT_TRUE(lan.silent()) << "it completes nothing";
  lan.sends({pieces[0], pieces[1]});
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 77) / bytes(1200)));
}

class SlowReassemblyOnTheWire : public HostTest {};

TEST_F(SlowReassemblyOnTheWire, IsGivenUpAfterOneOrTwoMinutes) {
  proves("FRAG-TIMEOUT-VALUE", "FRAG-TIMEOUT-ICMP");
  differs_on_linux("it waits for 30 seconds (net.ipv4.ipfrag_time)");
  lan.sends(pieces_of(77)[0]);
  EXPECT_FALSE(lan.hears(timeout_of(77), 59s));
  EXPECT_TRUE(lan.hears(timeout_of(77), 25s));
}

}  // namespace
}  // namespace smolstack::test
