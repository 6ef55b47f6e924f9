#include "smolstack/topology/lab_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* smol_internet = R"(name: smol-internet
networks:
  ten-one-net: { subnet: 10.1.1.0/24 }
  ten-two-net: { subnet: 10.1.2.0/24, mtu: 1400, host: 10.1.2.1, impair: { delay: 5ms, loss: 1% } }
nodes:
  client: { networks: { ten-one-net: 10.1.1.2 }, extra_hosts: { server: 10.1.2.2 } }
  server:
    networks: { ten-two-net: { address: 10.1.2.2, mac: 02:00:00:00:00:07, mtu: 1300, up: no } }
    sysctls: [net.ipv4.ip_forward=0]
    hostname: srv
    command: [sleep, infinity]
  router:
    kind: router
    stack: kernel
    networks: { ten-two-net: 10.1.2.3, ten-one-net: 10.1.1.3 }
stages:
  init: {}
  final:
    exec:
      client: ["ip route add 10.1.2.0/24 via 10.1.1.3", ip route]
      server: ip route add 10.1.1.0/24 via 10.1.2.3
tests:
  - { name: across, from: client, ping: 10.1.2.2, expect: reply, ttl: 63, stage: final }
  - { from: server, ping: client, expect: unreachable }
)";

TEST(LabFile, TheSmolInternet) {
  const Lab lab = lab_of(smol_internet);
  EXPECT_EQ(lab.name, "smol-internet");
  EXPECT_THAT(lab.warnings, IsEmpty());
  ASSERT_THAT(lab.networks, SizeIs(2));
  EXPECT_EQ(to_string(*lab.networks[0].subnet), "10.1.1.0/24");
  EXPECT_EQ(lab.networks[1].mtu, 1400u);
  EXPECT_EQ(to_string(*lab.networks[1].host), "10.1.2.1/24");
  EXPECT_EQ(lab.networks[1].impair.delay, std::chrono::milliseconds(5));
  ASSERT_THAT(lab.machines, SizeIs(3));
}

TEST(LabFile, OffloadIsAsTheMachineSaysElseTheLab) {
  const Lab lab = lab_of("offload: no\nnodes: { a: {}, b: { offload: true } }\n");
  EXPECT_EQ(lab.find_machine("a")->offload, false);
  EXPECT_EQ(lab.find_machine("b")->offload, true);
  EXPECT_EQ(lab_of("nodes: { a: {} }\n").find_machine("a")->offload, std::nullopt);
}

TEST(LabFile, InterfacesAreInTheOrderWritten) {
  const Lab lab = lab_of(smol_internet);
  const Machine& router = *lab.find_machine("router");
  EXPECT_TRUE(router.is_router && router.forwards());
  EXPECT_EQ(router.stack, StackKind::kernel);
  ASSERT_THAT(router.interfaces, SizeIs(2));
  EXPECT_EQ(router.interfaces[0].name, "eth0");
  EXPECT_EQ(to_string(*router.interfaces[0].address), "10.1.2.3/24");
  EXPECT_EQ(to_string(*router.interfaces[1].address), "10.1.1.3/24");
  EXPECT_EQ(router.interfaces[1].name, "eth1");
  EXPECT_EQ(to_string(router.place), "l.yaml:12");
}

TEST(LabFile, WhatAnInterfaceSaysItselfCountsForMoreThanItsNetwork) {
  const Lab lab = lab_of(smol_internet);
  const Interface& own = lab.find_machine("server")->interfaces[0];
  EXPECT_EQ(own.mtu, 1300u);
  EXPECT_EQ(to_string(*own.mac), "02:00:00:00:00:07");
  EXPECT_FALSE(own.up);
  EXPECT_EQ(own.impair.loss, 0.01);
  const Interface& inherited = lab.find_machine("router")->interfaces[0];
  EXPECT_EQ(inherited.mtu, 1400u);
  EXPECT_TRUE(inherited.up);
}

TEST(LabFile, WhatAMachineIs) {
  const Lab lab = lab_of(smol_internet);
  const Machine& server = *lab.find_machine("server");
  EXPECT_EQ(server.hostname, "srv");
  EXPECT_THAT(server.command, ElementsAre("sleep", "infinity"));
  ASSERT_THAT(server.sysctls, SizeIs(1));
  EXPECT_EQ(server.sysctls[0].value, "0");
  const Machine& client = *lab.find_machine("client");
  EXPECT_EQ(client.hostname, "client");
  ASSERT_THAT(client.extra_hosts, SizeIs(1));
  EXPECT_EQ(client.extra_hosts[0].address, "10.1.2.2");
}

TEST(LabFile, StagesAndTests) {
  const Lab lab = lab_of(smol_internet);
  ASSERT_THAT(lab.stages, SizeIs(2));
  const Stage& final_stage = *lab.find_stage("final");
  ASSERT_THAT(final_stage.exec, SizeIs(2));
  EXPECT_EQ(final_stage.exec[0].second[1].text, "ip route");
  EXPECT_EQ(to_string(final_stage.exec[1].second[0].place), "l.yaml:21");
  ASSERT_THAT(lab.tests, SizeIs(2));
  EXPECT_EQ(lab.tests[0].ttl, 63);
  EXPECT_EQ(lab.tests[0].stage, "final");
  EXPECT_EQ(lab.tests[1].expect, Expectation::unreachable);
  EXPECT_EQ(lab.tests[1].name, "server to client");
}

TEST(LabFile, MachinesWithoutAddresses) {
  const Lab lab = lab_of(
      "networks:\n  wire: {}\n  spare:\n"
      "nodes: { a: { networks: [wire, spare] }, b: { networks: { wire: null } }, c: }\n");
  EXPECT_THAT(lab.find_machine("a")->interfaces, SizeIs(2));
  EXPECT_FALSE(lab.find_machine("b")->interfaces[0].address);
  EXPECT_THAT(lab.find_machine("c")->interfaces, IsEmpty());
}

TEST(LabFile, AnAddressOnANetworkWithoutSubnetBringsItsLength) {
  const Lab lab =
      lab_of("networks: { wire: }\nnodes: { a: { networks: { wire: 10.1.1.2/25 } } }\n");
  EXPECT_EQ(to_string(*lab.machines[0].interfaces[0].address), "10.1.1.2/25");
}

std::string one_network(const std::string& words) {
  return "networks: { n: { " + words + " } }\nnodes: { a: }\n";
}
std::string one_machine(const std::string& words) {
  return "networks: { n: { subnet: 10.1.1.0/24 }, w: }\nnodes:\n  a: { " + words + " }\n";
}
std::string one_interface(const std::string& words) {
  return one_machine("networks: { n: { " + words + " } }");
}
std::string one_test(const std::string& words) {
  return "nodes: { a: }\nstages: { s: }\ntests:\n  - { " + words + " }\n";
}

TEST(LabFile, ErrorsSayWhereAndWhatWouldBeRight) {
  const struct {
    std::string yaml;
    const char* error;
  } rows[] = {
      {"", "l.yaml:1: error: the file is not a list of `key: value`; begin with `networks:`"},
      {"networks: {}\n", "l.yaml: error: there is no machine; describe one under `nodes`"},
      {"nodes: { a: }\nname: a b\n", "l.yaml:2: error: `a b` is not a name for a lab"},
      {"nodes: { a: }\nnodes: { b: }\n", "l.yaml:2: error: `nodes` is there twice; keep one"},
      {"nodes: { a: , b: , a: }\n", "l.yaml:1: error: `a` is there twice"},
      {"nodes: { a: }\nservices: { a: }\n", "l.yaml:2: error: machine `a` is there twice"},
      {"nodes: [a]\n", "`nodes`: is not a list of `key: value`"},
      {"nodes: { host: }\n", "`host` is the lab's own namespace; call the machine"},
      {"nodes: { -a: }\n", "`-a` is not a name for a machine"},
      {"nodes: { a: 7 }\n", "`a` 7: is not a list of `key: value`"},
      {"nodes: { a: }\nnetworks: { a/b: }\n", "l.yaml:2: error: `a/b` is not a name for a network"},
      {"nodes: &n { a: }\nservices: *n\n", "l.yaml:2: error: aliases are not taken here"},
      {"nodes: { a: }\n---\nnodes: { b: }\n", "a second document begins here; keep one"},
      {"nodes: { a: \n", "error: is not YAML: "},
      {"? [a]\n: b\n", "a key must be a word"},
      {one_network("subnet: 10.1.1.5/24"),
       "l.yaml:1: error: `subnet` 10.1.1.5/24: has host bits set; write 10.1.1.0/24"},
      {one_network("subnet: 10.1.1/24"), "is not an IPv4 prefix; write one as in 10.1.1.0/24"},
      {one_network("subnet: 10.1.1.0"), "leaves no room for two machines"},
      {one_network("subnet: 0.0.0.0/0"), "leaves no room for two machines"},
      {one_network("subnet: 127.1.1.0/24"), "is no range for hosts"},
      {one_network("subnet: 10.1.1.0/24, ipam: { config: [{ subnet: 10.1.2.0/24 }] }"),
       "is a second subnet"},
      {one_network("subnet:"), "`subnet`: has no value"},
      {one_network("subnet: [10.1.1.0/24]"), "`subnet`: is not a single value"},
      {one_network("mtu: 67"), "`mtu` 67: is not an MTU; write a number from 68 to 65535"},
      {one_network("mtu: 15e2"), "`mtu` 15e2: is not an MTU"},
      {one_network("host: 10.1.1.1"), "`host` 10.1.1.1: lacks the length of its prefix"},
      {one_network("impair: { delay: 5 }"), "`delay` 5: lacks its unit; write 5us, 5ms or 5s"},
      {one_network("impair: { reorder: 5% }"), "`impair`: "},
      {one_network("impair: 5ms"), "`impair` 5ms: is not a list of `key: value`"},
      {one_machine("kind: switch"),
       "`kind` switch: is not a choice here; write `host` or `router`"},
      {one_machine("stack: linux"), "write `smol` or `kernel`"},
      {one_machine("hostname: a b"), "`a b` is not a name for a host"},
      {one_machine("networks: { m: 10.1.1.2 }"),
       "l.yaml:3: error: there is no network `m`; there are n, w"},
      {one_machine("networks: [n, n]"), "`n` is there twice; keep one"},
      {one_machine("networks: { n: 10.1.1.300 }"),
       "`n` 10.1.1.300: is not an IPv4 address; write one as in 10.1.1.2"},
      {one_machine("networks: { n: 10.1.1.2/16 }"),
       "has another length than its network 10.1.1.0/24; write 10.1.1.2"},
      {one_machine("networks: { w: 10.1.1.2 }"), "write 10.1.1.2/24, or give the network a subnet"},
      {one_machine("networks: { n: 224.0.0.5 }"), "is a multicast group"},
      {one_machine("networks: { n: 127.0.0.1 }"), "is a loopback address"},
      {one_machine("networks: { n: [10.1.1.2] }"), "`n`: is not a single value"},
      {one_interface("address: 10.1.1.2, ipv4_address: 10.1.1.3"), "is a second address"},
      {one_interface("mac: 01:00:00:00:00:01"), "is a group address"},
      {one_interface("mac: 2:4"), "is not a MAC address; write one as in 02:42:0a:01:01:02"},
      {one_interface("mtu: 70000"), "is not an MTU"},
      {one_interface("up: perhaps"), "write `true`, `yes`, `on`, `false`, `no` or `off`"},
      {one_machine("sysctls: [net.ipv4.ip_forward]"), "lacks its value; write it as in `net.ipv4"},
      {one_machine("sysctls: { net/../../x: 1 }"), "is not the name of a sysctl"},
      {one_machine("extra_hosts: [server]"), "lacks its value; write it as in `server:10.1.2.2`"},
      {one_machine("extra_hosts: ['server:10.1']"), "`extra_hosts` 10.1: is not an address"},
      {one_machine("command: { a: b }"), "`command`: is neither a text nor a list of words"},
      {one_machine("start_up: nowhere.sh"), "`start_up` nowhere.sh: there is no such file"},
      {one_machine("build: ./nowhere"), "`build` ./nowhere: there is no such folder"},
      {one_machine("build: { dockerfile: x }"), "`build`: has no context"},
      {"nodes: { a: }\nstages: { s: { exec: { b: x } } }\n",
       "l.yaml:2: error: there is no machine `b`; there are a"},
      {"nodes: { a: }\nstages: [s]\n", "`stages`: is not a list of `key: value`"},
      {one_test("from: a"), "l.yaml:4: error: `tests`: a test needs `ping`"},
      {one_test("ping: a"), "a test needs `from`"},
      {one_test("from: b, ping: a"), "there is no machine `b`"},
      {one_test("from: a, ping: 10.1.1"), "`ping` 10.1.1: is neither an IPv4 address nor a name"},
      {one_test("from: a, ping: a, expect: maybe"), "write `reply`, `no-reply` or `unreachable`"},
      {one_test("from: a, ping: a, ttl: 0"), "`ttl` 0: is not a TTL; write a number from 1 to 255"},
      {one_test("from: a, ping: a, ttl: 9, expect: no-reply"), "a TTL is the reply's"},
      {one_test("from: a, ping: a, stage: t"), "`stage` t: there is no such stage"},
  };
  for (const auto& row : rows) EXPECT_THAT(errors_of(row.yaml), HasSubstr(row.error)) << row.yaml;
}

TEST(LabFile, AllErrorsAreCollectedByLine) {
  const std::string errors = errors_of(
      "nodes:\n  a: { kind: x, networks: { m: } }\n  b: { stack: y }\n"
      "networks:\n  n: { mtu: 1 }\n");
  const auto at = [&](const char* text) { return errors.find(text); };
  EXPECT_LT(at("`kind` x"), at("`m`"));
  EXPECT_LT(at("`m`"), at("`stack` y"));
  EXPECT_LT(at("`stack` y"), at("`mtu` 1"));
  EXPECT_NE(at("l.yaml:5: error: `mtu` 1"), std::string::npos);
}

TEST(LabFile, UnknownKeysAreWarningsThatKnowBetter) {
  EXPECT_THAT(warnings_of("networks: { n: { subnte: 10.1.1.0/24 } }\nnodes: { a: }\n"),
              ElementsAre("l.yaml:1: warning: unknown key `subnte` of a network; did you mean "
                          "`subnet`? It is ignored"));
  EXPECT_THAT(warnings_of("colour: red\nnodes: { a: }\nx-own: 1\n"),
              ElementsAre("l.yaml:1: warning: unknown key `colour` of the file; it is ignored"));
}

TEST(LabFile, AKeyThatIsIgnoredInManyPlacesIsOneWarning) {
  EXPECT_THAT(warnings_of("nodes:\n  a: { tty: true }\n  b: { tty: true }\n"),
              ElementsAre("l.yaml:2: warning: `tty` of a machine is for container engines "
                          "(2 times); it is ignored"));
}

TEST(LabFile, TheFolderNamesTheLab) {
  EXPECT_EQ(parse_lab("nodes: { a: }\n", "/x/my lab/lab.yaml")->name, "my-lab");
  EXPECT_EQ(parse_lab("nodes: { a: }\n", "/lab.yaml")->name, "lab");
}

}  // namespace
}  // namespace smolstack::topology
