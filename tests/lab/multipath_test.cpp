// Routes with several ways: RFC 2992, and Linux's fib_multipath_hash_policy.

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

/// A router with two ways to 10.9.0.0/16, by its second and its third port.
class Multipath : public testing::Test {
 protected:
  Multipath() {
    lan.has_neighbor("10.0.1.9");
    left.has_neighbor("10.0.2.9");
    right.has_neighbor("10.0.3.9");
    Ipv4Route route{.prefix = parse_ipv4_prefix("10.9.0.0/16").value()};
    route.set_paths({{.gateway = address("10.0.2.9")}, {.gateway = address("10.0.3.9")}});
    EXPECT_TRUE(router.stack().tables().add_route(route, RouteInsert::add));
  }
  static Ipv4Address destination(unsigned i) {
    return Ipv4Address(10, 9, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
  }
  void sends(unsigned to, std::uint16_t from_port, const char* text = "x") {
    lan.sends(ipv4("10.0.1.9", destination(to)) / udp(from_port, 53) / text);
  }
  /// How many packets went left and right since the last time.
  std::pair<std::size_t, std::size_t> split() {
    const std::pair counts(left.received().size(), right.received().size());
    left.forget();
    right.forget();
    return counts;
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24", "10.0.3.1/24"});
  Port& lan = router.port(0);
  Port& left = router.port(1);
  Port& right = router.port(2);
};

TEST_F(Multipath, AFlowTakesOneWayAndStaysInOrder) {
  for (unsigned flow = 0; flow < 40; ++flow) {
    for (const char* const text : {"one", "two", "three"}) sends(flow, 1000, text);
    const bool is_left = !left.silent();
    const auto& taken = (is_left ? left : right).received();
    EXPECT_TRUE((is_left ? right : left).silent()) << flow;
    const auto expected = [&](const char* text) {
      return ipv4("10.0.1.9", destination(flow)) / udp(1000, 53) / text;
    };
    EXPECT_THAT(taken, testing::ElementsAre(expected("one"), expected("two"), expected("three")));
    (void)split();
  }
}

TEST_F(Multipath, FlowsAreSharedOut) {
  for (unsigned flow = 0; flow < 1000; ++flow) sends(flow, 1000);
  const auto [went_left, went_right] = split();
  EXPECT_EQ(went_left + went_right, 1000u);
  EXPECT_NEAR(static_cast<double>(went_left), 500, 80);
}

TEST_F(Multipath, PortsTellFlowsApartOnlyWhenTheyAreAskedFor) {
  for (std::uint16_t port = 1000; port < 1200; ++port) sends(1, port);
  auto [went_left, went_right] = split();
  EXPECT_EQ(std::min(went_left, went_right), 0u) << "addresses alone, as on Linux";
  router.stack().settings().multipath_hash = MultipathHash::ports;
  for (std::uint16_t port = 1000; port < 1200; ++port) sends(1, port);
  std::tie(went_left, went_right) = split();
  EXPECT_EQ(went_left + went_right, 200u);
  EXPECT_NEAR(static_cast<double>(went_left), 100, 40);
}

TEST_F(Multipath, FragmentsOfADatagramStayTogether) {
  router.stack().settings().multipath_hash = MultipathHash::ports;
  for (unsigned flow = 0; flow < 50; ++flow) {
    lan.sends(ipv4("10.0.1.9", destination(flow), {.more = true, .protocol = 17}) / bytes(16));
    lan.sends(ipv4("10.0.1.9", destination(flow), {.offset = 16, .protocol = 17}) / bytes(8));
    const auto [went_left, went_right] = split();
    EXPECT_EQ(std::max(went_left, went_right), 2u) << flow;
  }
}

TEST_F(Multipath, AWayWhoseLinkIsDownIsNotTakenAndComesBack) {
  for (unsigned flow = 0; flow < 50; ++flow) sends(flow, 1000);
  const auto before = split();
  left.goes_down();
  for (unsigned flow = 0; flow < 50; ++flow) sends(flow, 1000);
  EXPECT_EQ(split(), std::pair(std::size_t{0}, std::size_t{50}));
  left.comes_up();
  left.forget();
  for (unsigned flow = 0; flow < 50; ++flow) sends(flow, 1000);
  EXPECT_EQ(split(), before);
}

TEST_F(Multipath, OurOwnDatagramsAreSharedOutToo) {
  for (unsigned flow = 0; flow < 100; ++flow) {
    EXPECT_TRUE(router.pings(destination(flow)));
    EXPECT_TRUE(router.pings(destination(flow), 2));
  }
  const auto [went_left, went_right] = split();
  EXPECT_EQ(went_left + went_right, 200u);
  EXPECT_EQ(went_left % 2, 0u) << "both of a flow";
  EXPECT_NEAR(static_cast<double>(went_left), 100, 50);
}

TEST_F(Multipath, WhoIsBoundToAnInterfaceTakesItsWay) {
  for (unsigned flow = 0; flow < 20; ++flow)
    EXPECT_TRUE(router.pings(destination(flow), 1, {}, bound_to(right)));
  EXPECT_EQ(split(), std::pair(std::size_t{0}, std::size_t{20}));
  EXPECT_TRUE(router.pings(destination(1), 1, {}, bound_to(left)));
  left.forget();
}

TEST_F(Multipath, EveryWayCountsForReversePathFiltering) {  // RFC 3704 §2.2
  for (Port* const port : {&lan, &left, &right}) port->interface().rp_filter = ReversePath::strict;
  left.sends(ipv4("10.9.0.1", "10.0.1.9") / udp(1, 2) / "x");
  right.sends(ipv4("10.9.0.1", "10.0.1.9") / udp(1, 2) / "x");
  EXPECT_EQ(count_of(lan.received(), ipv4("10.9.0.1", "10.0.1.9")), 2u);
  lan.sends(ethernet("02:00:00:00:00:66", lan.mac()) / ipv4("10.9.0.1", "10.0.2.9") / udp(1, 2));
  EXPECT_EQ(router.drops(0, DropReason::rp_filter), 1u);
}

TEST_F(Multipath, AFlowIsToldWhereItGoes) {
  std::set<IfIndex> taken;
  for (unsigned flow = 0; flow < 20; ++flow) {
    const Flow asked{.source = address("10.0.1.9"), .destination = destination(flow)};
    const IfIndex out = router.stack().route_of(asked)->interface;
    taken.insert(out);
    sends(flow, 1000);
    const auto [went_left, went_right] = split();
    EXPECT_EQ(out, went_left == 1 ? left.index() : right.index());
  }
  EXPECT_EQ(taken.size(), 2u);
}

}  // namespace
}  // namespace smolstack::test
