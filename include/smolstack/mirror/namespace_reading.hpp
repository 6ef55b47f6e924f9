#pragma once
// The state of the network namespace that the calling thread is in, read once. Needs no rights and
// no stack: it serves a machine that runs on the kernel's stack as well.

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/mirror/rows.hpp"

namespace smolstack::mirror {

Expected<std::vector<LinkRow>, Error> read_links();
/// In the kernel's order: of each link the primary addresses first.
Expected<std::vector<AddressRow>, Error> read_addresses();
/// The main table.
Expected<std::vector<RouteRow>, Error> read_routes();
/// Of all, the default and every link.
Expected<std::vector<NetconfRow>, Error> read_netconf();
Expected<std::vector<NeighborRow>, Error> read_neighbors();

/// A port that a program waits on.
struct ListeningPort {
  std::uint8_t protocol = 17;  ///< 6 or 17
  Ipv4Address address{};       ///< 0.0.0.0: any
  std::uint16_t port = 0;

  friend auto operator<=>(const ListeningPort&, const ListeningPort&) = default;
};

/// TCP sockets that listen and UDP sockets without a peer, by protocol, port and address, each
/// once; those of IPv6 count where IPv4 reaches them too.
std::vector<ListeningPort> listening_ports(
    const std::filesystem::path& directory = "/proc/thread-self/net");
/// The same of the text of one such file. What is no row is passed over.
std::vector<ListeningPort> parse_ports(std::string_view text, std::uint8_t protocol);

}  // namespace smolstack::mirror
