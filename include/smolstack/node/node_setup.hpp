#pragma once
// From a configuration to a stack: at the start, and again when the file has changed.

#include <string>
#include <vector>

#include "smolstack/node/node_config.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {

/// What a Stack for this machine is made with.
StackOptions stack_options(const NodeConfig& node);
/// The interface's link address: the one it was given, else 02:42 and its first IPv4 address,
/// else 02:42 and four random bytes.
MacAddress mac_of(const InterfaceConfig& interface, Random& random);

/// A route of the configuration, and where it says so.
struct NamedRoute {
  WrittenWord written;
  Ipv4Route route;
};
/// What the gateway and the routes of a configuration mean on this machine.
Expected<std::vector<NamedRoute>, Complaint> routes_of(Stack& stack, const NodeConfig& node);
/// Adds one; the complaint says where it is written and what would be right.
Expected<void, Complaint> add_route(Stack& stack, const NamedRoute& named);

/// Gives a new stack its interfaces, addresses, groups and routes.
Expected<void, Complaint> configure(Stack& stack, const NodeConfig& node, Instant now);

/// Brings addresses, groups, routes and forwarding from what `before` said to what `after` says.
/// What was changed by hand stays, unless the file names it. Returns a line for each change; what
/// cannot follow while the machine runs is said, too.
std::vector<std::string> reconfigure(Stack& stack, const NodeConfig& before,
                                     const NodeConfig& after, Instant now);
/// The configuration that a machine runs with after reconfigure(): interfaces are as they were
/// opened, the rest has followed.
NodeConfig as_running(const NodeConfig& before, const NodeConfig& after);

}  // namespace smolstack::control
