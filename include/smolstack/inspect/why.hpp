#pragma once
// `why SOURCE DESTINATION`: where a packet or its answer ends, for which reason, and what would
// mend it. The packet is really sent, through the tables of the machines, in memory.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/fault.hpp"

namespace smolstack::inspect {

struct WhyQuestion {
  Probe probe;
  std::string destination;  ///< as it was asked for
};

/// A question about a machine of the lab and a machine, a name that the first one knows, or an
/// address. The error says which machines there are, or that the destination has no address.
Expected<WhyQuestion, Error> make_question(const LabSnapshot& lab, std::string_view source,
                                           std::string_view destination);
/// "icmp", "udp:53" or "tcp:80".
Expected<void, Error> set_protocol(WhyQuestion& question, std::string_view words);

struct WhyReport {
  WhyQuestion question;
  Ipv4Address source;            ///< the address the packet left with; 0.0.0.0: it did not leave
  bool arrives = false;          ///< the request there, and the answer home
  bool request_arrives = false;  ///< at least there
  std::string arrives_at{};      ///< the machine that took the request in
  std::vector<Hop> path;         ///< both legs, in order
  /// What keeps it from arriving: the first fault on the way, and then what would stop it once the
  /// faults before were mended. Empty when it arrives.
  std::vector<Fault> faults;
  /// For people: "The request arrived at client; client has no route to 10.1.2.2 for the reply.
  /// Mend it on client: ip route add 10.1.2.0/24 via 10.1.1.3"
  std::string sentence;
  std::vector<std::string> notes;  ///< healthy but odd, or good to know
  bool mends_suffice = false;      ///< with all mends of all faults the answer comes home
};

/// Takes a simulation for every remedy that is worth trying: some milliseconds for a small lab.
WhyReport why(const LabSnapshot& lab, const WhyQuestion& question);

/// The sentence, the way it went, and the notes.
std::string format_why(const WhyReport& report);
/// {"arrives", "leg", "at", "reason", "mends": [{"node", "command"}], "path": [{"leg", "node",
/// "in", "out", "next_hop", "ttl"}], ...}: leg, at and reason are null when it arrives; "then" are
/// the faults behind the first.
control::Json to_json(const WhyReport& report);

}  // namespace smolstack::inspect
