#pragma once
// Rows as text: what iproute2 prints, to the blank. The rows are those of control/ip_command.hpp,
// control/sysctl_command.hpp and control/stats_command.hpp, in one JSON array.

#include <string>

#include "smolstack/admin/ip_command.hpp"

namespace smolstack::control {

/// `ip addr`, `ip -br addr`, `ip -o addr`, `ip -4 addr`, `ip -s addr`.
std::string format_addresses(const Json& rows, const IpOptions& options);
/// `ip maddr`, `ip -o maddr`.
std::string format_groups(const Json& rows, const IpOptions& options);
/// `ip link`, `ip -br link`, `ip -o link`, `ip -s link`.
std::string format_links(const Json& rows, const IpOptions& options);
/// `ip route` and `ip route get`.
std::string format_routes(const Json& rows, const IpOptions& options);
/// `ip neigh` and `ip -s neigh`.
std::string format_neighbors(const Json& rows, const IpOptions& options);
/// Rows of `ip`, whatever its object, as text or as JSON.
std::string format_ip(const Json& rows, const IpRequest& request);

/// One line of `sysctl`: "net.ipv4.ip_forward = 1".
std::string format_setting(const Json& row);
/// All rows of `stats`, for people.
std::string format_stats(const Json& rows);

}  // namespace smolstack::control
