#include "smolstack/inspect/fault.hpp"

#include <algorithm>

namespace smolstack::inspect {
namespace {

/// The machines between two visits to the same one, the first visited first.
std::vector<std::string> loop_of(const std::vector<std::string>& way) {
  for (std::size_t i = 1; i < way.size(); ++i) {
    const auto here = way.begin() + static_cast<std::ptrdiff_t>(i);
    const auto before = std::find(way.begin(), here, *here);
    if (before != here) return {before, here};
  }
  return {};
}

std::vector<std::string> way_of(const Trace& trace, Leg leg) {
  std::vector<std::string> way;
  for (const Hop& hop : trace.hops)
    if (hop.leg == leg && (way.empty() || way.back() != hop.machine)) way.push_back(hop.machine);
  return way;
}

Fault fault_of(const Loss& loss, const Trace& trace) {
  const bool is_request = loss.leg == Leg::request;
  Fault fault;
  fault.leg = loss.leg;
  fault.at = loss.machine;
  fault.reason = to_string(loss.reason);
  fault.target = is_request ? trace.destination : trace.source;
  fault.origin = is_request ? trace.source : trace.destination;
  fault.in = loss.in;
  fault.out = loss.out;
  fault.next_hop = loss.next_hop;
  fault.way = way_of(trace, loss.leg);
  if (fault.way.empty() || (loss.reason != DropReason::ttl_expired && fault.way.back() != fault.at))
    fault.way.push_back(fault.at);
  fault.loop = loop_of(fault.way);
  return fault;
}

Fault without_loss(std::string_view reason, std::string at, const Probe& probe,
                   const Trace& trace) {
  Fault fault;
  fault.at = std::move(at);
  fault.reason = reason;
  fault.target = probe.destination;
  fault.origin = trace.source;
  fault.way = way_of(trace, Leg::request);
  return fault;
}

}  // namespace

const RouteSnapshot* route_towards(const MachineSnapshot& machine, Ipv4Address target) {
  const RouteSnapshot* best = nullptr;
  for (const RouteSnapshot& each : machine.routes) {
    const Ipv4Route& route = each.route;
    if (!route.prefix.contains(target)) continue;
    const bool is_better =
        best == nullptr || route.prefix.length > best->route.prefix.length ||
        (route.prefix.length == best->route.prefix.length && route.metric < best->route.metric);
    if (is_better) best = &each;
  }
  return best;
}

std::optional<Fault> first_fault(const LabSnapshot& lab, const Probe& probe, const Trace& trace) {
  if (trace.answered) return std::nullopt;
  const MachineSnapshot* const source = lab.find(probe.from);
  if (source == nullptr || !source->running)
    return without_loss(no_drop::not_running, probe.from, probe, trace);
  if (trace.losses.empty())
    return without_loss(no_drop::no_answer, trace.delivered.value_or(probe.from), probe, trace);
  Fault fault = fault_of(trace.losses.front(), trace);
  const bool is_unanswered = fault.reason == to_string(DropReason::neighbor_unresolved);
  if (is_unanswered && fault.next_hop == fault.target && lab.holder_of(fault.target) == nullptr)
    fault.reason = no_drop::no_such_address;
  return fault;
}

}  // namespace smolstack::inspect
