#include "smolstack/neighbor/machine.hpp"

namespace smolstack {
namespace {

using S = NeighborState;
using E = NeighborEvent;
using A = NeighborAction;

NeighborStep stay(NeighborState state) {
  return {.next = state, .keep_timer = true};
}

NeighborStep on_packet(NeighborState state, const NeighborTimers& t) {
  switch (state) {
    case S::none:
    case S::failed: return {S::incomplete, A::ask_everyone, t.retransmit};
    case S::stale: return {S::delay, A::none, t.first_probe};
    case S::incomplete:
    case S::reachable:
    case S::delay:
    case S::probe:
    case S::permanent: break;
  }
  return stay(state);
}

/// Hearing of a neighbour says that it is there, but not that it hears us: RFC 4861 §7.2.3 and
/// Linux make it stale, unless it is known to be reachable at that very address.
NeighborStep on_heard(NeighborState state) {
  switch (state) {
    case S::none:
    case S::incomplete:
    case S::failed: return {S::stale, A::send_waiting};
    case S::probe: return {S::stale};
    case S::stale:
    case S::delay:
    case S::reachable:
    case S::permanent: break;
  }
  return stay(state);
}

NeighborStep on_timeout(NeighborState state, std::uint8_t requests, const NeighborTimers& t) {
  const bool give_up = requests >= t.max_requests;
  switch (state) {
    case S::incomplete:
      if (give_up) return {S::failed, A::fail_waiting, t.failed};
      return {S::incomplete, A::ask_everyone, t.retransmit};
    case S::probe:
      if (give_up) return {S::failed, A::fail_waiting, t.failed};
      return {S::probe, A::ask_neighbor, t.retransmit};
    case S::delay: return {S::probe, A::ask_neighbor, t.retransmit};
    case S::reachable: return {S::stale};
    case S::failed: return {S::none, A::forget};
    case S::none:
    case S::stale:
    case S::permanent: break;
  }
  return {state};
}

}  // namespace

NeighborStep step(NeighborState state, NeighborEvent event, std::uint8_t requests,
                  const NeighborTimers& timers) {
  if (state == S::permanent) return stay(state);
  switch (event) {
    case E::packet: return on_packet(state, timers);
    case E::reply: return {S::reachable, A::send_waiting, timers.reachable};
    case E::heard: return on_heard(state);
    case E::moved: return {S::stale, A::send_waiting};
    case E::timeout: return on_timeout(state, requests, timers);
  }
  return stay(state);
}

std::string_view to_string(NeighborState state) {
  switch (state) {
    case S::none: return "NONE";
    case S::incomplete: return "INCOMPLETE";
    case S::reachable: return "REACHABLE";
    case S::stale: return "STALE";
    case S::delay: return "DELAY";
    case S::probe: return "PROBE";
    case S::failed: return "FAILED";
    case S::permanent: return "PERMANENT";
  }
  return "?";
}

}  // namespace smolstack
