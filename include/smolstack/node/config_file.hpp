#pragma once
// A machine's configuration as YAML: the words of the flags, each with its line for complaints.
//
//   name: router
//   forward: on
//   routes: ["10.9.0.0/16 via 10.1.2.9"]
//   interfaces:
//     - { tap: tap-r1, ifname: eth0, ip: 10.1.2.3/24 }
//     - { tap: tap-r2, ifname: eth1, ip: [10.1.1.3/24, 10.1.1.4/24], mtu: 1400 }

#include <filesystem>
#include <string>

#include "smolstack/node/node_config.hpp"

namespace smolstack::control {

/// Reads the file on top of `node`. The complaint begins with FILE:LINE.
Expected<NodeConfig, Complaint> read_config_file(const std::filesystem::path& path,
                                                 NodeConfig node = {});
/// The same for a text; `file` is what complaints call it.
Expected<NodeConfig, Complaint> parse_config(const std::string& text, const std::string& file,
                                             NodeConfig node = {});

}  // namespace smolstack::control
