#include "smolstack/inspect/why.hpp"

#include <algorithm>
#include <charconv>

#include "smolstack/inspect/mend.hpp"
#include "smolstack/inspect/notes.hpp"
#include "smolstack/inspect/simulation.hpp"

namespace smolstack::inspect {
namespace {

constexpr std::size_t most_faults = 8;  // named one behind the other

std::string names_of(const LabSnapshot& lab) {
  std::string names;
  for (const MachineSnapshot& machine : lab.machines)
    names += (names.empty() ? "" : ", ") + machine.name;
  return names;
}

std::optional<Ipv4Address> first_address(const MachineSnapshot& machine) {
  for (const InterfaceSnapshot& interface : machine.interfaces)
    if (!interface.addresses.empty()) return interface.addresses.front().address;
  return std::nullopt;
}

/// By the machine's own list of names, then by the names of machines.
Expected<Ipv4Address, Error> resolve(const LabSnapshot& lab, const MachineSnapshot& source,
                                     std::string_view name) {
  if (const auto address = parse_ipv4_address(name)) return *address;
  const auto known = std::ranges::find(source.hosts, name, &HostName::name);
  if (known != source.hosts.end()) return known->address;
  const MachineSnapshot* const machine = lab.find(name);
  const std::string doing = "looking for " + std::string(name);
  if (machine == nullptr)
    return failed(std::errc::invalid_argument,
                  doing + ": neither an address, nor a name that " + source.name +
                      " knows, nor a machine of this lab (" + names_of(lab) + ")");
  if (const auto address = first_address(*machine)) return *address;
  return failed(std::errc::address_not_available,
                doing + ": " + machine->name + " has no address; give it one with `ip addr add`");
}

/// The snapshot after a remedy, and after advice that is as good as done.
LabSnapshot after_mending(const LabSnapshot& lab, const Probe& probe, const Fault& fault) {
  LabSnapshot after = mended(lab, fault.mends);
  if (fault.reason == to_string(DropReason::no_socket))
    if (MachineSnapshot* const server = after.find(fault.at))
      server->listening.push_back({probe.protocol, {}, probe.port});
  return after;
}

/// Faults one behind the other, each with what mends it, until nothing is wrong or nothing helps.
bool find_faults(LabSnapshot lab, const Probe& probe, const Trace& trace,
                 std::vector<Fault>& faults) {
  auto fault = first_fault(lab, probe, trace);
  while (fault && faults.size() < most_faults) {
    fault->mends = find_remedy(lab, probe, *fault);
    const bool is_advice = fault->mends.empty();
    if (is_advice) fault->mends = advice(lab, probe, *fault);
    fault->text = describe(*fault, lab, probe);
    faults.push_back(*fault);
    const bool goes_on = !is_advice || fault->reason == to_string(DropReason::no_socket);
    if (!goes_on || fault->mends.empty()) return false;
    lab = after_mending(lab, probe, *fault);
    fault = first_fault(lab, probe, Simulation(lab, probe).run(probe));
  }
  return !fault;
}

std::string mend_words(const std::vector<Mend>& mends) {
  std::string text;
  for (const Mend& mend : mends)
    text += (text.empty() ? " Mend it on " : " And on ") + mend.node + ": " + mend.command;
  return text;
}

std::string sentence_of(const WhyReport& report) {
  if (!report.faults.empty()) {
    const Fault& first = report.faults.front();
    return first.text + mend_words(first.mends);
  }
  const std::string& from = report.question.probe.from;
  const std::string to = to_string(report.question.probe.destination);
  if (report.arrives_at == from && report.path.size() == 1)
    return to + " is an address of " + from +
           " itself: the packet never leaves it, and is answered.";
  return "It arrives: " + report.arrives_at + " answers " + from + " from " + to + '.';
}

}  // namespace

Expected<WhyQuestion, Error> make_question(const LabSnapshot& lab, std::string_view source,
                                           std::string_view destination) {
  const MachineSnapshot* const machine = lab.find(source);
  if (machine == nullptr)
    return failed(
        std::errc::invalid_argument,
        "looking for " + std::string(source) + ": no machine of this lab (" + names_of(lab) + ")");
  const auto address = resolve(lab, *machine, destination);
  if (!address.has_value()) return unexpected(address.error());
  WhyQuestion question;
  question.probe.from = source;
  question.probe.destination = *address;
  question.destination = destination;
  return question;
}

Expected<void, Error> set_protocol(WhyQuestion& question, std::string_view words) {
  if (words == "icmp") {
    question.probe.protocol = ip_protocol::icmp;
    return {};
  }
  const bool is_tcp = words.starts_with("tcp:");
  const std::string_view number = words.substr(std::min<std::size_t>(words.size(), 4));
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port);
  const bool is_number = error == std::errc() && end == number.data() + number.size() && port != 0;
  if ((!is_tcp && !words.starts_with("udp:")) || !is_number)
    return failed(std::errc::invalid_argument,
                  "reading the protocol \"" + std::string(words.substr(0, 40)) +
                      "\" (write icmp, udp:PORT or tcp:PORT, with a port from 1 to 65535)");
  question.probe.protocol = is_tcp ? ip_protocol::tcp : ip_protocol::udp;
  question.probe.port = port;
  return {};
}

WhyReport why(const LabSnapshot& lab, const WhyQuestion& question) {
  const Probe& probe = question.probe;
  WhyReport report;
  report.question = question;
  const Trace trace = Simulation(lab, probe).run(probe);
  report.source = trace.source;
  report.arrives = trace.answered;
  report.request_arrives = trace.delivered.has_value();
  report.arrives_at = trace.delivered.value_or("");
  report.path = trace.hops;
  report.mends_suffice = find_faults(lab, probe, trace, report.faults);
  report.notes = notes_on(lab, probe, trace);
  report.sentence = sentence_of(report);
  return report;
}

}  // namespace smolstack::inspect
