#pragma once
// A machine without a lab: a process that is the first one of its own namespaces, and sleeps.

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "smolstack/lab/start.hpp"

namespace smolstack::test {

enum class Users { as_here, of_its_own };

class FakeMachine {
 public:
  FakeMachine(const std::string& name, Users users) : name_(name) {
    int ready[2] = {-1, -1};
    if (::pipe(ready) != 0) return;
    keeper_ = ::fork();
    if (keeper_ == 0) keep(ready[1], users);
    ::close(ready[1]);
    pid_t pid = 0;
    if (::read(ready[0], &pid, sizeof pid) == sizeof pid) pid_ = pid;
    ::close(ready[0]);
  }
  ~FakeMachine() { end(); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  /// False: this host lets nobody make such namespaces.
  bool runs() const { return pid_ > 0; }
  lab::Target target() const { return {name_, pid_}; }

  void kill() const { ::kill(pid_, SIGKILL); }
  void end() {
    if (pid_ > 0) kill();
    if (keeper_ > 0) ::waitpid(keeper_, nullptr, 0);
    keeper_ = pid_ = -1;
  }

 private:
  static void map_root(uid_t uid, gid_t gid) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  }

  /// The process beside it: says which one the machine is, and ends after it.
  [[noreturn]] void keep(int ready, Users users) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const uid_t uid = ::getuid();
    const gid_t gid = ::getgid();
    const int own_users = users == Users::of_its_own ? CLONE_NEWUSER : 0;
    if (::unshare(own_users | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS) != 0)
      ::_exit(1);
    if (users == Users::of_its_own) map_root(uid, gid);
    int alive[2] = {-1, -1};
    if (::pipe(alive) != 0) ::_exit(1);
    const pid_t machine = ::fork();
    if (machine == 0) be_machine(alive[1]);
    char byte = 0;
    if (::read(alive[0], &byte, 1) == 1) (void)!::write(ready, &machine, sizeof machine);
    ::close(ready);
    ::waitpid(machine, nullptr, 0);
    ::_exit(0);
  }

  [[noreturn]] void be_machine(int alive) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    ::mount("proc", "/proc", "proc", 0, nullptr);
    ::sethostname(name_.data(), name_.size());
    (void)!::write(alive, "+", 1);
    for (;;) ::pause();
  }

  std::string name_;
  pid_t keeper_ = -1;
  pid_t pid_ = -1;
};

/// Each test runs on machines of this user and, as root, on machines that share our users. Where
/// they cannot be had it is skipped, or fails if SMOL_REQUIRE_DEVICES=1.
class OnMachines : public testing::TestWithParam<Users> {
 protected:
  void SetUp() override {
    if (FakeMachine("probe", GetParam()).runs()) return;
    const char* const required = std::getenv("SMOL_REQUIRE_DEVICES");
    if (GetParam() == Users::of_its_own && required != nullptr && std::string(required) == "1")
      FAIL() << "namespaces cannot be made here, and SMOL_REQUIRE_DEVICES=1";
    GTEST_SKIP() << "namespaces cannot be made here";
  }
};

inline std::string users_name(const testing::TestParamInfo<Users>& info) {
  return info.param == Users::as_here ? "UsersAsHere" : "UsersOfItsOwn";
}

}  // namespace smolstack::test
