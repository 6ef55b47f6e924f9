#pragma once
// What the kernel says of a network namespace, as plain rows, and how to read them from the
// messages of rtnetlink(7). Interfaces are named by the kernel's own numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smolstack/route/route.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"

struct nlmsghdr;

namespace smolstack::mirror {

/// `lo` has this number in every network namespace.
inline constexpr unsigned loopback_ifindex = 1;
/// The table that `ip route` shows.
inline constexpr std::uint32_t main_table = 254;

struct LinkRow {
  unsigned ifindex = 0;
  std::string name;
  MacAddress mac{};
  std::uint32_t mtu = 0;
  bool up = false;       ///< what the administrator wants
  bool carrier = false;  ///< whether the cable is plugged in

  friend bool operator==(const LinkRow&, const LinkRow&) = default;
};

struct AddressRow {
  unsigned ifindex = 0;
  Ipv4Subnet subnet{};

  friend bool operator==(const AddressRow&, const AddressRow&) = default;
};

struct PathRow {
  Ipv4Address gateway{};
  unsigned ifindex = 0;
  std::uint16_t weight = 1;

  friend bool operator==(const PathRow&, const PathRow&) = default;
};

/// `route.interface` means nothing here: `ifindex` is the kernel's number, 0 for routes that lead
/// nowhere.
struct RouteRow {
  Ipv4Route route{};
  unsigned ifindex = 0;
  std::uint32_t table = main_table;
  std::uint8_t scope = 0;        ///< RT_SCOPE_UNIVERSE, RT_SCOPE_LINK ...
  std::vector<PathRow> paths{};  ///< of a route with several; `ifindex` is then 0

  friend bool operator==(const RouteRow&, const RouteRow&) = default;
};

/// net.ipv4.conf.*: of one link, or of all or the default (the kernel's numbers below 0).
struct NetconfRow {
  static constexpr int all = -1;

  std::int32_t ifindex = 0;
  std::optional<std::int32_t> forwarding{};  ///< not 0: on
  std::optional<std::int32_t> rp_filter{};   ///< 0 to 2
};

struct NeighborRow {
  unsigned ifindex = 0;
  Ipv4Address address{};
  MacAddress mac{};
  std::uint16_t state = 0;  ///< NUD_REACHABLE ... of linux/neighbour.h
};

// Each takes a message of its kind and gives nothing for one that is malformed or of another
// family, or says what smolstack has no word for (a route with a TOS, a proxy neighbour).
std::optional<LinkRow> parse_link(const nlmsghdr& message);
std::optional<AddressRow> parse_address(const nlmsghdr& message);
std::optional<RouteRow> parse_route(const nlmsghdr& message);
std::optional<NetconfRow> parse_netconf(const nlmsghdr& message);
std::optional<NeighborRow> parse_neighbor(const nlmsghdr& message);

}  // namespace smolstack::mirror
