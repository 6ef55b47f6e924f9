#include <algorithm>

#include "smolstack/inspect/mend.hpp"
#include "smolstack/inspect/simulation.hpp"

// What the one who asks, or the one who is asked, could do differently.

namespace smolstack::inspect {
namespace {

/// `ping` as it would have to be asked.
Mend ask_again(const Probe& probe, const std::string& options) {
  return {probe.from, "ping " + options + ' ' + to_string(probe.destination)};
}

/// The least TTL with which the answer comes home, if any does.
std::optional<std::uint8_t> least_ttl(const LabSnapshot& lab, Probe probe) {
  constexpr std::uint8_t greatest = 255;
  probe.ttl = greatest;
  const Trace trace = Simulation(lab, probe).run(probe);
  if (!trace.answered) return std::nullopt;
  std::uint8_t left = greatest;
  for (const Hop& hop : trace.path(Leg::request)) left = std::min(left, hop.ttl);
  return static_cast<std::uint8_t>(greatest - left + 1);
}

Remedy smaller_packet(const LabSnapshot& lab, const Probe& probe, const Fault& fault) {
  const MachineSnapshot* const machine = lab.find(fault.at);
  const InterfaceSnapshot* const out = machine == nullptr ? nullptr : machine->find(fault.out);
  if (out == nullptr || probe.protocol != ip_protocol::icmp) return {};
  const std::size_t headers = datagram_length(probe) - probe.size;
  return {ask_again(probe, "-M do -s " + std::to_string(out->mtu - headers))};
}

}  // namespace

Remedy advice(const LabSnapshot& lab, const Probe& probe, const Fault& fault) {
  if (fault.reason == to_string(DropReason::no_socket))
    return {{fault.at, std::string("start a server on ") +
                           (probe.protocol == ip_protocol::tcp ? "tcp" : "udp") + " port " +
                           std::to_string(probe.port)}};
  if (fault.reason == to_string(DropReason::mtu_exceeded)) return smaller_packet(lab, probe, fault);
  if (fault.reason != to_string(DropReason::ttl_expired) || !fault.loop.empty()) return {};
  const auto ttl = least_ttl(lab, probe);
  if (!ttl || probe.protocol != ip_protocol::icmp) return {};
  return {ask_again(probe, "-t " + std::to_string(*ttl))};
}

}  // namespace smolstack::inspect
