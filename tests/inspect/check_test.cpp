#include "smolstack/inspect/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/labs.hpp"

namespace smolstack::inspect {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using topology::Finding;
using topology::Severity;

/// client -- router -- server with what the machines run.
topology::Lab smol(const std::string& client, const std::string& server,
                   const std::string& router = "") {
  return test::read(R"(
name: smol
networks:
  ten-one-net: { subnet: 10.1.1.0/24 }
  ten-two-net: { subnet: 10.1.2.0/24 }
nodes:
  client: { networks: { ten-one-net: 10.1.1.2 } }
  server: { networks: { ten-two-net: 10.1.2.2 } }
  router: { kind: router, networks: { ten-two-net: 10.1.2.3, ten-one-net: 10.1.1.3 } }
stages:
  only:
    exec:
      client: [)" + client +
                    R"(]
      server: [)" + server +
                    R"(]
      router: [)" + router +
                    R"(]
)");
}

std::vector<Finding> findings_of(const topology::Lab& lab) {
  return check_reachability(lab, "only");
}

std::vector<Finding> errors_of(const topology::Lab& lab) {
  auto findings = findings_of(lab);
  std::erase_if(findings, [](const auto& each) { return each.severity != Severity::error; });
  return findings;
}

const std::string client_route = "ip route add 10.1.2.0/24 via 10.1.1.3";
const std::string server_route = "ip route add 10.1.1.0/24 via 10.1.2.3";

TEST(Check, SaysNothingOfALabThatWorks) {
  EXPECT_THAT(findings_of(smol(client_route, server_route)), IsEmpty());
}

TEST(Check, RoutesToBeAddedByHandAreNoError) {
  const auto findings = findings_of(smol("", ""));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_THAT(findings[0].what, HasSubstr("client has no route to 10.1.2.2 (server), nor is there "
                                          "one for 3 other pairs"));
}

TEST(Check, FindsAOneWayRoute) {
  const auto errors = errors_of(smol("", server_route));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].what,
            "server cannot reach 10.1.1.2 (client): The request arrived at client; client has no "
            "route to 10.1.2.2 for the reply");
  EXPECT_EQ(errors[0].mend, "on client: ip route add 10.1.2.0/24 via 10.1.1.3");
  EXPECT_EQ(errors[0].place.line, 7);
}

TEST(Check, FindsARouterThatDoesNotForward) {
  const auto errors =
      errors_of(smol(client_route, server_route, "sysctl -w net.ipv4.ip_forward=0"));
  ASSERT_EQ(errors.size(), 2u);  // towards each network
  for (const Finding& each : errors) {
    EXPECT_THAT(each.what, HasSubstr("router gets it for another host and does not forward"));
    EXPECT_EQ(each.mend, "on router: sysctl -w net.ipv4.ip_forward=1");
  }
}

TEST(Check, FindsAWrongGateway) {
  const auto errors = errors_of(smol("ip route add 10.1.2.0/24 via 10.1.1.33", server_route));
  ASSERT_FALSE(errors.empty());
  EXPECT_THAT(errors[0].what, HasSubstr("nobody has that address"));
  EXPECT_EQ(errors[0].mend, "on client: ip route replace 10.1.2.0/24 via 10.1.1.3");
  EXPECT_EQ(errors[0].place.line, 13);
}

TEST(Check, ABlackholeIsSomebodysWish) {
  EXPECT_THAT(errors_of(smol(client_route, server_route, "ip route add blackhole 10.1.2.2")),
              IsEmpty());
}

TEST(Check, FindsALoopOnce) {
  const auto lab = test::read(R"(
name: loop
networks:
  west: { subnet: 10.1.0.0/24 }
  east: { subnet: 10.2.0.0/24 }
  wire: { subnet: 10.0.12.0/24 }
nodes:
  a: { networks: { west: 10.1.0.2 } }
  c: { networks: { west: 10.1.0.3 } }
  b: { networks: { east: 10.2.0.2 } }
  r1: { kind: router, networks: { west: 10.1.0.1, wire: 10.0.12.1 } }
  r2: { kind: router, networks: { east: 10.2.0.1, wire: 10.0.12.2 } }
stages:
  only:
    exec:
      a: [ip route add default via 10.1.0.1]
      c: [ip route add default via 10.1.0.1]
      b: [ip route add default via 10.2.0.1]
      r1: [ip route add 10.2.0.0/24 via 10.0.12.2]
      r2: [ip route add 10.1.0.0/24 via 10.0.12.1, ip route add 10.2.0.2/32 via 10.0.12.1]
)");
  const auto errors = errors_of(lab);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0].what, HasSubstr("goes round and round between r1 and r2"));
  EXPECT_EQ(errors[0].place.line, 20);
}

TEST(Check, ARefusedCommandIsAnError) {
  const auto errors = errors_of(smol(client_route + ", " + client_route, server_route));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].what,
            "client refuses `" + client_route + "`: RTNETLINK answers: File exists");
  EXPECT_EQ(errors[0].place.line, 13);
}

TEST(Check, WhatOnlyRoutersMissIsOneNote) {
  const auto findings = check_reachability(test::read(R"(
name: row
networks:
  west: { subnet: 10.1.0.0/24 }
  middle: { subnet: 10.2.0.0/24 }
  east: { subnet: 10.3.0.0/24 }
nodes:
  r1: { kind: router, networks: { west: 10.1.0.1, middle: 10.2.0.1 } }
  r2: { kind: router, networks: { middle: 10.2.0.2, east: 10.3.0.2 } }
  r3: { kind: router, networks: { east: 10.3.0.3 } }
  a: { networks: { west: 10.1.0.2 } }
  b: { networks: { middle: 10.2.0.3 } }
stages:
  only:
    exec:
      a: [ip route add default via 10.1.0.1]
      b: [ip route add 10.1.0.0/24 via 10.2.0.1]
)"),
                                           "only");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].what, HasSubstr("not all routers can be reached from everywhere"));
  EXPECT_EQ(findings[1].severity, Severity::note);
}

/// Six routers in a row, each with a network of hosts: 46 machines in all.
std::string row_of_46() {
  std::string networks = "name: row\nnetworks:\n";
  std::string nodes = "nodes:\n";
  std::string exec = "stages:\n  only:\n    exec:\n";
  for (int r = 0; r < 6; ++r) {
    const std::string n = std::to_string(r);
    networks += "  lan" + n + ": { subnet: 10." + n + ".0.0/24 }\n";
    if (r < 5) networks += "  wire" + n + ": { subnet: 10.100." + n + ".0/24 }\n";
    nodes += "  r" + n + ": { kind: router, networks: { lan" + n + ": 10." + n + ".0.1";
    if (r > 0)
      nodes += ", wire" + std::to_string(r - 1) + ": 10.100." + std::to_string(r - 1) + ".2";
    if (r < 5) nodes += ", wire" + n + ": 10.100." + n + ".1";
    nodes += " } }\n";
    exec += "      r" + n + ":\n";
    for (int to = 0; to < 6; ++to) {
      if (to == r) continue;
      const std::string via =
          to > r ? "10.100." + n + ".2" : "10.100." + std::to_string(r - 1) + ".1";
      exec += "        - ip route add 10." + std::to_string(to) + ".0.0/24 via " + via + "\n";
    }
    for (int h = 0; h < (r < 4 ? 7 : 6); ++h) {
      const std::string name = "h" + n + "-" + std::to_string(h);
      nodes += "  " + name + ": { networks: { lan" + n + ": 10." + n + ".0." +
               std::to_string(h + 10) + " } }\n";
      exec += "      " + name + ": [ip route add default via 10." + n + ".0.1]\n";
    }
  }
  return networks + nodes + exec;
}

TEST(CheckOf46Machines, CostsLittleWork) {
  const auto lab = test::read(row_of_46());
  ASSERT_EQ(lab.machines.size(), 46u);
  CheckCost cost;
  const auto findings = check_reachability(lab, "only", {}, &cost);
  for (const Finding& each : findings) EXPECT_NE(each.severity, Severity::error) << to_string(each);
  EXPECT_EQ(cost.probes, cost.pairs);
  EXPECT_LT(cost.probes, 400u);
  EXPECT_LT(cost.frames, 20'000u);
}

TEST(CheckOf46Machines, OneThatDiffersIsSeenAmongThem) {
  std::string yaml = row_of_46();
  const std::string line = "h3-2: [ip route add default via 10.3.0.1]";
  yaml.replace(yaml.find(line), line.size(), "h3-2: [ip route add default via 10.3.0.77]");
  const auto findings = check_reachability(test::read(yaml), "only");
  EXPECT_THAT(findings, testing::Contains(testing::Field(
                            &Finding::what, HasSubstr("h3-2 sends it to the gateway 10.3.0.77"))));
}

TEST(CheckOf46Machines, TheWorkHasALimit) {
  CheckCost cost;
  const auto findings = check_reachability(test::read(row_of_46()), "only", {.probes = 20}, &cost);
  EXPECT_EQ(cost.probes, 20u);
  EXPECT_THAT(findings, testing::Contains(testing::Field(&Finding::what, HasSubstr("only 20 of"))));
}

}  // namespace
}  // namespace smolstack::inspect
