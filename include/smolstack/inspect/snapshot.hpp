#pragma once
// What the machines of a lab believe at one moment: the tables that decide about packets. Made from
// running machines (their command `snapshot`) or from a lab file; read by `why` and `check`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/route/route.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::inspect {

struct InterfaceSnapshot {
  std::string name;
  std::string network;  ///< the lab's network that its wire belongs to; empty: none
  MacAddress mac;
  std::uint32_t mtu = 1500;
  bool up = true;              ///< what the administrator wants
  bool carrier = true;         ///< whether the cable is plugged in
  bool forwarding = true;      ///< its own switch; MachineSnapshot::forwarding must be on too
  std::uint8_t rp_filter = 0;  ///< 0 off, 1 strict, 2 loose; the higher of this and the machine's
  std::vector<Ipv4Subnet> addresses;
};

/// One of a route's several ways.
struct PathSnapshot {
  Ipv4Address gateway;
  std::string device;
  std::uint16_t weight = 1;
};

/// A route by the names of things. `route.interface` and `route.paths` mean nothing here.
struct RouteSnapshot {
  Ipv4Route route;
  std::string device;  ///< empty for routes that lead nowhere (blackhole and its like)
  std::vector<PathSnapshot> paths{};  ///< none, or two and more
};

struct ListeningPort {
  std::uint8_t protocol = 17;  ///< 6 or 17
  Ipv4Address address;         ///< 0.0.0.0: any
  std::uint16_t port = 0;
};

/// A link address that an administrator fixed (`ip neigh ... nud permanent`).
struct NeighborSnapshot {
  std::string device;
  Ipv4Address address;
  MacAddress mac;
};

/// A name that the machine can resolve by itself (/etc/hosts).
struct HostName {
  std::string name;
  Ipv4Address address;
};

struct MachineSnapshot {
  std::string name;
  topology::StackKind stack = topology::StackKind::smol;
  bool running = true;
  bool forwarding = false;     ///< net.ipv4.ip_forward
  std::uint8_t rp_filter = 0;  ///< net.ipv4.conf.all.rp_filter
  bool echo_ignore_all = false;
  bool echo_ignore_broadcasts = true;
  std::vector<InterfaceSnapshot> interfaces;  ///< without lo
  std::vector<RouteSnapshot> routes;          ///< the main table, connected networks and all
  std::vector<ListeningPort> listening;
  std::vector<NeighborSnapshot> permanent_neighbors;
  std::vector<HostName> hosts;

  const InterfaceSnapshot* find(std::string_view interface) const;
  InterfaceSnapshot* find(std::string_view interface);
  /// The interface that has `address`; nullptr: it is not this machine's.
  const InterfaceSnapshot* holder_of(Ipv4Address address) const;
};

struct LabSnapshot {
  std::vector<MachineSnapshot> machines;
  std::vector<std::string> networks;

  const MachineSnapshot* find(std::string_view machine) const;
  MachineSnapshot* find(std::string_view machine);
  /// The first machine that has `address`, running or not.
  const MachineSnapshot* holder_of(Ipv4Address address) const;
};

}  // namespace smolstack::inspect
