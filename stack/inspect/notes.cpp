#include "smolstack/inspect/notes.hpp"

#include <algorithm>

#include "smolstack/wire/icmpv4.hpp"

namespace smolstack::inspect {
namespace {

std::vector<std::string> machines_of(const std::vector<Hop>& path) {
  std::vector<std::string> names;
  names.reserve(path.size());
  for (const Hop& hop : path) names.push_back(hop.machine);
  return names;
}

std::string arrows(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " > ") + name;
  return text;
}

void note_asymmetry(const Trace& trace, std::vector<std::string>& notes) {
  if (!trace.answered) return;
  const auto there = machines_of(trace.path(Leg::request));
  auto back = machines_of(trace.path(Leg::reply));
  std::ranges::reverse(back);
  if (back.empty() || there == back) return;
  std::ranges::reverse(back);
  notes.push_back("The answer takes another way than the request: " + arrows(there) +
                  ", and back " + arrows(back) + ".");
}

/// The address it leaves with is not one of the interface it leaves by.
void note_source(const LabSnapshot& lab, const Trace& trace, std::vector<std::string>& notes) {
  if (trace.hops.empty() || trace.hops.front().out.empty() || trace.source.is_unspecified()) return;
  const Hop& first = trace.hops.front();
  const MachineSnapshot* const machine = lab.find(first.machine);
  const InterfaceSnapshot* const holder = machine->holder_of(trace.source);
  if (holder == nullptr || holder->name == first.out) return;
  notes.push_back("It leaves " + machine->name + " by " + first.out + " with the address " +
                  to_string(trace.source) + " of " + holder->name + "; the answer goes there.");
}

void note_duplicates(const LabSnapshot& lab, const Trace& trace, std::vector<std::string>& notes) {
  for (const Ipv4Address address : {trace.destination, trace.source}) {
    std::vector<std::string> holders;
    for (const MachineSnapshot& machine : lab.machines)
      if (machine.holder_of(address) != nullptr) holders.push_back(machine.name);
    if (holders.size() < 2) continue;
    std::string names;
    for (const std::string& name : holders) names += (names.empty() ? "" : " and ") + name;
    notes.push_back(names + " both have the address " + to_string(address) + ".");
    if (trace.destination == trace.source) return;
  }
}

std::string meaning_of(const Notice& notice) {
  if (notice.type == icmpv4_type::time_exceeded) return "Time to live exceeded";
  if (notice.type != icmpv4_type::destination_unreachable)
    return "ICMP type " + std::to_string(notice.type) + " code " + std::to_string(notice.code);
  switch (notice.code) {
    case icmpv4_code::net_unreachable: return "Destination Net Unreachable";
    case icmpv4_code::host_unreachable: return "Destination Host Unreachable";
    case icmpv4_code::port_unreachable: return "Destination Port Unreachable";
    case icmpv4_code::fragmentation_needed:
      return "Frag needed and DF set (mtu = " + std::to_string(notice.mtu) + ")";
    case icmpv4_code::administratively_prohibited: return "Packet filtered";
    default: return "Destination unreachable, code " + std::to_string(notice.code);
  }
}

}  // namespace

std::vector<std::string> notes_on(const LabSnapshot& lab, const Probe& probe, const Trace& trace) {
  std::vector<std::string> notes;
  note_asymmetry(trace, notes);
  note_source(lab, trace, notes);
  note_duplicates(lab, trace, notes);
  for (const std::string& router : trace.redirected_by)
    notes.push_back(router +
                    " forwards it back onto the wire it came from, and tells the sender of "
                    "a better first hop (redirect).");
  for (const std::string& machine : trace.fragmented_by)
    notes.push_back(machine + " cuts it into fragments.");
  if (!trace.notices.empty()) {
    const Notice& notice = trace.notices.front();
    notes.push_back(probe.from + " is told by " + to_string(notice.from) + ": " +
                    meaning_of(notice) + ".");
  }
  return notes;
}

}  // namespace smolstack::inspect
