#pragma once
// Namespaces for a test program: nothing outside sees what it does there, and all of it ends with
// the program.

#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <unistd.h>

namespace smolstack::test {

/// Moves this process into namespaces of its own: network, mounts, and users unless root may do
/// without. Empty, or what is missing.
inline std::string enter_own_namespaces() {
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
  return std::system("ip link set lo up") == 0 ? "" : "ip (iproute2)";
}

}  // namespace smolstack::test
