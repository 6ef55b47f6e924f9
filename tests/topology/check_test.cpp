#include "smolstack/topology/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string findings_of(const std::string& yaml) {
  return format_findings(check_addresses(lab_of(yaml)), false);
}

/// Two networks in lines 2 and 3; machines from line 5 on.
std::string with_machines(const std::string& machines) {
  return "networks:\n  one: { subnet: 10.1.1.0/24 }\n  two: { subnet: 10.1.2.0/24 }\nnodes:\n" +
         machines;
}

/// A client, a server and a router between them, and one command on the client in line 9.
std::string with_command(const std::string& command, const std::string& more = "") {
  return with_machines("  client: { networks: { one: 10.1.1.2 } }\n") +
         "  server: { networks: { two: 10.1.2.2 } }\n"
         "  router: { kind: router, networks: { two: 10.1.2.3, one: 10.1.1.3 } }\n" +
         (more.empty() ? "  spare: { networks: { one: 10.1.1.4 } }\n" : more) +
         "stages: { s: { exec: { client: [\"" + command + "\"] } } }\n";
}

TEST(CheckAddresses, ARightLabHasNoFindings) {
  EXPECT_THAT(findings_of(with_command("ip route add 10.1.2.0/24 via 10.1.1.3")), IsEmpty());
}

TEST(CheckAddresses, AddressesThatCannotBe) {
  const struct {
    std::string machines;
    const char* finding;
  } rows[] = {
      {"  a: { networks: { one: 10.1.1.2 } }\n  b: { networks: { one: 10.1.1.2 } }\n",
       "l.yaml:6: error: 10.1.1.2 of b is the address of a, too (l.yaml:5); give each machine its "
       "own\n"},
      {"  a: { networks: { one: 10.1.3.2 } }\n",
       "l.yaml:5: error: 10.1.3.2 of a lies outside 10.1.1.0/24 of one; give it an address from "
       "10.1.1.1 to 10.1.1.254\n"},
      {"  a: { networks: { one: 10.1.1.0 } }\n",
       "l.yaml:5: error: 10.1.1.0 of a is the address of the network 10.1.1.0/24 of one itself; "
       "give it an address from 10.1.1.1 to 10.1.1.254\n"},
      {"  a: { networks: { two: 10.1.2.255 } }\n",
       "l.yaml:5: error: 10.1.2.255 of a is the broadcast address of 10.1.2.0/24 of two; give it "
       "an address from 10.1.2.1 to 10.1.2.254\n"},
      {"  a: { networks: { one: { address: 10.1.1.2, mac: 02:00:00:00:00:01 } } }\n"
       "  b: { networks: { one: { address: 10.1.1.3, mac: 02:00:00:00:00:01 } } }\n",
       "l.yaml:6: error: 02:00:00:00:00:01 of b is the MAC of a, too (l.yaml:5); give each "
       "interface on one its own, or none\n"},
      {"  a: { kind: router, sysctls: [net.ipv4.ip_forward=0] }\n",
       "l.yaml:5: warning: router a does not forward; set net.ipv4.ip_forward=1, or drop the "
       "line\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(findings_of(with_machines(row.machines)), row.finding);
}

TEST(CheckAddresses, SubnetsThatOverlap) {
  EXPECT_EQ(findings_of("networks:\n  a: { subnet: 10.1.1.0/24 }\n  b: { subnet: 10.1.0.0/16 }\n"
                        "  c: { subnet: 10.2.0.0/16 }\nnodes: { m: }\n"),
            "l.yaml:3: error: 10.1.0.0/16 of b overlaps 10.1.1.0/24 of a (l.yaml:2); give each "
            "network a range of its own\n");
}

TEST(CheckAddresses, TheHostsAddressIsSomebodys) {
  EXPECT_THAT(findings_of("networks:\n  a: { subnet: 10.1.1.0/24, host: 10.1.1.1 }\n"
                          "nodes:\n  m: { networks: { a: 10.1.1.1 } }\n"),
              HasSubstr("l.yaml:4: error: 10.1.1.1 of m is the address of the lab itself, too"));
}

TEST(CheckAddresses, TwoWiresMayHaveTheSameAddress) {
  EXPECT_THAT(findings_of("networks: { a: , b: }\nnodes:\n  m: { networks: { a: 10.1.1.1/24 } }\n"
                          "  n: { networks: { b: 10.1.1.1/24 } }\n"),
              HasSubstr("l.yaml:4: warning: 10.1.1.1 of n is the address of m, too"));
}

TEST(CheckAddresses, APairOfAddressesNeedsNoBroadcast) {
  EXPECT_THAT(
      findings_of("networks: { a: { subnet: 10.1.1.0/31 } }\nnodes:\n"
                  "  m: { networks: { a: 10.1.1.0 } }\n  n: { networks: { a: 10.1.1.1 } }\n"),
      IsEmpty());
}

TEST(CheckRoutes, GatewaysThatCannotBe) {
  const struct {
    const char* command;
    const char* finding;
  } rows[] = {
      {"ip route add 10.1.2.0/24 via 10.1.2.3",
       "gateway 10.1.2.3 is on no network of client; write via 10.1.1.3"},
      {"ip route add 10.1.2.0/24 via 10.9.9.9",
       "gateway 10.9.9.9 is on no network of client; take a neighbour's address: 10.1.1.3 is "
       "router"},
      {"ip route add 10.1.2.0/24 via 10.1.1.9",
       "nobody on a network of client has the gateway 10.1.1.9; take a neighbour's address: "
       "10.1.1.3 is router"},
      {"ip r a default via 10.1.1.2",
       "gateway 10.1.1.2 is client itself; take a neighbour's address: 10.1.1.3 is router"},
      {"ip route add default via 10.1.1.4",
       "gateway 10.1.1.4 is spare, which does not forward; give it `kind: router`, or take a "
       "neighbour's address: 10.1.1.3 is router"},
      {"ip route replace default via router",
       "gateway router is not an IPv4 address; take a neighbour's address: 10.1.1.3 is router"},
      {"ip route add 10.1.2.5/24 via 10.1.1.3", "10.1.2.5/24 has host bits set; write 10.1.2.0/24"},
      {"ip route add 10.1.2.0/42 via 10.1.1.3",
       "10.1.2.0/42 is not an IPv4 prefix; write one as in 10.1.2.0/24"},
      {"ip route add 10.1.2.0/24 dev eth1", "client has no interface eth1; it has eth0"},
      {"ip addr add 10.1.1.8/24 dev eth4", "client has no interface eth4; it has eth0"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(findings_of(with_command(row.command)),
              "l.yaml:9: error: " + std::string(row.finding) + '\n');
}

TEST(CheckRoutes, LinesThatAreRight) {
  for (const char* const command :
       {"ip route add 10.1.2/24 via 10.1.1.3", "ip route add default via 10.1.1.3 dev eth0",
        "ip route add 10.1.2.0/24 via inet 10.1.1.3 metric 5", "ip route add 10.1.2.2 dev eth0",
        "ip route add blackhole 10.9.0.0/16", "ip -6 route add fe80::/64 via fe80::1",
        "ip -n other route add default via 10.7.7.7", "ip route del 10.1.2.5/24 via 10.9.9.9",
        "ip route show via 10.9.9.9", "ip route", "ip addr add 127.0.0.2/8 dev lo",
        "ip addr add 10.7.7.2/24 dev eth0 && ip route add default via 10.1.1.3"})
    EXPECT_THAT(findings_of(with_command(command)), IsEmpty()) << command;
}

TEST(CheckRoutes, AddressesThatAreAddedCount) {
  const std::string machines =
      "  a: { networks: { wire: null } }\n  b: { kind: router, networks: { wire: null } }\n";
  const std::string lab =
      "networks: { wire: }\nnodes:\n" + machines +
      "stages: { s: { exec: { a: [ip addr add 10.1.1.2/24 dev eth0, ip route add default via "
      "10.1.1.3], b: [ip addr add 10.1.1.3/24 dev eth0] } } }\n";
  EXPECT_THAT(findings_of(lab), IsEmpty());
}

TEST(CheckRoutes, AddressesThatAreTakenAwayDoNot) {
  EXPECT_THAT(findings_of(with_command("ip addr del 10.1.1.2/24 dev eth0; ip route add default via "
                                       "10.1.1.3")),
              HasSubstr("gateway 10.1.1.3 is on no network of client"));
  EXPECT_THAT(
      findings_of(with_command("ip addr flush dev eth0; ip route add default via 10.1.1.3")),
      HasSubstr("gateway 10.1.1.3 is on no network of client"));
}

TEST(CheckRoutes, AHostThatIsMadeToForwardIsAGateway) {
  EXPECT_THAT(findings_of(with_command("ip route add default via 10.1.1.4",
                                       "  spare: { networks: { one: 10.1.1.4 }, sysctls: "
                                       "[net.ipv4.ip_forward=1] }\n")),
              IsEmpty());
}

TEST(CheckRoutes, ARouterThatStopsForwarding) {
  const std::string lab = with_machines("  r: { kind: router, networks: { one: 10.1.1.3 } }\n") +
                          "stages: { s: { exec: { r: [\"sysctl -w net.ipv4.ip_forward=0\"] } } }\n";
  EXPECT_THAT(findings_of(lab), HasSubstr("l.yaml:6: warning: router r stops forwarding"));
}

TEST(CheckRoutes, AScriptIsFoundOnceHoweverManyStages) {
  const Folder folder;
  folder.write("start-up.sh", "\nip route add default via 10.1.1.2\n");
  const Lab lab = lab_of(
      "networks: { n: { subnet: 10.1.1.0/24 } }\nnodes: { a: { networks: { n: 10.1.1.2 } } }\n"
      "stages: { s: , t: }\n",
      folder.path() / "lab.yaml");
  const auto findings = check_addresses(lab);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].place.file, folder.path() / "start-up.sh");
  EXPECT_EQ(findings[0].place.line, 2);
}

TEST(FormatFindings, OneALine) {
  const std::vector<Finding> findings{
      {Severity::error, {"a.yaml", 7}, "it is \"wrong\"", "mend it"},
      {Severity::note, {"b.yaml", 0}, "it is odd", ""},
  };
  EXPECT_EQ(format_findings(findings, false),
            "a.yaml:7: error: it is \"wrong\"; mend it\nb.yaml: note: it is odd\n");
  EXPECT_EQ(format_findings(findings, true),
            "{\"severity\":\"error\",\"file\":\"a.yaml\",\"line\":7,"
            "\"what\":\"it is \\\"wrong\\\"\",\"mend\":\"mend it\"}\n"
            "{\"severity\":\"note\",\"file\":\"b.yaml\",\"line\":0,\"what\":\"it is odd\","
            "\"mend\":\"\"}\n");
}

}  // namespace
}  // namespace smolstack::topology
