#include "smolstack/inspect/why.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/labs.hpp"
#include "smolstack/inspect/mend.hpp"

namespace smolstack::inspect {

void PrintTo(const Mend& mend, std::ostream* out) {
  *out << mend.node << ": " << mend.command;
}

namespace {

using test::run;
using testing::HasSubstr;
using testing::IsEmpty;

struct Broken {
  const char* node;
  const char* command;  ///< or "dies": the machine stops; or "cable ethN"
};

/// A lab that is in order but for some commands, a question, and what must be said.
struct Case {
  const char* name;
  LabSnapshot (*lab)();
  std::vector<Broken> broken;
  const char* from;
  const char* to;
  Leg leg;
  const char* at;
  const char* reason;
  std::vector<Mend> mends;  ///< of the first fault
  const char* says;         ///< a part of the sentence
  bool mends_suffice = true;
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
  return out << each.name;
}

void break_it(LabSnapshot& lab, const Broken& broken) {
  const std::string_view command = broken.command;
  if (command == "dies")
    lab.find(broken.node)->running = false;
  else if (command.starts_with("cable "))
    lab.find(broken.node)->find(command.substr(6))->carrier = false;
  else
    run(lab, broken.node, command);
}

WhyReport ask(const LabSnapshot& lab, std::string_view from, std::string_view to) {
  const auto question = make_question(lab, from, to);
  EXPECT_TRUE(question.has_value()) << question.error().message();
  return why(lab, *question);
}

class Why : public testing::TestWithParam<Case> {};

TEST_P(Why, NamesTheFaultAndWhatMendsIt) {
  const Case& each = GetParam();
  LabSnapshot lab = each.lab();
  for (const Broken& broken : each.broken) break_it(lab, broken);
  const WhyReport report = ask(lab, each.from, each.to);
  ASSERT_FALSE(report.faults.empty()) << report.sentence;
  const Fault& first = report.faults.front();
  EXPECT_FALSE(report.arrives);
  EXPECT_EQ(to_string(first.leg), to_string(each.leg));
  EXPECT_EQ(first.at, each.at);
  EXPECT_EQ(first.reason, each.reason);
  EXPECT_EQ(first.mends, each.mends);
  EXPECT_THAT(report.sentence, HasSubstr(each.says));
  EXPECT_EQ(report.mends_suffice, each.mends_suffice) << format_why(report);
}

TEST_P(Why, ItsMendsReallyMend) {
  const Case& each = GetParam();
  if (!each.mends_suffice) return;
  LabSnapshot lab = each.lab();
  for (const Broken& broken : each.broken) break_it(lab, broken);
  for (const Fault& fault : ask(lab, each.from, each.to).faults)
    for (const Mend& mend : fault.mends) run(lab, mend.node, mend.command);
  EXPECT_TRUE(ask(lab, each.from, each.to).arrives);
}

LabSnapshot smol() {
  return test::smol_internet("final");
}
LabSnapshot half() {
  return test::smol_internet("half");
}
LabSnapshot bare() {
  return test::smol_internet("init");
}

/// smol-internet with another host beside the client.
LabSnapshot with_neighbor() {
  LabSnapshot lab = smol();
  MachineSnapshot other = *lab.find("client");
  other.name = "other";
  other.interfaces[0].mac = default_mac(Ipv4Address(10, 1, 1, 4));
  other.interfaces[0].addresses[0].address = Ipv4Address(10, 1, 1, 4);
  std::erase_if(other.routes, [](const auto& each) { return each.route.has_gateway(); });
  other.routes[0].route.preferred_source = Ipv4Address(10, 1, 1, 4);
  lab.machines.push_back(other);
  return lab;
}

/// Two machines that nobody has given an address yet, and one that has.
LabSnapshot first_network() {
  return test::lab_of(R"(
name: first-network
networks: { wire: {} }
nodes:
  a: { networks: { wire: null } }
  b: { networks: { wire: null } }
stages: {}
)");
}
LabSnapshot half_first_network() {
  LabSnapshot lab = first_network();
  run(lab, "b", "ip addr add 10.0.0.1/24 dev eth0");
  return lab;
}

constexpr auto request = Leg::request;
constexpr auto reply = Leg::reply;

INSTANTIATE_TEST_SUITE_P(
    Routes, Why,
    testing::Values(
        Case{"no route at the sender",
             bare,
             {},
             "server",
             "10.1.1.2",
             request,
             "server",
             "no_route",
             {{"server", "ip route add 10.1.1.0/24 via 10.1.2.3"}},
             "server has no route to 10.1.1.2. Mend it on server: ip route add"},
        Case{"no way back",
             half,
             {},
             "server",
             "10.1.1.2",
             reply,
             "client",
             "no_route",
             {{"client", "ip route add 10.1.2.0/24 via 10.1.1.3"}},
             "The request arrived at client; client has no route to 10.1.2.2 for the reply. "
             "Mend it on client: ip route add 10.1.2.0/24 via 10.1.1.3"},
        Case{"no route at a router",
             test::triangle,
             {{"r1", "ip route del 10.2.0.0/24"}},
             "a",
             "b",
             request,
             "r1",
             "no_route",
             {{"r1", "ip route add 10.2.0.0/24 via 10.0.12.2"}},
             "The request came as far as r1; r1 has no route to 10.2.0.2."},
        Case{"no way back at a router",
             test::triangle,
             {{"r2", "ip route del 10.1.0.0/24"}},
             "a",
             "b",
             reply,
             "r2",
             "no_route",
             {{"r2", "ip route add 10.1.0.0/24 via 10.0.12.1"}},
             "The request arrived at b, and the reply came as far as r2; r2 has no route to "
             "10.1.0.2 for the reply."},
        Case{"a gateway that nobody is",
             smol,
             {{"client", "ip route replace 10.1.2.0/24 via 10.1.1.99"}},
             "client",
             "server",
             request,
             "client",
             "neighbor_unresolved",
             {{"client", "ip route replace 10.1.2.0/24 via 10.1.1.3"}},
             "client sends it to the gateway 10.1.1.99 by eth0, which does not answer: nobody has "
             "that address"},
        Case{"a default gateway that nobody is",
             test::triangle,
             {{"a", "ip route replace default via 10.1.0.9"}},
             "a",
             "b",
             request,
             "a",
             "neighbor_unresolved",
             {{"a", "ip route replace default via 10.1.0.1"}},
             "a sends it to the gateway 10.1.0.9"},
        Case{"a gateway that does not forward",
             with_neighbor,
             {{"client", "ip route replace 10.1.2.0/24 via 10.1.1.4"}},
             "client",
             "server",
             request,
             "other",
             "forwarding_off",
             {{"client", "ip route replace 10.1.2.0/24 via 10.1.1.3"}},
             "other gets it for another host and does not forward"},
        Case{"a loop",
             test::triangle,
             {{"r2", "ip route add 10.2.0.2/32 via 10.0.12.1"}},
             "a",
             "b",
             request,
             "r2",
             "ttl_expired",
             {{"r2", "ip route del 10.2.0.2/32 via 10.0.12.1"}},
             "goes round and round between r1 and r2"},
        Case{"a loop back to the sender",
             test::triangle,
             {{"r2", "ip route add 10.2.0.2/32 via 10.0.12.1"}},
             "r1",
             "b",
             request,
             "r1",
             "martian_source",
             {{"r2", "ip route del 10.2.0.2/32 via 10.0.12.1"}},
             "it comes back to r1, which sent it: it went round between r1 and r2"},
        Case{"a blackhole",
             smol,
             {{"router", "ip route add blackhole 10.1.2.2"}},
             "client",
             "server",
             request,
             "router",
             "blackhole",
             {{"router", "ip route del blackhole 10.1.2.2/32"}},
             "router has a route of type blackhole for 10.1.2.2: 10.1.2.2/32"},
        Case{"an unreachable route",
             smol,
             {{"client", "ip route replace unreachable 10.1.2.0/24"}},
             "client",
             "server",
             request,
             "client",
             "unreachable",
             {{"client", "ip route replace 10.1.2.0/24 via 10.1.1.3"}},
             "client has a route of type unreachable"},
        Case{"a prohibited way back",
             smol,
             {{"server", "ip route add prohibit 10.1.1.2"}},
             "client",
             "server",
             reply,
             "server",
             "prohibit",
             {{"server", "ip route del prohibit 10.1.1.2/32"}},
             "The request arrived at server; server has a route of type prohibit for 10.1.1.2 for "
             "the reply"},
        Case{"no address",
             half_first_network,
             {},
             "a",
             "b",
             request,
             "a",
             "no_route",
             {{"a", "ip addr add 10.0.0.2/24 dev eth0"}},
             "it has no address at all"}));

INSTANTIATE_TEST_SUITE_P(
    Links, Why,
    testing::Values(
        Case{"forwarding off",
             smol,
             {{"router", "sysctl -w net.ipv4.ip_forward=0"}},
             "client",
             "server",
             request,
             "router",
             "forwarding_off",
             {{"router", "sysctl -w net.ipv4.ip_forward=1"}},
             "router gets it for another host and does not forward (net.ipv4.ip_forward is 0)"},
        Case{"forwarding off on one interface",
             smol,
             {{"router", "sysctl -w net.ipv4.conf.eth0.forwarding=0"}},
             "client",
             "server",
             reply,
             "router",
             "forwarding_off",
             {{"router", "sysctl -w net.ipv4.conf.eth0.forwarding=1"}},
             "(net.ipv4.conf.eth0.forwarding is 0)"},
        Case{"the sender's interface down",
             smol,
             {{"client", "ip link set eth0 down"}},
             "client",
             "server",
             request,
             "client",
             "no_route",
             {{"client", "ip link set eth0 up"}},
             "client has no route to 10.1.2.2; its eth0 is down"},
        Case{"the router's near interface down",
             smol,
             {{"router", "ip link set eth1 down"}},
             "client",
             "server",
             request,
             "client",
             "neighbor_unresolved",
             {{"router", "ip link set eth1 up"}},
             "it is router's eth1, which is down"},
        Case{"the router's far interface down",
             smol,
             {{"router", "ip link set eth0 down"}},
             "client",
             "server",
             request,
             "router",
             "no_route",
             {{"router", "ip link set eth0 up"}},
             "its eth0 is down"},
        Case{"the receiver's interface down",
             smol,
             {{"server", "ip link set eth0 down"}},
             "client",
             "server",
             request,
             "router",
             "neighbor_unresolved",
             {{"server", "ip link set eth0 up"}},
             "router asks for 10.1.2.2 on eth0 and gets no answer: it is server's eth0, which is "
             "down"},
        Case{"the sender's cable out",
             smol,
             {{"client", "cable eth0"}},
             "client",
             "server",
             request,
             "client",
             "interface_down",
             {{"client", "smolstack link client:eth0 up"}},
             "client's eth0, which leads to 10.1.2.2, has no carrier: its cable is out"},
        Case{"the router's cable out",
             smol,
             {{"router", "cable eth0"}},
             "client",
             "server",
             request,
             "router",
             "interface_down",
             {{"router", "smolstack link router:eth0 up"}},
             "its cable is out"},
        Case{"the receiver's cable out",
             smol,
             {{"server", "cable eth0"}},
             "client",
             "server",
             request,
             "router",
             "neighbor_unresolved",
             {{"server", "smolstack link server:eth0 up"}},
             "it is server's eth0, whose cable is out"},
        Case{"the receiver dead",
             smol,
             {{"server", "dies"}},
             "client",
             "server",
             request,
             "router",
             "neighbor_unresolved",
             {{"server", "smolstack restart server"}},
             "server, which has it, is not running"},
        Case{"the router dead",
             smol,
             {{"router", "dies"}},
             "client",
             "server",
             request,
             "client",
             "neighbor_unresolved",
             {{"router", "smolstack restart router"}},
             "router, which has it, is not running"},
        Case{"the sender dead",
             smol,
             {{"client", "dies"}},
             "client",
             "server",
             request,
             "client",
             "not_running",
             {{"client", "smolstack restart client"}},
             "client is not running"},
        Case{"an address that nobody has",
             smol,
             {},
             "client",
             "10.1.2.77",
             request,
             "router",
             "no_such_address",
             {},
             "nobody has the address 10.1.2.77; router asks for it on eth0 in vain",
             false},
        Case{"a neighbour that nobody is",
             smol,
             {},
             "client",
             "10.1.1.77",
             request,
             "client",
             "no_such_address",
             {},
             "Nobody has the address 10.1.1.77",
             false},
        Case{"reverse path",
             test::triangle,
             {{"r1", "ip route replace 10.2.0.0/24 via 10.0.13.3"},
              {"r1", "sysctl -w net.ipv4.conf.all.rp_filter=1"}},
             "a",
             "b",
             reply,
             "r1",
             "rp_filter",
             {{"r1", "sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.eth1.rp_filter=2"}},
             "r1 refuses it on eth1 by reverse-path filtering (rp_filter): its way back to "
             "10.2.0.2 leads by eth2"},
        Case{"echo ignored",
             smol,
             {{"server", "sysctl -w net.ipv4.icmp_echo_ignore_all=1"}},
             "client",
             "server",
             request,
             "server",
             "echo_ignored",
             {{"server", "sysctl -w net.ipv4.icmp_echo_ignore_all=0"}},
             "server does not answer pings"},
        Case{"a wrong link address",
             smol,
             {{"client", "ip neigh add 10.1.1.3 lladdr 02:00:00:00:00:99 dev eth0 nud permanent"}},
             "client",
             "server",
             request,
             "client",
             "other_mac",
             {{"client", "ip neigh del 10.1.1.3 dev eth0"}},
             "with a link address that nobody there has"}));

TEST(WhyWithSeveralFaults, TheFirstOnTheWayIsNamed) {
  LabSnapshot lab = bare();
  run(lab, "router", "sysctl -w net.ipv4.ip_forward=0");
  const WhyReport report = ask(lab, "client", "server");
  ASSERT_EQ(report.faults.size(), 3u) << format_why(report);
  EXPECT_EQ(report.faults[0].at, "client");
  EXPECT_EQ(report.faults[1].reason, "forwarding_off");
  EXPECT_EQ(report.faults[2].at, "server");
  EXPECT_TRUE(report.mends_suffice);
}

TEST(WhyWithSeveralFaults, RoutesThatALinkTookAlongComeAfterIt) {
  LabSnapshot lab = smol();
  run(lab, "client", "ip link set eth0 down");
  const WhyReport report = ask(lab, "client", "server");
  ASSERT_EQ(report.faults.size(), 2u) << format_why(report);
  EXPECT_EQ(report.faults[1].mends.front().command, "ip route add 10.1.2.0/24 via 10.1.1.3");
}

TEST(WhyOfSizes, DfNamesTheMtuAndTheMachine) {
  LabSnapshot lab = smol();
  run(lab, "router", "ip link set eth0 mtu 1280");
  run(lab, "server", "ip link set eth0 mtu 1280");
  auto question = make_question(lab, "client", "server").value();
  question.probe.size = 1400;
  EXPECT_TRUE(why(lab, question).arrives);
  question.probe.dont_fragment = true;
  const WhyReport report = why(lab, question);
  EXPECT_EQ(report.faults.front().reason, "mtu_exceeded");
  EXPECT_EQ(report.faults.front().at, "router");
  EXPECT_THAT(report.sentence, HasSubstr("router cannot send 1428 bytes on by eth0, whose MTU is "
                                         "1280, and may not cut them (DF is set)"));
  EXPECT_THAT(report.sentence, HasSubstr("ping -M do -s 1252 10.1.2.2"));
  EXPECT_THAT(report.notes.back(), HasSubstr("Frag needed and DF set (mtu = 1280)"));
}

TEST(WhyOfSizes, BothEndsOfAWireMustTakeTheSame) {
  LabSnapshot lab = smol();
  run(lab, "server", "ip link set eth0 mtu 1280");
  auto question = make_question(lab, "client", "server").value();
  question.probe.size = 1400;
  const WhyReport report = why(lab, question);
  EXPECT_EQ(report.faults.front().at, "server");
  EXPECT_EQ(report.faults.front().reason, "frame_too_long");
  EXPECT_EQ(report.faults.front().mends,
            (std::vector<Mend>{{"server", "ip link set eth0 mtu 1500"}}));
}

TEST(WhyOfSizes, TheSendersOwnMtuIsNoDifferent) {
  LabSnapshot lab = smol();
  auto question = make_question(lab, "client", "server").value();
  question.probe.size = 1473;
  question.probe.dont_fragment = true;
  const WhyReport report = why(lab, question);
  EXPECT_EQ(report.faults.front().at, "client");
  EXPECT_EQ(report.faults.front().reason, "mtu_exceeded");
}

TEST(WhyOfTtls, TheLeastThatIsEnoughIsSaid) {
  const LabSnapshot lab = test::triangle();
  auto question = make_question(lab, "a", "b").value();
  question.probe.ttl = 2;
  const WhyReport report = why(lab, question);
  EXPECT_EQ(report.faults.front().at, "r2");
  EXPECT_EQ(report.faults.front().reason, "ttl_expired");
  EXPECT_THAT(report.sentence, HasSubstr("the TTL of 2 is used up at r2. Mend it on a: ping -t 3"));
  question.probe.ttl = 3;
  EXPECT_TRUE(why(lab, question).arrives);
}

TEST(WhyOfServers, NobodyListens) {
  LabSnapshot lab = smol();
  auto question = make_question(lab, "client", "server").value();
  ASSERT_TRUE(set_protocol(question, "udp:53").has_value());
  const WhyReport report = why(lab, question);
  EXPECT_TRUE(report.request_arrives);
  EXPECT_FALSE(report.arrives);
  EXPECT_EQ(report.faults.front().reason, "no_socket");
  EXPECT_EQ(report.faults.front().at, "server");
  EXPECT_THAT(report.sentence,
              HasSubstr("nobody listens on udp port 53. Mend it on server: start a server on udp "
                        "port 53"));
  EXPECT_TRUE(report.mends_suffice);
}

TEST(WhyOfServers, WhatListensAnswers) {
  LabSnapshot lab = smol();
  lab.find("server")->listening.push_back({ip_protocol::tcp, {}, 80});
  auto question = make_question(lab, "client", "server").value();
  ASSERT_TRUE(set_protocol(question, "tcp:80").has_value());
  EXPECT_TRUE(why(lab, question).arrives);
  ASSERT_TRUE(set_protocol(question, "tcp:81").has_value());
  EXPECT_FALSE(why(lab, question).arrives);
}

TEST(WhyOfServers, TheWayBackOfADatagramIsFollowedToo) {
  LabSnapshot lab = half();
  lab.find("client")->listening.push_back({ip_protocol::udp, {}, 53});
  auto question = make_question(lab, "server", "client").value();
  ASSERT_TRUE(set_protocol(question, "udp:53").has_value());
  const WhyReport report = why(lab, question);
  EXPECT_EQ(report.faults.front().leg, Leg::reply);
  EXPECT_EQ(report.faults.front().at, "client");
  EXPECT_EQ(report.faults.front().reason, "no_route");
}

TEST(WhyItArrives, SaysSo) {
  const WhyReport report = ask(smol(), "client", "server");
  EXPECT_TRUE(report.arrives);
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_THAT(report.notes, IsEmpty());
  EXPECT_EQ(report.sentence, "It arrives: server answers client from 10.1.2.2.");
}

TEST(WhyItArrives, AtOnesOwnAddresses) {
  for (const char* const own : {"10.1.1.2", "127.0.0.1", "client"}) {
    const WhyReport report = ask(bare(), "client", own);
    EXPECT_TRUE(report.arrives) << own;
    EXPECT_THAT(report.sentence, HasSubstr("is an address of client itself")) << own;
  }
}

TEST(WhyItArrives, AtTheFarAddressOfARouter) {
  EXPECT_TRUE(ask(smol(), "client", "10.1.2.3").arrives);
}

TEST(WhyOfBroadcasts, NobodyAnswersUnlessToldTo) {
  LabSnapshot lab = smol();
  const WhyReport silent = ask(lab, "client", "10.1.1.255");
  EXPECT_EQ(silent.faults.front().reason, "echo_ignored");
  EXPECT_EQ(silent.faults.front().at, "router");
  EXPECT_THAT(silent.sentence, HasSubstr("does not answer pings to a broadcast"));
  run(lab, "router", "sysctl -w net.ipv4.icmp_echo_ignore_broadcasts=0");
  EXPECT_TRUE(ask(lab, "client", "10.1.1.255").arrives);
}

TEST(WhyOfBroadcasts, ARouterKeepsThoseOfAnotherNetworkToItself) {
  const WhyReport report = ask(smol(), "client", "10.1.2.255");
  EXPECT_FALSE(report.arrives);
  EXPECT_EQ(report.faults.front().at, "router");
}

TEST(WhyIsOdd, AnotherWayBackIsSaidAndNotBlamed) {
  LabSnapshot lab = test::triangle();
  run(lab, "r1", "ip route replace 10.2.0.0/24 via 10.0.13.3");
  const WhyReport report = ask(lab, "a", "b");
  EXPECT_TRUE(report.arrives);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_THAT(report.notes[0], HasSubstr("a > r1 > r3 > r2 > b, and back b > r2 > r1 > a"));
}

TEST(WhyIsOdd, ARedirectIsSaid) {
  LabSnapshot lab = with_neighbor();
  run(lab, "other", "sysctl -w net.ipv4.ip_forward=1");
  run(lab, "other", "ip route add 10.1.2.0/24 via 10.1.1.3");
  run(lab, "client", "ip route replace 10.1.2.0/24 via 10.1.1.4");
  const WhyReport report = ask(lab, "client", "server");
  EXPECT_TRUE(report.arrives) << format_why(report);
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("better first hop (redirect)")));
}

TEST(WhyIsOdd, TheAddressOfAnotherInterfaceIsSaid) {
  LabSnapshot lab = test::triangle();
  run(lab, "r1", "ip route replace 10.2.0.0/24 via 10.0.12.2 src 10.1.0.1");
  const WhyReport report = ask(lab, "r1", "b");
  EXPECT_TRUE(report.arrives) << format_why(report);
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("with the address 10.1.0.1 of eth0")));
}

TEST(WhyQuestions, KnowNamesAndRefuseOthers) {
  LabSnapshot lab = smol();
  lab.find("client")->hosts.push_back({"www", Ipv4Address(10, 1, 2, 2)});
  EXPECT_EQ(make_question(lab, "client", "www")->probe.destination, Ipv4Address(10, 1, 2, 2));
  EXPECT_THAT(make_question(lab, "server", "www").error().doing,
              HasSubstr("nor a machine of this lab (client, server, router)"));
  EXPECT_FALSE(make_question(lab, "nobody", "server").has_value());
  EXPECT_THAT(make_question(first_network(), "a", "b").error().doing,
              HasSubstr("b has no address; give it one"));
}

TEST(WhyQuestions, KnowProtocols) {
  WhyQuestion question;
  for (const char* const good : {"icmp", "udp:1", "tcp:65535"})
    EXPECT_TRUE(set_protocol(question, good).has_value()) << good;
  for (const char* const bad : {"", "udp", "udp:", "udp:0", "tcp:65536", "tcp:8x", "sctp:7", "ud"})
    EXPECT_FALSE(set_protocol(question, bad).has_value()) << bad;
}

TEST(WhyJson, HasTheKeysThatScriptsKnow) {
  const auto json = to_json(ask(half(), "server", "client"));
  EXPECT_EQ(json["arrives"], false);
  EXPECT_EQ(json["leg"], "reply");
  EXPECT_EQ(json["at"], "client");
  EXPECT_EQ(json["reason"], "no_route");
  EXPECT_EQ(json["mends"].dump(),
            R"([{"node":"client","command":"ip route add 10.1.2.0/24 via 10.1.1.3"}])");
  EXPECT_EQ(json["path"][1].dump(),
            R"({"leg":"request","node":"router","in":"eth0","out":"eth1","next_hop":"10.1.1.2",)"
            R"("ttl":63})");
}

TEST(WhyJson, NothingIsWrongWhenItArrives) {
  const auto json = to_json(ask(smol(), "server", "client"));
  EXPECT_EQ(json["arrives"], true);
  EXPECT_TRUE(json["reason"].is_null());
  EXPECT_TRUE(json["mends"].empty());
  EXPECT_EQ(json["path"].size(), 6u);
}

}  // namespace
}  // namespace smolstack::inspect
