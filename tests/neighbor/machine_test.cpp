// The neighbour's life as a table: every state and every event.

#include "smolstack/neighbor/machine.hpp"

#include <gtest/gtest.h>

namespace smolstack {
namespace {

using enum NeighborState;
using Event = NeighborEvent;
using Action = NeighborAction;

struct Row {
  NeighborState state;
  Event event;
  std::uint8_t requests;
  NeighborState next;
  Action action;
};

const Row rows[] = {
    // Somebody wants to send.
    {none, Event::packet, 0, incomplete, Action::ask_everyone},
    {failed, Event::packet, 3, incomplete, Action::ask_everyone},
    {incomplete, Event::packet, 1, incomplete, Action::none},  // RFC 1122 §2.3.2.1: no flooding
    {stale, Event::packet, 0, delay, Action::none},
    {delay, Event::packet, 0, delay, Action::none},
    {probe, Event::packet, 1, probe, Action::none},
    {reachable, Event::packet, 0, reachable, Action::none},
    {permanent, Event::packet, 0, permanent, Action::none},
    // It answered.
    {incomplete, Event::reply, 1, reachable, Action::send_waiting},
    {delay, Event::reply, 0, reachable, Action::send_waiting},
    {probe, Event::reply, 2, reachable, Action::send_waiting},
    {permanent, Event::reply, 0, permanent, Action::none},
    // It was heard of.
    {incomplete, Event::heard, 2, stale, Action::send_waiting},
    {failed, Event::heard, 3, stale, Action::send_waiting},
    {none, Event::heard, 0, stale, Action::send_waiting},
    {stale, Event::heard, 0, stale, Action::none},
    {delay, Event::heard, 0, delay, Action::none},
    {probe, Event::heard, 2, stale, Action::none},
    {reachable, Event::heard, 0, reachable, Action::none},
    {permanent, Event::heard, 0, permanent, Action::none},
    // With another link address than before.
    {reachable, Event::moved, 0, stale, Action::send_waiting},
    {delay, Event::moved, 0, stale, Action::send_waiting},
    {probe, Event::moved, 1, stale, Action::send_waiting},
    {permanent, Event::moved, 0, permanent, Action::none},
    // Time passed.
    {incomplete, Event::timeout, 1, incomplete, Action::ask_everyone},
    {incomplete, Event::timeout, 2, incomplete, Action::ask_everyone},
    {incomplete, Event::timeout, 3, failed, Action::fail_waiting},
    {reachable, Event::timeout, 0, stale, Action::none},
    {delay, Event::timeout, 0, probe, Action::ask_neighbor},  // RFC 1122 §2.3.2.1: unicast poll
    {probe, Event::timeout, 1, probe, Action::ask_neighbor},
    {probe, Event::timeout, 2, probe, Action::ask_neighbor},
    {probe, Event::timeout, 3, failed, Action::fail_waiting},
    {failed, Event::timeout, 3, none, Action::forget},
    {permanent, Event::timeout, 0, permanent, Action::none},
};

TEST(NeighborMachine, FollowsItsTable) {
  for (const Row& row : rows) {
    const NeighborStep is = step(row.state, row.event, row.requests, {});
    EXPECT_EQ(is.next, row.next) << to_string(row.state) << " on " << int(row.event) << " gives "
                                 << to_string(is.next);
    EXPECT_EQ(is.action, row.action) << to_string(row.state) << " on " << int(row.event);
  }
}

TEST(NeighborMachine, AsksOnceASecond) {  // RFC 1122 §2.3.2.1
  EXPECT_EQ(step(none, Event::packet, 0, {}).timer, std::chrono::seconds(1));
  EXPECT_EQ(step(incomplete, Event::timeout, 1, {}).timer, std::chrono::seconds(1));
  EXPECT_EQ(step(probe, Event::timeout, 1, {}).timer, std::chrono::seconds(1));
}

TEST(NeighborMachine, LooksAgainFiveSecondsAfterUse) {  // RFC 4861 §10: DELAY_FIRST_PROBE_TIME
  EXPECT_EQ(step(stale, Event::packet, 0, {}).timer, std::chrono::seconds(5));
}

TEST(NeighborMachine, DoesNotPutOffATimerThatRuns) {
  for (const auto state : {incomplete, delay, probe}) {
    const auto is = step(state, Event::packet, 1, {});
    EXPECT_TRUE(is.keep_timer) << to_string(state);
  }
}

TEST(NeighborStates, HaveTheNamesOfIpNeigh) {
  const std::string_view names[] = {"NONE",  "INCOMPLETE", "REACHABLE", "STALE",
                                    "DELAY", "PROBE",      "FAILED",    "PERMANENT"};
  for (std::uint8_t i = 0; i < 8; ++i) EXPECT_EQ(to_string(NeighborState(i)), names[i]);
}

}  // namespace
}  // namespace smolstack
