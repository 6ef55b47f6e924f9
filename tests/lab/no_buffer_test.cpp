// When the pool runs dry in the middle of something: what cannot be made is left out and counted,
// what is there goes on, and nothing is lost for good.

#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

class NoBuffer : public testing::Test {
 protected:
  NoBuffer() {
    for (const char* each : {"10.0.1.9", "10.0.1.2"}) lan.has_neighbor(each);
    wan.has_neighbor("10.0.2.7");
    router.route("10.3.0.0/16", "10.0.1.2");
    for (const char* each : {"10.0.1.9", "10.0.1.2", "10.0.2.7"}) EXPECT_TRUE(router.pings(each));
    (void)router.heard();
    lan.forget();
    wan.forget();
    while (Packet packet = stack.pool().allocate(100)) hoard.push_back(std::move(packet));
    while (Packet packet = stack.pool().allocate(60'000)) hoard_large.push_back(std::move(packet));
  }
  ~NoBuffer() override {
    hoard.clear();
    hoard_large.clear();
    lab.run_for(5min);
    EXPECT_EQ(stack.pool().small_in_use().level(), 0u);
    EXPECT_EQ(stack.pool().large_in_use().level(), 0u);
  }
  void leave(std::size_t free) { hoard.resize(hoard.size() - free); }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
  Stack& stack = router.stack();
  std::vector<Packet> hoard;
  std::vector<Packet> hoard_large;
};

TEST_F(NoBuffer, AnErrorIsLeftOut) {
  leave(1);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / udp(1, 2));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::no_buffer), 1u);
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
  EXPECT_EQ(stack.counters().icmp_errors_sent, 0u);
}

TEST_F(NoBuffer, ARedirectIsLeftOutAndThePacketGoesOn) {
  leave(1);
  lan.sends(ipv4("10.0.1.9", "10.3.0.1") / udp(1, 2));
  EXPECT_THAT(lan.received(), OnePacket(ipv4("10.0.1.9", "10.3.0.1")));
  EXPECT_EQ(stack.counters().redirects_sent, 0u);
}

TEST_F(NoBuffer, AResetIsLeftOut) {
  leave(1);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / tcp(1, 2, {.flags = tcp_flag::syn}));
  EXPECT_TRUE(lan.silent());
  EXPECT_EQ(router.drops(0, DropReason::no_socket), 1u);
}

TEST_F(NoBuffer, AnEchoNeedsNoBufferOfItsOwn) {
  leave(1);
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1)));
}

TEST_F(NoBuffer, ThereIsNoPayloadForADatagramOfOurOwn) {
  EXPECT_FALSE(stack.make_payload(8));
  EXPECT_FALSE(stack.make_payload(60'000));
  leave(1);
  EXPECT_TRUE(stack.make_payload(8));
}

TEST_F(NoBuffer, AllFragmentsLeaveOrNone) {
  wan.set_mtu(576);
  leave(3);  // one for the packet itself, and three pieces to make
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2) / bytes(1400));
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(router.drops(0, DropReason::no_buffer), 1u);
  EXPECT_EQ(stack.counters().fragments_created, 0u);
  leave(1);
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2) / bytes(1400));
  EXPECT_EQ(wan.received().size(), 3u);
}

TEST_F(NoBuffer, AnArpRequestIsLeftOutAndMadeASecondLater) {  // RFC 1122 §2.3.2.1
  leave(1);
  wan.has_neighbor("10.0.2.8");
  lan.sends(ipv4("10.0.1.9", "10.0.2.8") / udp(1, 2));
  EXPECT_TRUE(wan.silent());
  EXPECT_EQ(router.drops(1, DropReason::no_buffer), 1u) << "where it would have left";
  leave(1);
  lab.run_for(1s);
  EXPECT_THAT(wan.received(), OnePacket(ipv4("10.0.1.9", "10.0.2.8")));
}

TEST_F(NoBuffer, AFragmentIsDroppedWhereItCameIn) {
  const auto pieces =
      fragments_of(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1) / bytes(3000), 1500);
  leave(1);
  lan.sends(pieces[0]);
  EXPECT_EQ(router.drops(0, DropReason::no_buffer), 1u) << "none to join it in";
  leave(1);
  lan.sends(pieces[0]);
  EXPECT_EQ(router.drops(0, DropReason::no_buffer), 1u);
  leave(1);
  lan.sends(pieces[1]);
  EXPECT_EQ(router.drops(0, DropReason::no_buffer), 2u) << "none that is large enough";
  hoard_large.clear();
  for (const Frame& piece : pieces) lan.sends(piece);
  EXPECT_EQ(stack.counters().echo_replies_sent, 1u);
}

}  // namespace
}  // namespace smolstack::test
