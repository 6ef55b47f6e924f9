#pragma once
// Snapshots as JSON, in iproute2's keys. What comes back is judged as if an enemy had written it.
//
//   {"node": "client", "stack": "smol", "running": true, "ip_forward": false, "rp_filter": 0,
//    "icmp_echo_ignore_all": false, "icmp_echo_ignore_broadcasts": true,
//    "interfaces": [{"ifname": "eth0", "network": "ten-one-net", "address": "02:42:0a:01:01:02",
//                    "mtu": 1500, "up": true, "carrier": true, "forwarding": true, "rp_filter": 0,
//                    "addr_info": [{"local": "10.1.1.2", "prefixlen": 24}]}],
//    "routes": [{"type": "unicast", "dst": "10.1.2.0/24", "gateway": "10.1.1.3", "dev": "eth0",
//                "protocol": "boot", "prefsrc": "10.1.1.2", "metric": 0}],
//    "listening": [{"protocol": "udp", "address": "0.0.0.0", "port": 53}],
//    "neighbors": [{"dst": "10.1.1.3", "dev": "eth0", "lladdr": "02:42:0a:01:01:03"}],
//    "hosts": [{"name": "server", "address": "10.1.2.2"}]}
//
// Only "node" must be there; the lists may come in pieces, see join_rows().

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/snapshot.hpp"

namespace smolstack::inspect {

using control::Json;

/// The most that one machine may have of each; what is longer is refused.
struct SnapshotLimits {
  std::size_t interfaces = 256;
  std::size_t addresses = 256;  ///< of one interface
  std::size_t routes = 100'000;
  std::size_t paths = 256;    ///< of one route
  std::size_t others = 4096;  ///< listening ports, neighbours, host names
  std::size_t name = 64;      ///< bytes of a name
};

Json to_json(const MachineSnapshot& machine);
/// The same in rows, so that a table of any length passes through a control socket: the first one
/// has the machine itself and its interfaces, the others up to 64 elements of one list.
std::vector<Json> to_rows(const MachineSnapshot& machine);
/// Rows put together: lists are joined, of all else the first one counts.
Json join_rows(const Json& rows);

/// An object of to_json(), or an array of to_rows(). Fails with invalid_argument and the place:
/// "reading the snapshot of client: routes[3].dst: \"10.1.1\" is no prefix". Unknown keys are left
/// alone.
Expected<MachineSnapshot, Error> machine_snapshot(const Json& json);

}  // namespace smolstack::inspect
