#include "smolstack/topology/script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* three = "nodes: { client: , server: , router: }\n";

/// The commands of a machine after its start-up script, each as one line.
std::vector<std::string> commands_of(const std::string& script, const std::string& machine,
                                     const std::string& yaml = three,
                                     const std::string& stage = "") {
  const Folder folder;
  folder.write("start-up.sh", script);
  const Lab lab = lab_of(yaml, folder.path() / "lab.yaml");
  std::vector<std::string> lines;
  for (const ScriptedCommand& command : scripted_commands(lab, stage)) {
    if (command.machine != machine) continue;
    std::string line;
    for (const std::string& word : command.words) line += (line.empty() ? "" : " ") + word;
    lines.push_back(line + " @" + std::to_string(command.place.line));
  }
  return lines;
}

constexpr const char* course = R"(#!/bin/sh
# who am I?
case $HOSTNAME in
  (client) ip route add 10.1.2.0/24 via 10.1.1.3 ;;
  (server | "spare")
    /sbin/ip route add 10.1.1.0/24 via 10.1.2.3
    ip addr add 10.1.2.9/24 dev eth0; ip link set eth0 up
    ;;
  r*) sysctl -w net.ipv4.ip_forward=1 ;;
esac
)";

TEST(Script, EachMachineTakesItsOwnBranch) {
  EXPECT_THAT(commands_of(course, "client"),
              ElementsAre("ip route add 10.1.2.0/24 via 10.1.1.3 @4"));
  EXPECT_THAT(commands_of(course, "server"),
              ElementsAre("ip route add 10.1.1.0/24 via 10.1.2.3 @6",
                          "ip addr add 10.1.2.9/24 dev eth0 @7", "ip link set eth0 up @7"));
  EXPECT_THAT(commands_of(course, "router"), ElementsAre("sysctl -w net.ipv4.ip_forward=1 @9"));
}

TEST(Script, TheFirstBranchThatMatchesIsTaken) {
  const char* const script = "case \"${HOSTNAME}\" in client) ip a ;; *) ip r ;; esac\n";
  EXPECT_THAT(commands_of(script, "client"), ElementsAre("ip a @1"));
  EXPECT_THAT(commands_of(script, "server"), ElementsAre("ip r @1"));
}

TEST(Script, TheHostNameIsWhatIsAsked) {
  EXPECT_THAT(commands_of("case $(hostname) in far) ip a;; esac\n", "client",
                          "nodes: { client: { hostname: far } }\n"),
              ElementsAre("ip a @1"));
}

TEST(Script, StagesComeAfterTheScript) {
  const char* const yaml =
      "nodes: { client: }\nstages:\n  s:\n    exec:\n      client:\n"
      "        - ip route && ip addr\n        - sysctl -qw net/ipv4/ip_forward=0 net.x=1\n";
  EXPECT_THAT(commands_of("ip link\n", "client", yaml, "s"),
              ElementsAre("ip link @1", "ip route @6", "ip addr @6",
                          "sysctl -w net.ipv4.ip_forward=0 @7", "sysctl -w net.x=1 @7"));
}

TEST(Script, FormsOfCommands) {
  const struct {
    const char* script;
    const char* command;
  } rows[] = {
      {"sudo ip route", "ip route @1"},
      {"A=1 ip route", "ip route @1"},
      {"NET=10.1.2.0/24\nip route add $NET via ${GW}10.1.1.3", ""},
      {"NET=10.1.2.0/24 GW=10.1.1\nip route add $NET via ${GW}.3",
       "ip route add 10.1.2.0/24 via 10.1.1.3 @2"},
      {"ip route add \\\n  default", "ip route add default @1"},
      {"ip route 2>/dev/null >&2", "ip route @1"},
      {"ip 'route' \"add\"", "ip route add @1"},
      {"echo 1 > /proc/sys/net/ipv4/ip_forward", "sysctl -w net.ipv4.ip_forward=1 @1"},
      {"echo 0 >/proc/sys/net/ipv4/conf/eth0/rp_filter 2>&1",
       "sysctl -w net.ipv4.conf.eth0.rp_filter=0 @1"},
      {"cat <<EOF\nip route\nEOF\nip addr", "ip addr @4"},
      {"{ ip a; }", "ip a @1"},
      {"(ip a)", "ip a @1"},
      {"ip a | cat", "ip a @1"},
      {"ip a || ip r", "ip a @1"},
      {"ip a # ip r", "ip a @1"},
      {"exit 0\nip a", ""},
      {"if true; then ip a; elif x; then ip b; else ip c; fi\nip r", "ip r @2"},
      {"for i in 1 2; do ip a; done; ip r", "ip r @1"},
      {"while :; do for i in 1; do ip a; done; done; ip r", "ip r @1"},
      {"f() {\n  ip a\n}\nip r", "ip r @4"},
      {"case $OTHER in x) ip a;; esac; ip r", "ip r @1"},
      {"echo ip route add default via 10.1.1.3", ""},
      {"ip route add $(cat gateway)", ""},
      {"GW=10.1.1.3\nGW=$(cat gateway)\nip route add default via $GW", ""},
      {"GW=10.1.1.3\nif x; then GW=10.1.1.4; fi\nip route add default via $GW", ""},
      {"case client in c*) A=a;; *) A=b;; esac; ip $A", "ip a @1"},
      {"printf 'ip route'", ""},
  };
  for (const auto& row : rows) {
    const auto commands = commands_of(row.script, "client");
    if (*row.command == '\0')
      EXPECT_THAT(commands, IsEmpty()) << row.script;
    else
      EXPECT_THAT(commands, ElementsAre(row.command)) << row.script;
  }
}

TEST(Script, WhatIsBrokenEndsSomewhere) {
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "{ ";
  std::string functions;
  for (int i = 0; i < 20'000; ++i) functions += "f()";
  std::string doubling = "a=xxxxxxxx\n";
  for (int i = 0; i < 64; ++i) doubling += "a=$a$a\n";
  for (const std::string& script :
       {deep, functions, doubling + "ip $a", std::string("case $HOSTNAME in (client"),
        std::string("case x"), std::string("'"), std::string("\"$("), std::string("${"),
        std::string("cat <<"), std::string(")"), std::string("esac ;; )"), std::string("f("),
        std::string("if if if"), std::string("for"), std::string("\\"), std::string(1, '\0')})
    EXPECT_THAT(commands_of(script, "client"), IsEmpty());
}

TEST(Script, ALongScriptIsNotRead) {
  EXPECT_THAT(commands_of("ip a\n" + std::string(script_limit::bytes, '#'), "client"), IsEmpty());
}

}  // namespace
}  // namespace smolstack::topology
