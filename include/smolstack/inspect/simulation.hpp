#pragma once
// A lab in memory: a whole stack for each machine of a snapshot, wires between them, one virtual
// clock. A probe is really sent, and what becomes of it is watched; so nothing about routing is
// written a second time here.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "smolstack/inspect/probe.hpp"
#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::inspect {

/// What one probe may cost. Loops end by their TTL and neighbours fail after three seconds of
/// virtual time, long before.
struct SimulationLimits {
  std::uint64_t frames = 50'000;
  Duration time = std::chrono::seconds(90);
  std::size_t hops = 1024;  ///< that are written down
};

class Simulation {
 public:
  /// Machines that do not run have no stack, and their wires end in the air. `like` says what
  /// kind of probe is to come: whoever listens for it answers. The snapshot must outlive us.
  Simulation(const LabSnapshot& lab, const Probe& like, const SimulationLimits& limits = {});
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// Sends a probe of the protocol and port that were announced, and follows it and its answer to
  /// the end. Neighbours stay known from one run to the next.
  Trace run(const Probe& probe);

  /// The machine's stack; nullptr when there is no such machine, or it does not run.
  Stack* stack_of(std::string_view machine);
  /// How many frames were put on wires so far: what all this cost.
  std::uint64_t frames() const { return frames_; }

 private:
  static constexpr std::size_t nowhere = ~std::size_t{0};

  struct Station;
  struct Port {
    Station& station;
    Interface& interface;
    std::size_t wire = nowhere;  ///< its place in wires_
  };
  /// One machine, and what its counters said when they were last looked at.
  struct Station {
    const MachineSnapshot& machine;
    std::unique_ptr<Stack> stack;
    std::vector<std::unique_ptr<Port>> ports{};
    std::vector<DropCounters> drops{};  ///< by IfIndex, from 1
    StackCounters counters{};
  };
  struct Frame {
    const Port* from;
    std::vector<std::byte> bytes;
    std::optional<Role> role{};  ///< none: it is no IPv4
  };
  /// What a machine has just had in hand while its counters moved. Without a role: a timer ran, or
  /// something that is no IPv4 came in.
  struct Occasion {
    Station& station;
    std::optional<Role> role{};
    const Interface* in = nullptr;
  };

  void add_station(const MachineSnapshot& machine);
  void plug(Station& station, const InterfaceSnapshot& interface);
  bool serves(const MachineSnapshot& machine) const;

  void send(Station& from);
  void answer(Station& server);
  void settle();
  bool advance();
  bool is_something_waiting() const;
  void carry(const Frame& frame);
  void take_in(Port& port, const Frame& frame);
  void collect(Station& station);

  void watch_arrival(const Port& port, const Frame& frame);
  void watch_departure(const Frame& frame);
  void look_at(const Occasion& occasion);
  void note_deliveries(const Occasion& occasion);
  void note_drops(const Occasion& occasion, bool was_delivered);
  void note_loss(const Occasion& occasion, Leg leg, DropReason reason);
  void hear(Station& station);

  const LabSnapshot& lab_;
  Probe probe_;
  SimulationLimits limits_;
  Trace trace_;
  std::vector<std::unique_ptr<Station>> stations_;
  std::vector<std::vector<Port*>> wires_;  ///< by network, in the order of their first port
  std::vector<std::string> wire_names_;
  std::deque<Frame> in_flight_;
  Instant now_;
  Instant end_;
  std::uint64_t frames_ = 0;
  std::uint64_t frames_allowed_ = 0;
  bool is_answered_for_ = false;  ///< the server has said its word
};

}  // namespace smolstack::inspect
