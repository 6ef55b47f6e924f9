#include "smolstack/lab/namespaces.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <optional>
#include <pwd.h>
#include <spawn.h>
#include <sstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "smolstack/lab/argument_vector.hpp"

namespace smolstack::lab {
namespace {

using io::Descriptor;

int run(const std::function<int()>& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    (void)::dprintf(STDERR_FILENO, "smolstack: %s\n", error.what());
    return 2;
  }
}

/// A range of user or group numbers that /etc/subuid or /etc/subgid gives to a user.
struct SubordinateRange {
  std::string first;
  std::string count;
};

std::optional<SubordinateRange> subordinate_range(const char* file, const std::string& user) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name, first, count;
    if (std::getline(fields, name, ':') && std::getline(fields, first, ':') &&
        std::getline(fields, count) && name == user)
      return SubordinateRange{first, count};
  }
  return std::nullopt;
}

bool run_program(const std::vector<std::string>& words) {
  const auto argv = argument_vector(words);
  pid_t pid = 0;
  int status = 0;
  return ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) == 0 &&
         ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Root and the subordinate users, by the set-user-ID helpers of package uidmap.
bool map_many(pid_t child) {
  const passwd* const user = ::getpwuid(::geteuid());
  if (user == nullptr || ::geteuid() == 0) return false;
  const std::string name = user->pw_name;
  const auto users = subordinate_range("/etc/subuid", name);
  const auto groups = subordinate_range("/etc/subgid", name);
  if (!users || !groups) return false;
  const std::string pid = std::to_string(child);
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  return run_program({"newuidmap", pid, "0", uid, "1", "1", users->first, users->count}) &&
         run_program({"newgidmap", pid, "0", gid, "1", "1", groups->first, groups->count});
}

}  // namespace

Expected<Child, Error> fork_into(int flags, const std::function<int()>& body) {
  int pidfd = -1;
  clone_args how{};
  how.flags = static_cast<unsigned>(flags | CLONE_PIDFD);
  how.exit_signal = SIGCHLD;
  how.pidfd = std::bit_cast<std::uintptr_t>(&pidfd);
  const long pid = ::syscall(SYS_clone3, &how, sizeof how);
  if (pid < 0) return failed(errno, "making a process in namespaces of its own");
  if (pid == 0) ::_exit(run(body));
  return Child{static_cast<pid_t>(pid), Descriptor(pidfd)};
}

std::string reap(Child& child) {
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0)
    if (errno != EINTR) return "ended unseen";
  child.pidfd.close();
  if (WIFEXITED(status)) return "exited with " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

Expected<void, Error> map_users(pid_t child) {
  if (map_many(child)) return {};
  const std::string process = "/proc/" + std::to_string(child) + "/";
  // user_namespaces(7): a group map of our own needs setgroups(2) given up.
  if (auto done = write_proc(process + "setgroups", "deny"); !done) return done;
  const std::string uid = "0 " + std::to_string(::geteuid()) + " 1";
  const std::string gid = "0 " + std::to_string(::getegid()) + " 1";
  if (auto done = write_proc(process + "uid_map", uid); !done) return done;
  return write_proc(process + "gid_map", gid);
}

void close_all_but(std::initializer_list<int> kept) {
  std::vector<int> sorted(kept);
  std::ranges::sort(sorted);
  unsigned next = 3;
  for (const int number : sorted) {
    if (number < static_cast<int>(next)) continue;
    if (static_cast<unsigned>(number) > next)
      (void)::syscall(SYS_close_range, next, static_cast<unsigned>(number) - 1, 0);
    next = static_cast<unsigned>(number) + 1;
  }
  (void)::syscall(SYS_close_range, next, ~0u, 0);
}

Expected<void, Error> write_proc(const std::string& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.number(), text.data(), text.size()) < 0)
    return failed(errno, "writing " + text + " to " + path);
  return {};
}

void switch_ipv6_off() {
  // Where the kernel has no IPv6 there is nothing to switch off.
  (void)write_proc("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  (void)write_proc("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

}  // namespace smolstack::lab
