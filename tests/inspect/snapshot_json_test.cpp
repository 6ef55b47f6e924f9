#include "smolstack/inspect/snapshot_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smolstack::inspect {
namespace {

using testing::HasSubstr;

MachineSnapshot client() {
  MachineSnapshot machine;
  machine.name = "client";
  machine.stack = topology::StackKind::kernel;
  machine.forwarding = true;
  machine.interfaces.push_back({.name = "eth0",
                                .network = "ten-one-net",
                                .mac = {{2, 0x42, 10, 1, 1, 2}},
                                .mtu = 1280,
                                .up = true,
                                .carrier = false,
                                .forwarding = true,
                                .rp_filter = 2,
                                .addresses = {{Ipv4Address(10, 1, 1, 2), 24}}});
  const Ipv4Route to_two{.prefix = {Ipv4Address(10, 1, 2, 0), 24},
                         .kind = RouteKind::unicast,
                         .protocol = RouteProtocol::administrator,
                         .gateway = Ipv4Address(10, 1, 1, 3),
                         .preferred_source = Ipv4Address(10, 1, 1, 2),
                         .metric = 7};
  machine.routes.push_back({to_two, "eth0"});
  const Ipv4Route nowhere{.prefix = default_prefix, .kind = RouteKind::blackhole};
  machine.routes.push_back({nowhere, ""});
  machine.listening.push_back({.protocol = 6, .address = {}, .port = 80});
  machine.permanent_neighbors.push_back(
      {"eth0", Ipv4Address(10, 1, 1, 3), {{2, 0x42, 10, 1, 1, 3}}});
  machine.hosts.push_back({"server", Ipv4Address(10, 1, 2, 2)});
  return machine;
}

std::string complaint_about(const char* text) {
  const auto read = machine_snapshot(Json::parse(text));
  return read.has_value() ? "nothing" : read.error().doing;
}

TEST(SnapshotJson, ComesBackAsItWent) {
  const Json json = to_json(client());
  const auto back = machine_snapshot(json);
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(to_json(*back), json);
  EXPECT_EQ(back->interfaces.front().addresses, client().interfaces.front().addresses);
  EXPECT_EQ(back->routes.front().route, client().routes.front().route);
}

TEST(SnapshotJson, ComesBackThroughTextToo) {
  const auto back = machine_snapshot(Json::parse(to_json(client()).dump()));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(to_json(*back), to_json(client()));
}

TEST(SnapshotJson, SeveralWaysOfARouteComeBack) {
  MachineSnapshot machine = client();
  RouteSnapshot& route = machine.routes.front();
  route.paths = {{Ipv4Address(10, 1, 1, 3), "eth0", 1}, {Ipv4Address(10, 1, 1, 4), "eth0", 20}};
  const auto back = machine_snapshot(Json::parse(to_json(machine).dump()));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  ASSERT_EQ(back->routes.front().paths.size(), 2u);
  const PathSnapshot& second = back->routes.front().paths[1];
  EXPECT_EQ(second.gateway, Ipv4Address(10, 1, 1, 4));
  EXPECT_EQ(second.device, "eth0");
  EXPECT_EQ(second.weight, 20);
  EXPECT_EQ(to_json(*back), to_json(machine));
}

TEST(SnapshotJson, ALongTableGoesInPieces) {
  MachineSnapshot machine = client();
  for (std::uint32_t i = 0; i < 1000; ++i)
    machine.routes.push_back(
        {{.prefix = {Ipv4Address(0x14000000u + (i << 8)), 24}, .kind = RouteKind::prohibit}, ""});
  const std::vector<Json> rows = to_rows(machine);
  for (const Json& row : rows) EXPECT_LT(row.dump().size(), 32u << 10);
  const auto back = machine_snapshot(Json(rows));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(to_json(*back), to_json(machine));
}

TEST(SnapshotJson, WhoeverCompletesTheFirstRowFindsTheInterfacesThere) {
  std::vector<Json> rows = to_rows(client());
  rows.front()["interfaces"][0]["network"] = "another-net";
  rows.front()["hosts"] = nullptr;
  const auto back = machine_snapshot(Json(rows));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(back->interfaces.front().network, "another-net");
  EXPECT_EQ(back->hosts.size(), 1u);
}

TEST(SnapshotJson, KnowsIproute2sKeys) {
  const Json json = to_json(client());
  EXPECT_EQ(json["routes"][0].dump(),
            R"({"type":"unicast","dst":"10.1.2.0/24","gateway":"10.1.1.3","dev":"eth0",)"
            R"("protocol":"static","prefsrc":"10.1.1.2","metric":7})");
  EXPECT_EQ(json["interfaces"][0]["addr_info"].dump(), R"([{"local":"10.1.1.2","prefixlen":24}])");
}

TEST(SnapshotJson, OnlyTheNameMustBeThere) {
  const auto machine = machine_snapshot(Json::parse(R"({"node": "a", "later": [1, 2]})"));
  ASSERT_TRUE(machine.has_value());
  EXPECT_TRUE(machine->running);
  EXPECT_TRUE(machine->interfaces.empty());
}

struct Hostile {
  const char* text;
  const char* complaint;
};

std::ostream& operator<<(std::ostream& out, const Hostile& hostile) {
  return out << hostile.text;
}

class HostileSnapshot : public testing::TestWithParam<Hostile> {};

TEST_P(HostileSnapshot, IsRefusedWithThePlace) {
  EXPECT_THAT(complaint_about(GetParam().text), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Json, HostileSnapshot,
    testing::Values(
        Hostile{"7", "7 is no object"}, Hostile{"{}", "node: is missing"},
        Hostile{"[]", "node: is missing"}, Hostile{"[1, [2]]", "node: is missing"},
        Hostile{R"({"node": 1})", "node: 1 is no name"},
        Hostile{R"({"node": "a b"})", "blank or control character"},
        Hostile{R"({"node": "a\u001b[2J"})", "blank or control character"},
        Hostile{R"({"node": "a", "running": "yes"})", "running: \"yes\" is neither"},
        Hostile{R"({"node": "a", "stack": "bsd"})", "stack: \"bsd\" is no stack"},
        Hostile{R"({"node": "a", "routes": {}})", "snapshot of a: routes: an object is no list"},
        Hostile{R"({"node": "a", "routes": [7]})", "routes[0]: 7 is no object"},
        Hostile{R"({"node": "a", "routes": [{"type": "blackhole", "dst": "10.1.1.1/24"}]})",
                "routes[0].dst: \"10.1.1.1/24\" is no prefix"},
        Hostile{R"({"node": "a", "routes": [{"dst": "10.0.0.0/8", "type": "local"}]})",
                "routes[0].type: \"local\" is no kind of route"},
        Hostile{R"({"node": "a", "routes": [{"dst": "10.0.0.0/8", "dev": "eth9"}]})",
                "routes[0].dev: there is no interface \"eth9\""},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "eth0", "mtu": 67}]})",
                "interfaces[0].mtu: 67 is no number from 68 to 65535"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "eth0", "mtu": -1}]})", "mtu: -1 is"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "eth0", "mtu": 1e3}]})", "mtu: 1000.0"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "eth0", "rp_filter": 3}]})",
                "rp_filter: 3 is no number from 0 to 2"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "e"}, {"ifname": "e"}]})",
                "there are two named e"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "lo"}]})", "every machine's own"},
        Hostile{R"({"node": "a", "interfaces": [{"ifname": "e", "addr_info":
                   [{"local": "10.1.1.1", "prefixlen": 33}]}]})",
                "interfaces[0].addr_info[0].prefixlen: 33"},
        Hostile{R"({"node": "a", "listening": [{"port": 65536}]})", "listening[0].port: 65536"},
        Hostile{R"({"node": "a", "listening": [{"port": 7, "protocol": "sctp"}]})",
                "listening[0].protocol: \"sctp\" is no transport"},
        Hostile{R"({"node": "a", "neighbors": [{"dst": "10.1.1.1", "dev": "e",
                   "lladdr": "02:00:00:00:00:01"}]})",
                "there is no interface \"e\""},
        Hostile{R"([{"node": "a"}, {"node": "b", "running": 1}, {"running": true}])",
                "running: 1 is neither"}));

TEST(SnapshotJson, ALongNameIsNotRepeatedWhole) {
  const Json json = {{"node", std::string(10'000, 'x')}};
  const auto read = machine_snapshot(json);
  ASSERT_FALSE(read.has_value());
  EXPECT_LT(read.error().doing.size(), 200u);
}

TEST(SnapshotJson, NestingWithoutEndIsRefused) {
  std::string text = R"({"node": "a", "routes": )";
  text += std::string(100'000, '[') + std::string(100'000, ']') + '}';
  EXPECT_THAT(complaint_about(text.c_str()), HasSubstr("nested too deep"));
}

TEST(SnapshotJson, AListThatIsTooLongIsRefused) {
  Json json = {{"node", "a"}};
  for (int i = 0; i < 300; ++i)
    json["interfaces"].push_back({{"ifname", "eth" + std::to_string(i)}});
  const auto read = machine_snapshot(json);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().doing, HasSubstr("interfaces: has 300 elements, and may have 256"));
}

}  // namespace
}  // namespace smolstack::inspect
