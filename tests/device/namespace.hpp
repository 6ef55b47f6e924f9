#pragma once
// A network namespace for a test program, with devices and the machine's own tools in it.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/machine.hpp"

namespace smolstack::io {

/// Runs a shell command; true: it succeeded.
inline bool shell(const std::string& command) {
  return std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c)
}

/// What a shell command prints.
inline std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  ::pclose(pipe);
  return text;
}

/// A shell command that runs beside the test and is killed with it.
class Child {
 public:
  explicit Child(const std::string& command) : pid_(::fork()) {
    if (pid_ == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
  }
  ~Child() {
    if (ended()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool ended() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  bool succeeded() { return ended() && status_ == 0; }

 private:
  pid_t pid_;
  int status_ = -1;
  bool ended_ = false;
};

/// Moves this process into namespaces of its own: network, mounts, and users unless root may do
/// without. Empty, or what is missing.
inline std::string enter_namespaces() {
  const std::string uid = std::to_string(::getuid());
  const std::string gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
      return "the right to make namespaces (root, or user namespaces)";
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " + uid + " 1";
    std::ofstream("/proc/self/gid_map") << "0 " + gid + " 1";
  }
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "/dev/net/tun, readable and writable";
  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (::mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0) return "a private /run";
  // An idle wire is silent: IPv6 would speak on every new link.
  for (const char* which : {"all", "default"})
    std::ofstream(std::string("/proc/sys/net/ipv6/conf/") + which + "/disable_ipv6") << "1";
  return shell("ip link set lo up") ? "" : "ip (iproute2)";
}

/// Tests in namespaces of their own. Where these cannot be had the tests are skipped, or fail if
/// SMOL_REQUIRE_DEVICES=1.
class InNamespace : public Loop {
 protected:
  void SetUp() override {
    static const std::string missing = enter_namespaces();
    if (missing.empty()) return;
    const char* const required = std::getenv("SMOL_REQUIRE_DEVICES");
    if (required != nullptr && std::string(required) == "1")
      FAIL() << missing << " is missing, and SMOL_REQUIRE_DEVICES=1";
    GTEST_SKIP() << missing << " is missing";
  }

  /// Does the command end well while our loops run?
  bool succeeds(const std::string& command) {
    Child child(command);
    return run_until([&] { return child.ended(); }, 20s) && child.succeeded();
  }
  /// Does the kernel, here or in another namespace, get an answer to each of its pings?
  bool kernel_pings(const std::string& address, const std::string& options = "-c 1",
                    const std::string& netns = "") {
    const std::string inside = netns.empty() ? "" : "nsenter --net=/run/netns/" + netns + " ";
    // Without a deadline (-w), which would have ping send again what was lost.
    return succeeds(inside + "ping -q -n -W 1 " + options + " " + address +
                    " | grep -q ' 0% packet loss'");
  }
};

}  // namespace smolstack::io
