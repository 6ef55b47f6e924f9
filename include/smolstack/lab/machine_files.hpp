#pragma once
// What a machine's programs see of the disk: the host's files, with an /etc, /var and /run of the
// machine's own on top, and its own /proc and /sys.

#include <filesystem>
#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// What the mounts are private to: changes do not reach the namespace that we came from.
Expected<void, Error> keep_mounts_private();
/// A fresh /proc for our PID namespace and a /sys for our network namespace.
Expected<void, Error> mount_proc_and_sys();
/// All of a machine's file system. `scratch` is a directory that may be covered for a moment. Must
/// run in the machine's own mount, PID and network namespaces.
Expected<void, Error> mount_machine(const topology::Machine& machine,
                                    const std::filesystem::path& scratch);

/// The text of the machine's /etc/hosts: localhost, itself, its extra hosts.
std::string hosts_file(const topology::Machine& machine);
/// `text` of an nsswitch.conf with hosts looked up in files first, then DNS, and nowhere else.
std::string nsswitch_file(const std::string& text);

}  // namespace smolstack::lab
