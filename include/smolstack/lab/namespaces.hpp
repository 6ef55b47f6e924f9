#pragma once
// Processes in namespaces of their own (namespaces(7)).

#include <functional>
#include <string>
#include <sys/types.h>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/descriptor.hpp"

namespace smolstack::lab {

/// A child process and a descriptor that becomes readable when it ends (pidfd_open(2)).
struct Child {
  pid_t pid = 0;
  io::Descriptor pidfd;
};

/// Forks into the namespaces that `flags` name (CLONE_NEWPID and its like). The child runs `body`
/// and ends with what it returns; nothing else of the parent runs there, no destructor either.
/// The parent must have one thread.
Expected<Child, Error> fork_into(int flags, const std::function<int()>& body);

/// How a child ended: waits for it. "exited with 1", "killed by signal 9 (Killed)".
std::string reap(Child& child);

/// Makes the children of a fresh user namespace: `child` is root there, and nobody else exists but
/// who /etc/subuid gives us (where newuidmap is installed).
Expected<void, Error> map_users(pid_t child);

/// Closes every descriptor from 3 up that is not in `kept`.
void close_all_but(std::initializer_list<int> kept);

/// Writes a file of /proc: "1" to net/ipv4/ip_forward.
Expected<void, Error> write_proc(const std::string& path, const std::string& text);

/// Switches IPv6 off in the network namespace: a wire without traffic is silent.
void switch_ipv6_off();

}  // namespace smolstack::lab
