#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "smolstack/topology/check.hpp"
#include "smolstack/topology/ip_line.hpp"
#include "smolstack/topology/script.hpp"

namespace smolstack::topology {
namespace {

/// An address on a wire when everything has run.
struct Held {
  const Machine* machine;  ///< none: the lab itself
  std::string network;
  Ipv4Subnet address;
};

/// As iproute2 reads a prefix: 10.1.1/24 is 10.1.1.0/24.
std::optional<Ipv4Subnet> read_prefix(const std::string& text) {
  if (text == "default" || text == "any" || text == "all") return Ipv4Subnet{{}, 0};
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string whole = text.substr(0, slash);
  for (auto dots = std::count(whole.begin(), whole.end(), '.'); dots < 3 && slash < text.size();
       ++dots)
    whole += ".0";
  return parse_ipv4_subnet(whole + text.substr(slash));
}

class RouteCheck {
 public:
  RouteCheck(const Lab& lab, std::string_view stage)
      : lab_(lab), commands_(scripted_commands(lab, stage)) {}

  std::vector<Finding> run() {
    hold_written();
    for (const ScriptedCommand& command : commands_) apply(command);
    for (const auto& [machine, list] : held_)
      for (const Held& held : list) holders_.emplace(held.address.address, &held);
    for (const ScriptedCommand& command : commands_) check(command);
    return std::move(findings_);
  }

 private:
  void error(const Place& place, std::string what, std::string mend) {
    if (findings_.size() < most_findings)
      findings_.push_back({Severity::error, place, std::move(what), std::move(mend)});
  }

  const Machine& machine_of(const ScriptedCommand& command) const {
    return *machines_.at(command.machine);
  }
  void hold(const Machine* machine, const std::string& network, const Ipv4Subnet& address) {
    held_[machine].push_back({machine, network, address});
  }

  void hold_written() {
    for (const Network& network : lab_.networks)
      if (network.host) hold(nullptr, network.name, *network.host);
    for (const Machine& machine : lab_.machines) {
      machines_.emplace(machine.name, &machine);
      if (machine.forwards()) forwarding_.insert(&machine);
      for (const Interface& interface : machine.interfaces)
        if (interface.address) hold(&machine, interface.network, *interface.address);
    }
  }

  void apply(const ScriptedCommand& command) {
    const Machine& machine = machine_of(command);
    if (command.words.front() == "sysctl") return apply_sysctl(machine, command);
    const IpLine line = parse_ip_line(command.words);
    const auto subnet = read_prefix(line.what);
    const Interface* const interface =
        line.devices.empty() ? nullptr : machine.find_interface(line.devices.back());
    if (line.kind == IpLine::Kind::add_address && subnet && interface != nullptr)
      hold(&machine, interface->network, *subnet);
    if (line.kind == IpLine::Kind::remove_address && subnet)
      std::erase_if(held_[&machine],
                    [&](const Held& held) { return held.address.address == subnet->address; });
    if (line.kind == IpLine::Kind::flush_addresses)
      std::erase_if(held_[&machine], [&](const Held& held) {
        return interface == nullptr || held.network == interface->network;
      });
  }

  void apply_sysctl(const Machine& machine, const ScriptedCommand& command) {
    const std::string& assignment = command.words.back();
    if (!assignment.starts_with("net.ipv4.ip_forward=")) return;
    if (assignment.ends_with("=0"))
      forwarding_.erase(&machine);
    else
      forwarding_.insert(&machine);
  }

  void check(const ScriptedCommand& command) {
    const Machine& machine = machine_of(command);
    if (command.words.front() == "sysctl") return check_sysctl(machine, command);
    const IpLine line = parse_ip_line(command.words);
    if (line.kind == IpLine::Kind::other) return;
    for (const std::string& device : line.devices)
      if (device != "lo" && machine.find_interface(device) == nullptr)
        error(command.place, machine.name + " has no interface " + device,
              "it has " + interfaces_of(machine));
    if (line.kind != IpLine::Kind::add_route) return;
    check_prefix(line, command.place);
    for (const std::string& gateway : line.gateways)
      check_gateway(machine, gateway, line.onlink, command.place);
  }

  void check_sysctl(const Machine& machine, const ScriptedCommand& command) {
    if (machine.is_router && command.words.back() == "net.ipv4.ip_forward=0" &&
        findings_.size() < most_findings)
      findings_.push_back({Severity::warning, command.place,
                           "router " + machine.name + " stops forwarding",
                           "set net.ipv4.ip_forward=1, or drop the line"});
  }

  void check_prefix(const IpLine& line, const Place& place) {
    const auto prefix = read_prefix(line.what);
    if (!prefix)
      return error(place, line.what + " is not an IPv4 prefix", "write one as in 10.1.2.0/24");
    if (prefix->address != prefix->prefix().network)
      error(place, line.what + " has host bits set", "write " + to_string(prefix->prefix()));
  }

  /// The gateway must be another machine's address on a wire of this one, and forward.
  void check_gateway(const Machine& machine, const std::string& written, bool onlink,
                     const Place& place) {
    const auto gateway = parse_ipv4_address(written);
    if (!gateway)
      return error(place, "gateway " + written + " is not an IPv4 address",
                   mend_with_neighbor(machine, {}));
    const std::string gateway_text = "gateway " + written;
    if (!onlink && !is_on_link(machine, *gateway))
      return error(place, gateway_text + " is on no network of " + machine.name,
                   mend_with_neighbor(machine, *gateway));
    const Held* const holder = holder_of(machine, *gateway);
    if (holder == nullptr)
      error(place, "nobody on a network of " + machine.name + " has the " + gateway_text,
            mend_with_neighbor(machine, *gateway));
    else if (holder->machine == &machine)
      error(place, gateway_text + " is " + machine.name + " itself",
            mend_with_neighbor(machine, {}));
    else if (holder->machine != nullptr && !holder->machine->is_router &&
             !forwarding_.contains(holder->machine))
      error(place, gateway_text + " is " + holder->machine->name + ", which does not forward",
            "give it `kind: router`, or " + mend_with_neighbor(machine, {}));
  }

  /// Does the gateway lie in the prefix of one of the machine's own addresses?
  bool is_on_link(const Machine& machine, Ipv4Address gateway) const {
    const auto own = held_.find(&machine);
    return own != held_.end() && std::ranges::any_of(own->second, [&](const Held& held) {
             return held.address.prefix().contains(gateway);
           });
  }

  bool shares_wire(const Machine& machine, const Held& held) const {
    return std::ranges::find(machine.interfaces, held.network, &Interface::network) !=
           machine.interfaces.end();
  }

  /// Who has the address on a wire of this machine.
  const Held* holder_of(const Machine& machine, Ipv4Address address) const {
    const auto [first, last] = holders_.equal_range(address);
    for (auto holder = first; holder != last; ++holder)
      if (shares_wire(machine, *holder->second)) return holder->second;
    return nullptr;
  }

  /// A neighbour to take: the machine that was meant, by its address here, else any that forwards.
  std::string mend_with_neighbor(const Machine& machine, std::optional<Ipv4Address> meant) const {
    const Machine* who = nullptr;
    if (const auto holder = meant ? holders_.find(*meant) : holders_.end();
        holder != holders_.end())
      who = holder->second->machine;
    const Held* best = nullptr;
    for (const auto& [address, held] : holders_) {
      if (held->machine == nullptr || held->machine == &machine || !shares_wire(machine, *held))
        continue;
      if (held->machine == who) return "write via " + to_string(address);
      if (best == nullptr && forwarding_.contains(held->machine)) best = held;
    }
    if (best == nullptr) return "take the address of a neighbour that forwards";
    return "take a neighbour's address: " + to_string(best->address.address) + " is " +
           best->machine->name;
  }

  static std::string interfaces_of(const Machine& machine) {
    std::string names;
    for (const Interface& interface : machine.interfaces)
      if (names.size() < 100) names += (names.empty() ? "" : ", ") + interface.name;
    return names.empty() ? "none" : names;
  }

  const Lab& lab_;
  std::vector<ScriptedCommand> commands_;
  std::map<std::string_view, const Machine*> machines_;
  std::map<const Machine*, std::vector<Held>> held_;
  std::multimap<Ipv4Address, const Held*> holders_;
  std::set<const Machine*> forwarding_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_routes(const Lab& lab, std::string_view stage) {
  return RouteCheck(lab, stage).run();
}

}  // namespace smolstack::topology
