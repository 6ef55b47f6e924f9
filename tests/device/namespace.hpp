#pragma once
// A network namespace for a test program, with devices and the machine's own tools in it.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "device/own_namespaces.hpp"
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

/// Tests in namespaces of their own. Where these cannot be had the tests are skipped, or fail if
/// SMOL_REQUIRE_DEVICES=1.
class InNamespace : public Loop {
 protected:
  void SetUp() override {
    static const std::string missing = test::enter_own_namespaces();
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
