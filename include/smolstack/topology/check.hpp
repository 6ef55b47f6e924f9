#pragma once
// Mistakes in a lab that can be seen without sending a packet: addresses that collide or lie
// outside their network, gateways that are none.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/topology/finding.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

inline constexpr std::size_t most_findings = 1000;  ///< of a check; a page of them is enough

/// Everything that is wrong with addresses, link addresses, subnets, and the routes that start-up
/// scripts and stages add; in the order of the lab, each once.
std::vector<Finding> check_addresses(const Lab& lab);

/// The part of it that is about interfaces and networks as the file has them.
std::vector<Finding> check_interfaces(const Lab& lab);
/// The part of it that is about what is run: the start-up scripts and one stage (empty: none).
std::vector<Finding> check_routes(const Lab& lab, std::string_view stage);

/// One finding a line, as text ("lab.yaml:7: error: what; mend") or as a JSON object with the keys
/// severity, file, line, what, mend.
std::string format_findings(std::span<const Finding> findings, bool json);

}  // namespace smolstack::topology
