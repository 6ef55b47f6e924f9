#include <algorithm>

#include "smolstack/inspect/fault.hpp"

// Faults in words. What is known of the machines beyond the drop itself is looked up in the
// snapshot: that the interface is down, that the gateway's machine does not run.

namespace smolstack::inspect {
namespace {

bool is(const Fault& fault, DropReason reason) {
  return fault.reason == to_string(reason);
}

std::string protocol_name(std::uint8_t protocol) {
  return protocol == ip_protocol::tcp ? "tcp" : "udp";
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::string reply_words(const Fault& fault) {
  return fault.leg == Leg::reply ? " for the reply" : "";
}

/// Why the one who has `address` does not answer, if it can be told.
std::string silence_of(const LabSnapshot& lab, const Fault& fault) {
  const MachineSnapshot* const holder = lab.holder_of(fault.next_hop);
  if (holder == nullptr) return "nobody has that address";
  const InterfaceSnapshot& interface = *holder->holder_of(fault.next_hop);
  const std::string whose = holder->name + "'s " + interface.name;
  if (!holder->running) return holder->name + ", which has it, is not running";
  if (!interface.up) return "it is " + whose + ", which is down";
  if (!interface.carrier) return "it is " + whose + ", whose cable is out";
  const MachineSnapshot* const asker = lab.find(fault.at);
  const InterfaceSnapshot* const out = asker == nullptr ? nullptr : asker->find(fault.out);
  if (out != nullptr && out->network != interface.network)
    return "it is " + whose + ", which is on " +
           (interface.network.empty() ? "no network" : "another network");
  return holder->name + " has it, and does not answer";
}

std::string no_route(const LabSnapshot& lab, const Fault& fault) {
  std::string text = fault.at + " has no route to " + to_string(fault.target) + reply_words(fault);
  const MachineSnapshot& machine = *lab.find(fault.at);
  for (const InterfaceSnapshot& interface : machine.interfaces)
    if (!interface.up) text += "; its " + interface.name + " is down";
  const bool has_address = std::ranges::any_of(
      machine.interfaces, [](const auto& interface) { return !interface.addresses.empty(); });
  if (!has_address) text += "; it has no address at all";
  if (lab.holder_of(fault.target) == nullptr) text += "; and nobody has that address";
  return text;
}

std::string forwarding_off(const LabSnapshot& lab, const Fault& fault) {
  const bool is_machine = !lab.find(fault.at)->forwarding;
  return fault.at + " gets it for another host and does not forward (net.ipv4." +
         (is_machine ? "ip_forward" : "conf." + fault.in + ".forwarding") + " is 0)";
}

std::string interface_down(const LabSnapshot& lab, const Fault& fault) {
  const InterfaceSnapshot* const out = lab.find(fault.at)->find(fault.out);
  const bool is_cable = out != nullptr && out->up && !out->carrier;
  return fault.at + "'s " + fault.out + ", which leads to " + to_string(fault.target) +
         (is_cable ? ", has no carrier: its cable is out" : ", is down");
}

std::string unresolved(const LabSnapshot& lab, const Fault& fault) {
  const bool is_gateway = fault.next_hop != fault.target;
  return fault.at + (is_gateway ? " sends it to the gateway " : " asks for ") +
         to_string(fault.next_hop) + (is_gateway ? " by " : " on ") + fault.out +
         (is_gateway ? ", which does not answer: " : " and gets no answer: ") +
         silence_of(lab, fault);
}

std::string ttl_expired(const Fault& fault, const Probe& probe) {
  if (!fault.loop.empty())
    return "it goes round and round between " + list_of(fault.loop) +
           " until its TTL is used up, which was at " + fault.at;
  return "the TTL" + (probe.ttl == 0 ? std::string() : " of " + std::to_string(probe.ttl)) +
         " is used up at " + fault.at;
}

std::string mtu_exceeded(const LabSnapshot& lab, const Fault& fault, const Probe& probe) {
  const InterfaceSnapshot* const out = lab.find(fault.at)->find(fault.out);
  const std::string mtu = out == nullptr ? "" : std::to_string(out->mtu);
  return fault.at + " cannot send " + std::to_string(datagram_length(probe)) + " bytes on by " +
         fault.out + ", whose MTU is " + mtu + ", and may not cut them (DF is set)";
}

std::string by_route(const LabSnapshot& lab, const Fault& fault) {
  const RouteSnapshot* const route = route_towards(*lab.find(fault.at), fault.target);
  return fault.at + " has a route of type " + fault.reason + " for " + to_string(fault.target) +
         reply_words(fault) + (route == nullptr ? "" : ": " + to_string(route->route.prefix));
}

std::string rp_filter(const LabSnapshot& lab, const Fault& fault) {
  const RouteSnapshot* const back = route_towards(*lab.find(fault.at), fault.origin);
  return fault.at + " refuses it on " + fault.in + " by reverse-path filtering (rp_filter): " +
         (back == nullptr ? "it has no route back to " + to_string(fault.origin)
                          : "its way back to " + to_string(fault.origin) + " leads by " +
                                (back->device.empty() ? "nothing" : back->device));
}

std::string echo_ignored(const LabSnapshot& lab, const Fault& fault) {
  const bool is_own = lab.find(fault.at)->holder_of(fault.target) != nullptr;
  return is_own ? fault.at + " does not answer pings (net.ipv4.icmp_echo_ignore_all is 1)"
                : fault.at + " does not answer pings to a broadcast (RFC 1122 §3.2.2.6)";
}

std::string clause_of_drop(const LabSnapshot& lab, const Fault& fault, const Probe& probe) {
  using enum DropReason;
  if (is(fault, no_route)) return inspect::no_route(lab, fault);
  if (is(fault, forwarding_off)) return inspect::forwarding_off(lab, fault);
  if (is(fault, interface_down)) return inspect::interface_down(lab, fault);
  if (is(fault, neighbor_unresolved)) return unresolved(lab, fault);
  if (is(fault, ttl_expired)) return inspect::ttl_expired(fault, probe);
  if (is(fault, mtu_exceeded)) return inspect::mtu_exceeded(lab, fault, probe);
  if (is(fault, blackhole) || is(fault, unreachable) || is(fault, prohibit))
    return by_route(lab, fault);
  if (is(fault, martian_source) && !fault.loop.empty())
    return "it comes back to " + fault.at + ", which sent it: it went round between " +
           list_of(fault.loop);
  if (is(fault, rp_filter)) return inspect::rp_filter(lab, fault);
  if (is(fault, echo_ignored)) return inspect::echo_ignored(lab, fault);
  if (is(fault, no_socket))
    return fault.at + " refuses it: nobody listens on " + protocol_name(probe.protocol) + " port " +
           std::to_string(probe.port);
  if (is(fault, other_mac))
    return fault.at + " sends it to " + to_string(fault.next_hop) + " by " + fault.out +
           " with a link address that nobody there has";
  for (const auto& entry : drop_reason_entries)
    if (entry.word == fault.reason) return fault.at + " drops it: " + std::string(entry.sentence);
  return fault.at + " says no more of it";
}

std::string clause(const LabSnapshot& lab, const Fault& fault, const Probe& probe) {
  if (fault.reason == no_drop::no_such_address)
    return "nobody has the address " + to_string(fault.target) + "; " + fault.at +
           " asks for it on " + fault.out + " in vain";
  if (fault.reason == no_drop::not_running) return fault.at + " is not running";
  if (fault.reason == no_drop::no_answer) return fault.at + " takes it in and does not answer";
  if (lab.find(fault.at) == nullptr) return fault.at + " is not in this lab";
  return clause_of_drop(lab, fault, probe);
}

/// How far it came before.
std::string progress(const Fault& fault) {
  const bool is_first = fault.way.size() <= 1;
  if (fault.leg == Leg::request)
    return is_first ? "" : "The request came as far as " + fault.at + "; ";
  const std::string arrived = "The request arrived at " + fault.way.front();
  if (is_first) return arrived + "; ";
  return arrived + ", and the reply came as far as " + fault.at + "; ";
}

}  // namespace

std::string describe(const Fault& fault, const LabSnapshot& lab, const Probe& probe) {
  // A machine's name begins the sentence as it is written; nothing else is small there.
  std::string text = progress(fault) + clause(lab, fault, probe) + '.';
  for (const std::string_view word : {"nobody ", "it ", "the "})
    if (text.starts_with(word)) text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace smolstack::inspect
