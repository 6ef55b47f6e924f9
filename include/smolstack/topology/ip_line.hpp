#pragma once
// An `ip` command of a script as far as checks look at it. Inside the room only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smolstack::topology {

/// What an `ip` command is about: one that adds a route, or one about addresses.
struct IpLine {
  enum class Kind : std::uint8_t { other, add_route, add_address, remove_address, flush_addresses };
  Kind kind = Kind::other;
  std::string what;                   ///< the prefix or the address, as written
  std::vector<std::string> gateways;  ///< several where a route has several ways
  std::vector<std::string> devices;
  bool onlink = false;  ///< the gateway need not be on a network of ours
};

/// Reads {"ip", WORD...} with iproute2's abbreviations.
IpLine parse_ip_line(const std::vector<std::string>& words);

}  // namespace smolstack::topology
