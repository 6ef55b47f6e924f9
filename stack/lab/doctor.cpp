#include "smolstack/lab/doctor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

namespace smolstack::lab {
namespace {

using control::Json;

constexpr std::uint64_t enough_files = 1024;
constexpr std::uint64_t enough_memory = 256u << 10;

std::string words_of(int error) {
  return std::strerror(error);
}

/// The command for a host that lets ordinary users have no user namespaces, or empty ones.
std::string mend_users(const Host& host) {
  if (host.unprivileged_userns_clone == 0)
    return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
  if (host.max_user_namespaces == 0) return "sudo sysctl -w user.max_user_namespaces=15000";
  if (host.apparmor_restricts_userns.value_or(0) != 0)
    return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  if (host.in_container)
    return "start the container with --privileged, or --security-opt seccomp=unconfined "
           "--security-opt apparmor=unconfined";
  return "sudo smolstack up LAB";
}

std::string mend_namespaces(const Host& host, int error) {
  if (error == ENOSPC)  // namespaces(7): a limit of so many for each user
    return "for kind in net mnt pid uts ipc user; do sudo sysctl -w "
           "user.max_${kind}_namespaces=15000; done";
  if (host.is_root && host.in_container) return "start the container with --privileged";
  return host.is_root && !host.uses_user_namespace ? "boot a kernel with namespaces(7)"
                                                   : mend_users(host);
}

std::string mend_tun(const Host& host, int error) {
  if (error == ENOENT || error == ENODEV)
    return host.in_container ? "start the container with --device /dev/net/tun"
                             : "sudo modprobe tun";
  return error == EACCES ? "sudo chmod 0666 /dev/net/tun" : "sudo smolstack up LAB";
}

std::string mend_uring(const Host& host, int error) {
  if (error == EOPNOTSUPP || error == ENOSYS) return "a newer kernel";
  return host.in_container ? "start the container with --security-opt seccomp=unconfined"
                           : "sudo sysctl kernel.io_uring_disabled=0";
}

std::string mend_module(const std::string& module, int error, const Host& host) {
  if (error != EPERM && error != EACCES) return "sudo modprobe " + module;
  return host.is_root ? "start the container with --privileged" : "sudo smolstack up LAB";
}

std::string mend_proc(const Host& host) {
  return host.in_container ? "start the container with --security-opt systempaths=unconfined"
                           : "sudo smolstack up LAB";
}

std::string package_of(const std::string& program) {
  if (program == "ip") return "iproute2";
  return program == "ping" ? "iputils-ping" : program;
}

class Judge {
 public:
  explicit Judge(const Host& host) : host_(host) {}

  std::vector<Finding> all() {
    judge_namespaces();
    judge_devices();
    judge_files();
    judge_programs();
    judge_users();
    judge_room();
    return std::move(findings_);
  }

 private:
  /// A row about something that was tried; nothing about what was not.
  void add(Feature feature, const std::string& name, const std::string& why, Verdict otherwise,
           const std::function<std::string(int)>& mend, const std::string& good = "there") {
    const auto met = host_.met.find(feature);
    if (met == host_.met.end()) return;
    if (met->second == 0) return findings_.push_back({name, Verdict::ok, good, why, ""});
    findings_.push_back({name, otherwise, words_of(met->second), why, mend(met->second)});
  }

  void judge_namespaces() {
    add(Feature::user_namespaces, "user namespaces", "labs without root live in one",
        host_.uses_user_namespace ? Verdict::fail : Verdict::warn,
        [&](int) { return mend_users(host_); });
    add(
        Feature::namespaces, "network, mount, PID and UTS namespaces", "every machine is some",
        Verdict::fail, [&](int error) { return mend_namespaces(host_, error); },
        host_.uses_user_namespace ? "in a user namespace" : "as root");
  }

  void judge_devices() {
    add(Feature::tun_file, "/dev/net/tun", "every interface of a machine is a TAP of it",
        Verdict::fail, [&](int error) { return mend_tun(host_, error); });
    add(Feature::tap, "TAP devices", "every interface of a machine is one", Verdict::fail,
        [&](int error) { return mend_tun(host_, error); });
    add(Feature::uring, "io_uring", "many frames are one system call by it, else one each",
        Verdict::warn, [&](int error) { return mend_uring(host_, error); });
    add(Feature::bridge, "bridges", "every network is one", Verdict::fail,
        [&](int error) { return mend_module("bridge", error, host_); });
    add(Feature::veth, "veth pairs", "machines with `stack: kernel` are tied in by them",
        Verdict::warn, [&](int error) { return mend_module("veth", error, host_); });
    add(Feature::nftables, "nftables", "they keep the kernel from answering for our stack",
        Verdict::fail, [&](int error) { return mend_module("nf_tables", error, host_); });
  }

  void judge_files() {
    add(Feature::overlay, "overlayfs", "every machine has an /etc and a /var of its own",
        Verdict::fail, [&](int error) { return mend_module("overlay", error, host_); });
    add(Feature::fresh_proc, "a fresh /proc", "a machine's `ps` shows its own processes",
        Verdict::fail, [&](int) { return mend_proc(host_); });
  }

  void judge_programs() {
    for (const std::string program : {"ip", "ping", "tcpdump", "traceroute"}) {
      const bool is_missing = std::ranges::count(host_.missing_programs, program) != 0;
      const bool is_needed = program == "ip";
      const auto verdict = is_needed ? Verdict::fail : Verdict::warn;
      findings_.push_back({program, is_missing ? verdict : Verdict::ok,
                           is_missing ? "not installed" : "installed",
                           "machines run the programs of this host",
                           is_missing ? "sudo apt install " + package_of(program) : ""});
    }
  }

  /// Where root is the only user, tcpdump cannot become another: the trap of one user.
  void judge_users() {
    if (!host_.uses_user_namespace || !host_.met.contains(Feature::seccomp)) return;
    const std::string why = "tcpdump and its like give up being root";
    const bool is_filtered = host_.met.at(Feature::seccomp) == 0;
    if (host_.has_subordinate_users)
      findings_.push_back({"users on machines", Verdict::ok, "newuidmap gives them", why, ""});
    else if (is_filtered)
      findings_.push_back({"users on machines", Verdict::ok,
                           "root only; whoever wants to become another is told that it did", why,
                           ""});
    else
      findings_.push_back(
          {"users on machines", Verdict::warn,
           "root only, and no seccomp filter: " + words_of(host_.met.at(Feature::seccomp)), why,
           "sudo apt install uidmap"});
  }

  void judge_room() {
    const int error = host_.run_directory_error;
    findings_.push_back({"run directory", error == 0 ? Verdict::ok : Verdict::fail,
                         host_.run_directory + (error == 0 ? "" : ": " + words_of(error)),
                         "labs keep their sockets in it",
                         error == 0 ? "" : "export SMOLSTACK_RUN_DIR=$(mktemp -d)"});
    const bool few = host_.open_files < enough_files;
    findings_.push_back({"open files", few ? Verdict::warn : Verdict::ok,
                         "at most " + std::to_string(host_.open_files),
                         "large labs hold several for each machine",
                         few ? "ulimit -n " + std::to_string(enough_files) : ""});
    const bool little = host_.memory_kibibytes < enough_memory;
    findings_.push_back({"memory", little ? Verdict::warn : Verdict::ok,
                         std::to_string(host_.memory_kibibytes >> 10) + " MiB are free",
                         "a machine takes some 5 MiB, and what its programs take",
                         little ? "smolstack down" : ""});
  }

  const Host& host_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::fail: return "fail";
  }
  return "?";
}

std::vector<Finding> judge(const Host& host) {
  return Judge(host).all();
}

bool labs_run(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings,
                              [](const Finding& each) { return each.verdict == Verdict::fail; });
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& each : findings) {
    std::string verdict(to_string(each.verdict));
    verdict.resize(6, ' ');
    text += verdict + each.name + ": " + each.found + "\n";
    if (each.verdict == Verdict::ok) continue;
    text += "      why: " + each.why + "\n      mend: " + each.mend + "\n";
  }
  return text + (labs_run(findings) ? "Labs run here.\n"
                                    : "No lab runs here until what failed is mended.\n");
}

Json findings_json(const std::vector<Finding>& findings) {
  Json rows = Json::array();
  for (const Finding& each : findings)
    rows.push_back({{"name", each.name},
                    {"verdict", to_string(each.verdict)},
                    {"found", each.found},
                    {"why", each.why},
                    {"mend", each.mend}});
  return {{"labs_run", labs_run(findings)}, {"findings", rows}};
}

}  // namespace smolstack::lab
