// IPv4 options on a host and through a router: RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 1812 §5.3.13.

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

class Options : public testing::Test {
 protected:
  Options() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
    router.stack().set_time_of_day(lab.now(), 1s);
  }
  void pings_us(const Octets& options) {
    lan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.1.1", {.options = options}) / icmp_echo(7, 1) / "ping");
  }
  void goes_through(const Octets& options) {
    lan.forget();
    wan.forget();
    lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.options = options}) / icmp_echo(7, 1) / "ping");
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

const Octets harmless[] = {
    octets({1, 1, 1, 1}),                // no operation
    octets({0, 0, 0, 0}),                // end of list
    octets({1, 0, 7, 99}),               // after the end there are no options
    octets({0x5e, 6, 1, 2, 3, 4, 1, 1})  // unknown, of correct form
};

TEST_F(Options, ThatAskNothingAreAccepted) {  // RFC 1122 §3.2.1.8
  for (const Octets& options : harmless) {
    pings_us(options);
    EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
  }
  pings_us(octets({148, 4, 0, 0}));  // RFC 2113
  EXPECT_THAT(lan.received(), OnePacket(icmp_echo_reply(7, 1) / "ping"));
}

TEST_F(Options, ThatAskNothingPassUnchanged) {  // RFC 1812 §5.3.13.1
  for (const Octets& options : harmless) {
    goes_through(options);
    EXPECT_THAT(wan.received(), OnePacket(ipv4({.options = options}) / icmp_echo(7, 1) / "ping"));
  }
}

TEST_F(Options, RecordRouteOfAnEchoIsReturnedWithUsInIt) {  // RFC 1122 §3.2.2.6
  pings_us(octets({7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_THAT(lan.received(),
              OnePacket(ipv4({.options = octets({7, 11, 8, 10, 0, 1, 1, 0, 0, 0, 0, 0})}) /
                        icmp_echo_reply(7, 1) / "ping"));
}

TEST_F(Options, RecordRouteNamesTheOutgoingInterface) {  // RFC 1812 §5.3.13.5
  goes_through(octets({7, 11, 8, 9, 9, 9, 9, 0, 0, 0, 0, 0}));
  EXPECT_THAT(wan.received(),
              OnePacket(ipv4({.options = octets({7, 11, 12, 9, 9, 9, 9, 10, 0, 2, 1, 0})})));
}

TEST_F(Options, RecordRouteNamesNobodyWhereThereIsNoAddress) {
  Stack& stack = router.stack();
  Interface& tunnel = stack.add_interface({.name = "tun0", .link = LinkType::point_to_point});
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix("10.9.0.0/16").value();
  route.interface = tunnel.index;
  EXPECT_TRUE(stack.tables().add_route(route, RouteInsert::add));
  lan.sends(ipv4("10.0.1.9", "10.9.0.1", {.options = octets({7, 7, 4, 9, 9, 9, 9, 0})}) /
            udp(1, 2));
  Batch batch;
  ASSERT_TRUE(stack.drain(tunnel.index, batch));
  EXPECT_EQ(layer<Ipv4Layer>(decode_ipv4(batch.packets()[0].bytes()))->fields.options,
            octets({7, 7, 8, 0, 0, 0, 0, 0}));
}

TEST_F(Options, AFullRecordRouteIsLeftAlone) {  // RFC 791 page 21
  const Octets full = octets({7, 7, 8, 1, 2, 3, 4, 0});
  goes_through(full);
  EXPECT_THAT(wan.received(), OnePacket(ipv4({.options = full})));
  EXPECT_TRUE(lan.silent());
  pings_us(full);
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.options = full}) / icmp_echo_reply()));
}

TEST_F(Options, ATimestampIsEntered) {  // RFC 1812 §5.3.13.6: 1000 ms are 0x3e8
  goes_through(octets({68, 8, 5, 0, 0, 0, 0, 0}));
  EXPECT_THAT(wan.received(), OnePacket(ipv4({.options = octets({68, 8, 9, 0, 0, 0, 3, 0xe8})})));
  pings_us(octets({68, 8, 5, 0, 0, 0, 0, 0}));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.options = octets({68, 8, 9, 0, 0, 0, 3, 0xe8})}) /
                                        icmp_echo_reply()));
}

TEST_F(Options, ATimestampWithAddressesNamesTheOutgoingInterface) {
  goes_through(octets({68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_THAT(wan.received(),
              OnePacket(ipv4({.options = octets({68, 12, 13, 1, 10, 0, 2, 1, 0, 0, 3, 0xe8})})));
}

TEST_F(Options, ATimestampForNamedHostsIsEnteredByThemOnly) {  // RFC 791 page 22
  goes_through(octets({68, 12, 5, 3, 10, 0, 1, 1, 0, 0, 0, 0}));
  EXPECT_THAT(wan.received(),
              OnePacket(ipv4({.options = octets({68, 12, 13, 3, 10, 0, 1, 1, 0, 0, 3, 0xe8})})));
  goes_through(octets({68, 12, 5, 3, 10, 7, 7, 7, 0, 0, 0, 0}));
  EXPECT_THAT(wan.received(),
              OnePacket(ipv4({.options = octets({68, 12, 5, 3, 10, 7, 7, 7, 0, 0, 0, 0})})));
}

TEST_F(Options, ATimestampWithoutRoomCountsItsOverflow) {  // RFC 791 page 22
  goes_through(octets({68, 8, 9, 0x20, 1, 2, 3, 4}));
  EXPECT_THAT(wan.received(), OnePacket(ipv4({.options = octets({68, 8, 9, 0x30, 1, 2, 3, 4})})));
}

TEST_F(Options, AnOverflowThatWrapsIsAnError) {  // RFC 791 page 23
  goes_through(octets({1, 68, 8, 9, 0xf0, 1, 2, 3, 4}));
  EXPECT_TRUE(wan.silent());
  EXPECT_THAT(lan.received(), OnePacket(icmp_parameter_problem(21)));
  EXPECT_EQ(router.drops(0, DropReason::option_malformed), 1u);
}

TEST_F(Options, SourceRoutesAreRefusedInSilence) {  // RFC 7126 §4.3
  for (const unsigned kind : {131u, 137u}) {
    pings_us(octets({kind, 7, 4, 10, 0, 2, 7, 0}));
    EXPECT_TRUE(lan.silent());
    goes_through(octets({kind, 7, 4, 10, 0, 2, 7, 0}));
    EXPECT_TRUE(wan.silent());
  }
  EXPECT_EQ(router.drops(0, DropReason::source_route), 4u);
}

const Octets malformed[] = {
    octets({7, 0, 4, 0}),     // AMNESIA:33: length 0
    octets({7, 1, 4, 0}),     // length 1
    octets({0x5e, 0, 0, 0}),  // also of an unknown option
    octets({7, 40, 4, 0}),    // past the header
    octets({1, 1, 1, 7}),     // no length at all
    octets({7, 7, 3, 0, 0, 0, 0, 0}),
    octets({68, 8, 4, 0, 0, 0, 0, 0}),
};

TEST_F(Options, MalformedAreReportedAndPointedAt) {  // RFC 1812 §4.3.3.5
  for (const Octets& options : malformed) {
    goes_through(options);
    EXPECT_TRUE(wan.silent());
    ASSERT_THAT(lan.received(), OnePacket(icmp(12, 0)));
    const auto pointer = *layer<IcmpLayer>(decode(lan.received()[0].bytes))->rest >> 24;
    EXPECT_GE(pointer, 20u);
    EXPECT_LT(pointer, 20u + options.size());
    pings_us(options);
    ASSERT_THAT(lan.received(), OnePacket(icmp(12, 0)));
    lab.run_for(1s);
  }
  EXPECT_EQ(router.drops(0, DropReason::option_malformed), 2 * std::size(malformed));
}

TEST_F(Options, MalformedInIcmpErrorsAreNotReported) {  // RFC 1122 §3.2.2
  lan.sends(ipv4("10.0.1.9", "10.0.2.7", {.options = octets({7, 0, 4, 0})}) /
            icmp_unreachable(net) / ipv4("10.0.2.7", "10.0.1.9") / udp(1, 2));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Options, AHostSaysNothingAboutPacketsOfOthers) {
  router.stack().settings().forwarding = false;
  goes_through(octets({7, 0, 4, 0}));
  EXPECT_TRUE(lan.silent());
}

TEST_F(Options, ThatAReplyMustNotCarryAreLeftOut) {  // RFC 1122 §3.2.2.6
  pings_us(octets({148, 4, 0, 0}));
  EXPECT_THAT(lan.received(), OnePacket(ipv4({.options = octets({1, 1, 1, 1})})));
}

}  // namespace
}  // namespace smolstack::test
