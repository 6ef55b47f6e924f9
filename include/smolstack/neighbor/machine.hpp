#pragma once
// The life of a neighbour: RFC 4861 §7.3.2 applied to ARP, with Linux's state names. A pure
// function; the table around it (neighbor/cache.hpp) owns entries, waiting packets and timers.

#include <cstdint>
#include <optional>
#include <string_view>

#include "smolstack/base/time.hpp"

namespace smolstack {

enum class NeighborState : std::uint8_t {
  none,        ///< just made, nothing known
  incomplete,  ///< asked, not answered yet
  reachable,   ///< answered us a short while ago
  stale,       ///< an address is known; whether it is still right is not
  delay,       ///< stale and in use: asked again soon
  probe,       ///< being asked again, by unicast
  failed,      ///< did not answer
  permanent,   ///< an administrator said so
};

enum class NeighborEvent : std::uint8_t {
  packet,   ///< somebody wants to send to it
  reply,    ///< it answered our question
  heard,    ///< its address was heard otherwise: a request from it, a gratuitous ARP
  moved,    ///< like heard, and the address is another than the one we had
  timeout,  ///< the timer of its state ran out
};

enum class NeighborAction : std::uint8_t {
  none,
  ask_everyone,  ///< broadcast request
  ask_neighbor,  ///< unicast request (RFC 1122 §2.3.2.1)
  send_waiting,
  fail_waiting,
  forget,
};

struct NeighborTimers {
  Duration retransmit = std::chrono::seconds(1);  ///< RFC 1122 §2.3.2.1: at most one a second
  Duration reachable = std::chrono::seconds(30);  ///< RFC 4861 §10; randomised by the caller
  Duration first_probe = std::chrono::seconds(5);
  Duration failed = std::chrono::seconds(30);  ///< how long a failure stays visible
  std::uint8_t max_requests = 3;
};

/// What an event makes of a neighbour. Without a timer the old one is cancelled.
struct NeighborStep {
  NeighborState next;
  NeighborAction action = NeighborAction::none;
  std::optional<Duration> timer{};
  bool keep_timer = false;  ///< the event changed nothing about when to look again
};

/// `requests` is how many requests have gone out since the last answer.
NeighborStep step(NeighborState state, NeighborEvent event, std::uint8_t requests,
                  const NeighborTimers& timers);

/// Is a link address known, so that packets may go out now?
constexpr bool has_address(NeighborState state) {
  using enum NeighborState;
  return state == reachable || state == stale || state == delay || state == probe ||
         state == permanent;
}

std::string_view to_string(NeighborState state);  ///< "REACHABLE", as `ip neigh` prints it

}  // namespace smolstack
