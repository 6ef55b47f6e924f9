#pragma once
// Where root is the only user there is, programs that want to become another (tcpdump, traceroute)
// cannot and end. Here they are told that they did.

#include <istream>

#include "smolstack/base/expected.hpp"

namespace smolstack::lab {

/// Reads user_namespaces(7)'s uid_map: lines of "INSIDE OUTSIDE LENGTH".
bool has_one_user(std::istream& uid_map);
/// Whether our own user namespace has just one.
bool has_one_user();

/// From here on setuid, setgid, setgroups and their like answer success and do nothing, in this
/// process and all that it starts. Fails with not_supported on machines whose system calls we do
/// not know (there are x86_64 and aarch64), and where seccomp is refused.
Expected<void, Error> pretend_to_change_users();

}  // namespace smolstack::lab
