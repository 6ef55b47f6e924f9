#include "smolstack/lab/doctor.hpp"

#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>

namespace smolstack {
namespace {

using lab::Feature;
using lab::Finding;
using lab::Host;
using lab::Verdict;
using testing::HasSubstr;

/// An ordinary user on a host where labs run.
Host healthy() {
  Host host;
  host.uses_user_namespace = true;
  for (const Feature feature :
       {Feature::user_namespaces, Feature::namespaces, Feature::tun_file, Feature::tap,
        Feature::uring, Feature::bridge, Feature::veth, Feature::nftables, Feature::overlay,
        Feature::fresh_proc, Feature::seccomp})
    host.met[feature] = 0;
  host.run_directory = "/run/user/1000/smolstack";
  host.open_files = 1024;
  host.memory_kibibytes = 1u << 20;
  return host;
}

Finding finding(const Host& host, const std::string& name) {
  const auto all = lab::judge(host);
  const auto found = std::ranges::find(all, name, &Finding::name);
  return found == all.end() ? Finding{"nothing is said of " + name, Verdict::ok, ""} : *found;
}

TEST(Doctor, FindsNothingWrongWithAHealthyHost) {
  const auto findings = lab::judge(healthy());
  for (const Finding& each : findings) {
    EXPECT_EQ(each.verdict, Verdict::ok) << each.name;
    EXPECT_EQ(each.mend, "") << each.name;
  }
  EXPECT_TRUE(lab::labs_run(findings));
  EXPECT_THAT(lab::findings_text(findings), HasSubstr("Labs run here."));
}

/// A host with one thing wrong, and what is said of it.
struct Case {
  std::string what;
  void (*spoil)(Host& host);
  std::string name;
  Verdict verdict;
  std::string mend;
};

const std::vector<Case> cases{
    {"DebiansSwitch",
     [](Host& host) {
       host.met[Feature::user_namespaces] = EPERM;
       host.unprivileged_userns_clone = 0;
     },
     "user namespaces", Verdict::fail, "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
    {"NoneAllowed",
     [](Host& host) {
       host.met[Feature::user_namespaces] = ENOSPC;
       host.max_user_namespaces = 0;
     },
     "user namespaces", Verdict::fail, "sudo sysctl -w user.max_user_namespaces=15000"},
    {"UbuntusAppArmor",
     [](Host& host) {
       host.met[Feature::namespaces] = EPERM;
       host.apparmor_restricts_userns = 1;
     },
     "network, mount, PID and UTS namespaces", Verdict::fail,
     "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
    {"TooManyNamespaces", [](Host& host) { host.met[Feature::namespaces] = ENOSPC; },
     "network, mount, PID and UTS namespaces", Verdict::fail,
     "for kind in net mnt pid uts ipc user; do sudo sysctl -w user.max_${kind}_namespaces=15000; "
     "done"},
    {"RootNeedsNoUserNamespace",
     [](Host& host) {
       host.is_root = true;
       host.uses_user_namespace = false;
       host.met[Feature::user_namespaces] = EPERM;
     },
     "user namespaces", Verdict::warn, "sudo smolstack up LAB"},
    {"NoTunModule", [](Host& host) { host.met[Feature::tun_file] = ENOENT; }, "/dev/net/tun",
     Verdict::fail, "sudo modprobe tun"},
    {"NoTunInAContainer",
     [](Host& host) {
       host.in_container = true;
       host.met[Feature::tun_file] = ENOENT;
     },
     "/dev/net/tun", Verdict::fail, "start the container with --device /dev/net/tun"},
    {"TunIsClosed", [](Host& host) { host.met[Feature::tun_file] = EACCES; }, "/dev/net/tun",
     Verdict::fail, "sudo chmod 0666 /dev/net/tun"},
    {"UringSwitchedOff", [](Host& host) { host.met[Feature::uring] = EPERM; }, "io_uring",
     Verdict::warn, "sudo sysctl kernel.io_uring_disabled=0"},
    {"UringWithheldByAContainer",
     [](Host& host) {
       host.in_container = true;
       host.met[Feature::uring] = EPERM;
     },
     "io_uring", Verdict::warn, "start the container with --security-opt seccomp=unconfined"},
    {"NoBridge", [](Host& host) { host.met[Feature::bridge] = EOPNOTSUPP; }, "bridges",
     Verdict::fail, "sudo modprobe bridge"},
    {"NoVeth", [](Host& host) { host.met[Feature::veth] = EOPNOTSUPP; }, "veth pairs",
     Verdict::warn, "sudo modprobe veth"},
    {"NoNftables", [](Host& host) { host.met[Feature::nftables] = EOPNOTSUPP; }, "nftables",
     Verdict::fail, "sudo modprobe nf_tables"},
    {"NoOverlay", [](Host& host) { host.met[Feature::overlay] = ENODEV; }, "overlayfs",
     Verdict::fail, "sudo modprobe overlay"},
    {"OverlayForRootOnly", [](Host& host) { host.met[Feature::overlay] = EPERM; }, "overlayfs",
     Verdict::fail, "sudo smolstack up LAB"},
    {"MaskedProc",
     [](Host& host) {
       host.in_container = true;
       host.met[Feature::fresh_proc] = EPERM;
     },
     "a fresh /proc", Verdict::fail,
     "start the container with --security-opt systempaths=unconfined"},
    {"NoIp", [](Host& host) { host.missing_programs = {"ip"}; }, "ip", Verdict::fail,
     "sudo apt install iproute2"},
    {"NoTcpdump", [](Host& host) { host.missing_programs = {"tcpdump"}; }, "tcpdump", Verdict::warn,
     "sudo apt install tcpdump"},
    {"OneUserAndNoFilter", [](Host& host) { host.met[Feature::seccomp] = EINVAL; },
     "users on machines", Verdict::warn, "sudo apt install uidmap"},
    {"NoRunDirectory", [](Host& host) { host.run_directory_error = EACCES; }, "run directory",
     Verdict::fail, "export SMOLSTACK_RUN_DIR=$(mktemp -d)"},
    {"FewFiles", [](Host& host) { host.open_files = 256; }, "open files", Verdict::warn,
     "ulimit -n 1024"},
    {"LittleMemory", [](Host& host) { host.memory_kibibytes = 1000; }, "memory", Verdict::warn,
     "smolstack down"},
};

class DoctorSays : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(Of, DoctorSays, testing::ValuesIn(cases),
                         [](const auto& each) { return each.param.what; });

TEST_P(DoctorSays, WhatMendsIt) {
  Host host = healthy();
  GetParam().spoil(host);
  const Finding said = finding(host, GetParam().name);
  EXPECT_EQ(said.verdict, GetParam().verdict) << said.name;
  EXPECT_EQ(said.mend, GetParam().mend);
  EXPECT_EQ(lab::labs_run(lab::judge(host)), GetParam().verdict != Verdict::fail);
  EXPECT_THAT(lab::findings_text(lab::judge(host)), HasSubstr("mend: " + GetParam().mend));
}

TEST(Doctor, SaysThatOneUserIsNoHarmWithTheFilter) {
  EXPECT_THAT(finding(healthy(), "users on machines").found, HasSubstr("is told that it did"));
  Host host = healthy();
  host.has_subordinate_users = true;
  EXPECT_THAT(finding(host, "users on machines").found, HasSubstr("newuidmap"));
}

TEST(Doctor, SaysNothingOfWhatCouldNotBeTried) {
  Host host = healthy();
  host.met = {{Feature::user_namespaces, EPERM}, {Feature::namespaces, EPERM}};
  EXPECT_EQ(finding(host, "bridges").name, "nothing is said of bridges");
}

TEST(Doctor, ItsJsonHasARowForEach) {
  Host host = healthy();
  host.met[Feature::tun_file] = ENOENT;
  const auto json = lab::findings_json(lab::judge(host));
  EXPECT_EQ(json["labs_run"], false);
  EXPECT_EQ(json["findings"].size(), lab::judge(host).size());
  EXPECT_EQ(json["findings"][2]["verdict"], "fail");
}

}  // namespace
}  // namespace smolstack
