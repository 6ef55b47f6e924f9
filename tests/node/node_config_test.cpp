#include "smolstack/node/node_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/node/config_file.hpp"
#include "smolstack/node/node_setup.hpp"

namespace smolstack::control {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string complaint_of(const std::string& yaml) {
  const auto node = parse_config(yaml, "n.yaml");
  if (!node) return node.error();
  const auto good = validate(*node);
  return good ? "" : good.error();
}

NodeConfig config(const std::string& yaml) {
  auto node = parse_config(yaml, "n.yaml");
  if (!node) throw std::runtime_error(node.error());
  return *node;
}

std::string with(const std::string& interface_words) {
  return "interfaces:\n  - { tap: t0, " + interface_words + " }\n";
}

TEST(NodeConfig, ComplaintsSayWhereAndWhatWouldBeRight) {
  const std::string one = with("ip: 10.1.1.2/24");
  const struct {
    std::string yaml;
    const char* complaint;
  } rows[] = {
      {"", "n.yaml:1: the file is not a list of `key: value`"},
      {"name: r\n", "there is no interface; give one"},
      {"name: r\nfoo: 1\n", "n.yaml:2: unknown key `foo`; there are interfaces, routes, gateway"},
      {"route: x\n", "n.yaml:1: unknown key `route`"},
      {"name: r\nname: b\n", "n.yaml:2: `name` is there twice"},
      {"name: [r]\n", "n.yaml:1: name: is not a single value"},
      {"name: a b\n", "n.yaml:1: name a b: is not a name for a machine"},
      {"forward: maybe\n", "n.yaml:1: forward maybe: is neither `on` nor `off`"},
      {"offload: maybe\n", "n.yaml:1: offload maybe: is neither `on` nor `off`"},
      {"seed: -1\n", "n.yaml:1: seed -1: is not a whole number"},
      {"workers: 33\n", "n.yaml:1: workers 33: is not a number of threads; give 0 to 32"},
      {"workers: -1\n", "n.yaml:1: workers -1: is not a number of threads"},
      {"log-level: loud\n", "n.yaml:1: log-level loud: is none of trace"},
      {"gateway: x\n", "n.yaml:1: gateway x: is not an IPv4 address"},
      {"a: &x 1\nname: *x\n", "n.yaml:2: aliases are not taken here"},
      {"name: {\n", "n.yaml:"},
      {"interfaces: t0\n", "n.yaml:1: interfaces: is not a list"},
      {"interfaces:\n  - t0\n", "n.yaml:2: an interface is a map"},
      {"interfaces:\n  - { ip: 10.1.1.2/24 }\n", "n.yaml:2: an interface needs either `tap:"},
      {with("tun: t1"), "n.yaml:2: an interface needs either `tap:"},
      {with("foo: 1"), "n.yaml:2: unknown key `foo`; there are tap, tun, ip, mac"},
      {with("ip: 10.1.1.2"), "n.yaml:2: ip 10.1.1.2: lacks the length of its prefix"},
      {with("ip: 10.1.1.2/33"), "ip 10.1.1.2/33: is not an IPv4 address with the length"},
      {with("ip: 10.1.1.0/24"), "is the network's own address"},
      {with("ip: 10.1.1.255/24"), "is the network's broadcast address"},
      {with("ip: 127.0.0.2/8"), "is a loopback address"},
      {with("ip: 224.0.0.5/24"), "is a multicast group"},
      {with("ip: 0.1.1.1/24"), "lies in 0.0.0.0/8"},
      {with("ip: 250.1.1.1/24"), "lies in the reserved range"},
      {with("ip: [10.1.1.2/24, 10.1.1.2/24]"), "is there already; give each address once"},
      {with("ip: [10.1.1.2/24, 10.1.1.2/16]"), "the address is there already, as 10.1.1.2/24"},
      {with("join: 10.1.1.2"), "n.yaml:2: join 10.1.1.2: is not an IPv4 multicast group"},
      {with("join: 224.0.0.1"), "is joined always"},
      {with("join: [239.1.2.3, 239.1.2.3]"), "is there already; give each group once"},
      {with("mtu: 67"), "mtu 67: is not an MTU; give a number from 68 to 65535"},
      {with("mtu: 65536"), "mtu 65536: is not an MTU"},
      {with("mtu: x"), "mtu x: is not an MTU"},
      {with("mac: 00:00:00:00:00:00"), "is no address"},
      {with("mac: 01:00:5e:00:00:01"), "is a group address"},
      {with("mac: xx"), "is not a MAC address"},
      {with("netns: a/b"), "is not the name of a network namespace"},
      {with("ifname: lo"), "is the loopback's name"},
      {with("ifname: abcdefghijklmnop"), "is not a name for an interface"},
      {with("ip: 10.1.1.2/24, host-ip: 10.1.1.2/24"), "is the machine's own address"},
      {"interfaces:\n  - { tun: t0, mac: 02:42:00:00:00:01 }\n", "does not belong to a TUN"},
      {"interfaces:\n  - { tap: lo }\n", "lo is the loopback's name"},
      {"interfaces:\n  - { tap: a%d }\n", "is not a name for a device"},
      {"interfaces: [{ tap: t0 }, { tap: t0 }]\n", "tap t0: is there already"},
      {"interfaces: [{ tap: t0 }, { tap: t1, ifname: t0 }]\n", "is called t0 too"},
      {"interfaces: [{ tap: t0, ip: 10.1.1.2/24 }, { tap: t1, ip: 10.1.1.2/16 }]\n",
       "has this address already; give each interface its own"},
      {one + "gateway: 10.9.1.1\n",
       "n.yaml:3: gateway 10.9.1.1: the gateway is on no network of ours; give a neighbour: "
       "10.1.1.0/24 on t0"},
      {one + "gateway: 10.1.1.2\n", "the gateway is this machine itself"},
      {one + "gateway: 10.1.1.255\n", "the gateway must be a neighbour's address"},
      {one + "routes: [10.2.0.0/16 via 10.9.1.1]\n", "n.yaml:3: route 10.2.0.0/16 via 10.9.1.1"},
      {one + "routes: [10.2.0.0/16]\n", "name a gateway, or an interface with `dev`"},
      {one + "routes: [10.2.0.0/16 dev nope]\n", "Cannot find device \"nope\""},
      {one + "routes: ['']\n", "is no route; write it as in"},
      {one + "routes: [blackhole 10.2.0.0/16, blackhole 10.2.0.0/16]\n",
       "there is such a route already"},
  };
  for (const auto& row : rows) EXPECT_THAT(complaint_of(row.yaml), HasSubstr(row.complaint));
}

TEST(NodeConfig, GoodOnes) {
  for (const std::string yaml :
       {"interfaces: [{ tap: t0 }]\n", "interfaces: [{ tun: t0, ip: 10.1.1.2/31 }]\n",
        "interfaces: [{ tap: t0, ip: 10.1.1.1/32, mtu: 68, netns: x }]\n",
        "interfaces: [{ tap: t0, ip: 10.1.1.2/24 }]\nroutes: [default via 10.1.1.1 metric 5, "
        "10.2.0.0/16 dev t0, prohibit 10.3.0.0/16, 10.4.0.0/16 via 10.1.1.3 src 10.1.1.2]\n"})
    EXPECT_THAT(complaint_of(yaml), IsEmpty()) << yaml;
}

TEST(NodeConfig, AnInterfaceMayHaveABadWire) {
  const NodeConfig node =
      config("interfaces: [{ tap: t0, impair: delay 5ms loss 1% }, {tap: t1}]\n");
  EXPECT_EQ(to_string(node.interfaces[0].impairment), "delay 5ms loss 1%");
  EXPECT_TRUE(node.interfaces[1].impairment.is_off());
  EXPECT_THAT(complaint_of("interfaces: [{ tap: t0, impair: delay 5 }]\n"),
              HasSubstr("n.yaml:1: impair delay 5: delay 5: lacks its unit; write 5us, 5ms or 5s"));
}

TEST(NodeConfig, LimitsOfAFile) {
  EXPECT_THAT(complaint_of(std::string((1u << 20) + 1, '#')), HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(complaint_of("name: " + std::string(17, '[') + std::string(17, ']') + "\n"),
              HasSubstr("nested deeper than 16 levels"));
  EXPECT_THAT(complaint_of(std::string(200000, '[')), HasSubstr("nested deeper"));
}

TEST(NodeConfig, FilesThatCannotBeRead) {
  for (const char* const path : {"/nonexistent/n.yaml", "/"}) {
    const auto read = read_config_file(path);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error(), StartsWith(std::string(path) + ": cannot be read: "));
  }
}

TEST(NodeConfig, DefaultMacAndName) {
  const NodeConfig node = config("interfaces: [{ tap: r1, ip: 10.1.2.3/24 }, { tap: r2 }]\n");
  EXPECT_EQ(node.label(), "r1");
  Random random(7);
  EXPECT_EQ(to_string(mac_of(node.interfaces[0], random)), "02:42:0a:01:02:03");
  EXPECT_THAT(to_string(mac_of(node.interfaces[1], random)), StartsWith("02:42:"));
}

struct Running {
  explicit Running(const std::string& yaml) : node(config(yaml)), stack(stack_options(node)) {
    const auto done = configure(stack, node, Instant{});
    EXPECT_TRUE(done) << done.error();
  }
  std::vector<std::string> follow(const std::string& yaml) {
    const NodeConfig fresh = config(yaml);
    auto changes = reconfigure(stack, node, fresh, Instant{});
    node = as_running(node, fresh);
    return changes;
  }
  std::string routes() const {
    std::string text;
    for (const Ipv4Route& route : stack.tables().rib().routes())
      text += to_string(route.prefix) + (route.has_gateway() ? "+" : "") + ' ';
    return text;
  }

  NodeConfig node;
  Stack stack;
};

TEST(NodeConfig, OffloadIsAsTheFileSaysOrNobodyDoes) {
  const auto offload = [](const std::string& line) {
    return control::parse_config(line + with("ip: 10.1.1.2/24"), "n.yaml").value().offload;
  };
  EXPECT_EQ(offload("offload: off\n"), false);
  EXPECT_EQ(offload("offload: on\n"), true);
  EXPECT_EQ(offload(""), std::nullopt);
}

TEST(NodeSetup, ADeviceKeepsItsOffloadsUntilTheNextStart) {
  Running machine(with("ip: 10.1.1.2/24"));
  EXPECT_THAT(machine.follow("offload: off\n" + with("ip: 10.1.1.2/24")),
              testing::ElementsAre("offload takes effect at the next start"));
}

TEST(NodeSetup, MakesWhatTheFileSays) {
  Running machine(
      "forward: on\ngateway: 10.1.1.1\n"
      "interfaces: [{ tap: t0, ifname: eth0, ip: [10.1.1.2/24, 10.1.5.2/24], mtu: 1400 }]\n");
  const Interface* const eth0 = machine.stack.interfaces().find("eth0");
  ASSERT_NE(eth0, nullptr);
  EXPECT_EQ(eth0->mtu, 1400u);
  EXPECT_EQ(eth0->addresses.size(), 2u);
  EXPECT_EQ(to_string(eth0->mac), "02:42:0a:01:01:02");
  EXPECT_TRUE(machine.stack.settings().forwarding);
  EXPECT_EQ(machine.routes(), "0.0.0.0/0+ 10.1.1.0/24 10.1.5.0/24 ");
}

TEST(NodeSetup, FollowsTheFile) {
  const std::string before = "gateway: 10.1.1.1\nroutes: [10.5.0.0/16 via 10.1.1.7]\n" +
                             with("ifname: eth0, ip: [10.1.1.2/24, 10.1.1.3/24]");
  const std::string after = "forward: on\nroutes: [10.6.0.0/16 via 10.1.4.7]\n" +
                            with("ifname: eth0, ip: [10.1.1.2/24, 10.1.4.4/24]");
  Running machine(before);
  EXPECT_THAT(machine.follow(before), IsEmpty());
  EXPECT_THAT(
      machine.follow(after),
      testing::ElementsAre("forwarding is on", "removed 10.1.1.3/24 from eth0",
                           "added 10.1.4.4/24 to eth0", "removed the route default via 10.1.1.1",
                           "removed the route 10.5.0.0/16 via 10.1.1.7",
                           "added the route 10.6.0.0/16 via 10.1.4.7"));
  EXPECT_EQ(machine.routes(), "10.1.1.0/24 10.1.4.0/24 10.6.0.0/16+ ");
  EXPECT_THAT(machine.follow(after), IsEmpty());
}

TEST(NodeSetup, WhatWasAddedByHandStaysAndWhatWasTakenComesBack) {
  const std::string file = "routes: [10.5.0.0/16 via 10.1.1.7]\n" + with("ip: 10.1.1.2/24");
  Running machine(file);
  Interface& t0 = *machine.stack.interfaces().find("t0");
  ASSERT_TRUE(machine.stack.add_address(t0, {Ipv4Address(10, 7, 7, 7), 24}, Instant{}));
  ASSERT_TRUE(machine.stack.tables().remove_route(
      {.prefix = Ipv4Prefix::of(Ipv4Address(10, 5, 0, 0), 16)}));
  EXPECT_THAT(machine.follow(file),
              testing::ElementsAre("added the route 10.5.0.0/16 via 10.1.1.7"));
  EXPECT_EQ(t0.addresses.size(), 2u);
}

TEST(NodeSetup, FollowsTheGroupsOfTheFile) {
  Running machine(with("ip: 10.1.1.2/24, join: [239.1.2.3, 239.1.2.4]"));
  const Interface& t0 = *machine.stack.interfaces().find("t0");
  EXPECT_TRUE(t0.is_member(Ipv4Address(239, 1, 2, 3)));
  EXPECT_THAT(machine.follow(with("ip: 10.1.1.2/24, join: [239.1.2.4, 239.1.2.5]")),
              testing::ElementsAre("left 239.1.2.3 on t0", "joined 239.1.2.5 on t0"));
  EXPECT_THAT(machine.follow(with("ip: 10.1.1.2/24, join: [239.1.2.4, 239.1.2.5]")), IsEmpty());
}

TEST(NodeSetup, SaysEachTimeWhatWaitsForTheNextStart) {
  Running machine(with("ip: 10.1.1.2/24"));
  const std::string after =
      "name: other\ninterfaces: [{ tap: t0, ip: 10.1.1.2/24, mtu: 1400 }, { tap: t1 }]\n";
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(machine.follow(after),
                testing::ElementsAre(
                    "what changed of t0 besides its addresses and groups takes effect at the next "
                    "start",
                    "the new interface t1 takes effect at the next start",
                    "another name or control socket takes effect at the next start"));
}

}  // namespace
}  // namespace smolstack::control
