#pragma once
// What `ping` was asked to do, in iputils' letters.

#include <cstdint>
#include <optional>
#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack::control {

/// `-M`: what becomes of a request that is too big for the way.
enum class PathMtu : std::uint8_t {
  want,  ///< DF while it fits, fragments where it is known not to (Linux's default)
  never_fragment,
  fragment,
};

struct PingOptions {
  std::string hostname;  ///< the destination as it was written
  Ipv4Address destination;
  std::uint64_t count = 0;  ///< 0: no end
  std::optional<Duration> interval;
  std::optional<Duration> deadline;            ///< -w
  Duration linger = std::chrono::seconds(10);  ///< -W
  std::size_t bytes = 56;
  std::string source;  ///< -I: an address or an interface
  std::uint8_t ttl = 0;
  PathMtu path_mtu = PathMtu::want;
  bool quiet = false;
  bool flood = false;
  bool broadcast = false;

  Duration pace() const {
    return interval.value_or(flood ? Duration::zero() : Duration(std::chrono::seconds(1)));
  }
  /// Replies tell their time when there is room for a time stamp in them.
  bool timing() const { return bytes >= 16; }
};

/// The error is what belongs on stderr.
Expected<PingOptions, std::string> parse_ping(const Words& words);

}  // namespace smolstack::control
