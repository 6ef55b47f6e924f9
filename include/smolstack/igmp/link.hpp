#pragma once
// What a host remembers of the groups of one interface, and of the routers that ask about them.

#include <cstdint>
#include <optional>
#include <vector>

#include "smolstack/base/time.hpp"
#include "smolstack/packet/queue.hpp"
#include "smolstack/time/timer_wheel.hpp"
#include "smolstack/wire/igmp.hpp"

namespace smolstack {

/// RFC 3376 §8, with what a querier may say otherwise.
namespace igmp_default {
inline constexpr std::uint8_t robustness = 2;                            // §8.1
inline constexpr Duration query_interval = std::chrono::seconds(125);    // §8.2
inline constexpr Duration response_interval = std::chrono::seconds(10);  // §8.3
inline constexpr Duration v3_repeat = std::chrono::seconds(1);           // §8.11
inline constexpr Duration v2_repeat = std::chrono::seconds(10);          // RFC 2236 §8.10
}  // namespace igmp_default

/// Something that is still to be sent.
struct IgmpTimer {
  TimerId id = TimerId::none;
  Instant due{};
};

/// One group, while it is joined or somebody has still to be told that it was left.
struct IgmpGroup {
  Ipv4Address address{};
  bool joined = true;
  /// Nobody else has reported it after us: leaving it is worth a message (RFC 2236 §3).
  bool reported_last = false;
  /// How often it has still to be said, unasked, that it was joined or left.
  std::uint8_t repeats = 0;
  /// The answer to a query; in versions 1 and 2 also the next unasked report.
  std::optional<IgmpTimer> answer{};
  /// The sources that queries asked for; none: they asked for the whole group (RFC 3376 §5.2).
  std::vector<Ipv4Address> asked{};
};

/// One interface. A value: what happens to it is decided in Igmp.
struct IgmpLink {
  std::vector<IgmpGroup> groups{};
  IgmpVersion mode = IgmpVersion::v3;  ///< as of the last event: see mode_at()
  Instant v1_until{};                  ///< a querier of version 1 counts as present until then
  Instant v2_until{};
  std::uint8_t robustness = igmp_default::robustness;
  Duration query_interval = igmp_default::query_interval;
  std::optional<IgmpTimer> general{};  ///< the answer to a general query of version 3
  std::optional<IgmpTimer> changes{};  ///< the next state-change report
  PacketQueue outgoing{};

  IgmpGroup* find(Ipv4Address group);
  /// The same, of groups that are joined.
  IgmpGroup* find_joined(Ipv4Address group);
  /// RFC 3376 §7.2.1: the oldest version whose querier counts as present.
  IgmpVersion mode_at(Instant now) const;
  /// RFC 3376 §8.12: how long a querier of an older version counts as present.
  Duration older_querier_interval() const {
    return robustness * query_interval + igmp_default::response_interval;
  }
};

}  // namespace smolstack
