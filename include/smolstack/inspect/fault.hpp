#pragma once
// The first thing that keeps a packet or its answer from arriving.

#include <optional>
#include <string>
#include <vector>

#include "smolstack/inspect/probe.hpp"
#include "smolstack/inspect/snapshot.hpp"
#include "smolstack/inspect/trace.hpp"

namespace smolstack::inspect {

/// A command for a machine that would mend something.
struct Mend {
  std::string node;
  std::string command;
  friend bool operator==(const Mend&, const Mend&) = default;
};

/// Words that are not drop reasons, for what no machine ever dropped.
namespace no_drop {
inline constexpr std::string_view no_such_address = "no_such_address";  ///< nobody has it
inline constexpr std::string_view not_running = "not_running";          ///< the machine that asks
inline constexpr std::string_view no_answer = "no_answer";  ///< taken in, and nobody says a word
}  // namespace no_drop

struct Fault {
  Leg leg = Leg::request;
  std::string at;      ///< the machine where it ends
  std::string reason;  ///< the word of a DropReason, or one of no_drop
  Ipv4Address target;  ///< where the packet of this leg was going
  Ipv4Address origin;  ///< and whence
  std::string in;      ///< the interface it came in by; empty: it began here
  std::string out;     ///< the interface it was to leave by; empty: none was found
  Ipv4Address next_hop;
  std::vector<std::string> way;   ///< the machines of this leg up to the end, in order
  std::vector<std::string> loop;  ///< those it went round in, until the end; empty: no loop
  std::vector<Mend> mends;        ///< together they mend this; none known: empty
  std::string text;               ///< what describe() says

  friend bool operator==(const Fault&, const Fault&) = default;
};

/// What went wrong first; nothing: the answer came home.
std::optional<Fault> first_fault(const LabSnapshot& lab, const Probe& probe, const Trace& trace);

/// "The request arrived at client; client has no route to 10.1.2.2 for the reply." Why it happened
/// is read from the snapshot.
std::string describe(const Fault& fault, const LabSnapshot& lab, const Probe& probe);

/// The route that a machine would take to `target`; nullptr: none. Its own addresses and networks
/// that it is on count too.
const RouteSnapshot* route_towards(const MachineSnapshot& machine, Ipv4Address target);

}  // namespace smolstack::inspect
