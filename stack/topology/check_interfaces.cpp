#include <map>
#include <set>

#include "smolstack/topology/check.hpp"

namespace smolstack::topology {
namespace {

/// Who has an address.
struct Holder {
  std::string name;  ///< of a machine, or "the lab itself"
  std::string network;
  Place place;
};

class InterfaceCheck {
 public:
  explicit InterfaceCheck(const Lab& lab) : lab_(lab) {}

  std::vector<Finding> run() {
    check_subnets();
    for (const Network& network : lab_.networks)
      if (network.host)
        check_address({"the lab itself", network.name, network.place}, *network.host);
    for (const Machine& machine : lab_.machines) {
      for (const Interface& interface : machine.interfaces) check_interface(machine, interface);
      check_router(machine);
    }
    return std::move(findings_);
  }

 private:
  void add(Severity severity, const Place& place, std::string what, std::string mend) {
    if (findings_.size() < most_findings)
      findings_.push_back({severity, place, std::move(what), std::move(mend)});
  }
  void error(const Place& place, std::string what, std::string mend) {
    add(Severity::error, place, std::move(what), std::move(mend));
  }

  void check_subnets() {
    for (std::size_t i = 0; i < lab_.networks.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) check_overlap(lab_.networks[j], lab_.networks[i]);
  }

  void check_overlap(const Network& first, const Network& second) {
    if (!first.subnet || !second.subnet) return;
    if (!first.subnet->contains(second.subnet->network) &&
        !second.subnet->contains(first.subnet->network))
      return;
    error(second.place,
          to_string(*second.subnet) + " of " + second.name + " overlaps " +
              to_string(*first.subnet) + " of " + first.name + " (" + to_string(first.place) + ")",
          "give each network a range of its own");
  }

  void check_interface(const Machine& machine, const Interface& interface) {
    if (interface.address)
      check_address({machine.name, interface.network, interface.place}, *interface.address);
    check_mac(machine, interface);
  }

  void check_address(const Holder& holder, const Ipv4Subnet& address) {
    check_place_in_subnet(holder, address);
    const auto [other, is_new] = addresses_.try_emplace(address.address, holder);
    if (is_new) return;
    const bool same_wire = other->second.network == holder.network;
    add(same_wire ? Severity::error : Severity::warning, holder.place,
        to_string(address.address) + " of " + holder.name + " is the address of " +
            other->second.name + ", too (" + to_string(other->second.place) + ")",
        "give each machine its own");
  }

  void check_place_in_subnet(const Holder& holder, const Ipv4Subnet& address) {
    const Network& network = *lab_.find_network(holder.network);
    const Ipv4Prefix prefix = network.subnet.value_or(address.prefix());
    const std::string who = to_string(address.address) + " of " + holder.name;
    const std::string where = to_string(prefix) + " of " + network.name;
    if (!prefix.contains(address.address))
      return error(holder.place, who + " lies outside " + where,
                   "give it an address from " + range_of(prefix));
    if (!prefix.has_broadcast()) return;
    if (address.address == prefix.network)
      error(holder.place, who + " is the address of the network " + where + " itself",
            "give it an address from " + range_of(prefix));
    if (address.address == prefix.last())
      error(holder.place, who + " is the broadcast address of " + where,
            "give it an address from " + range_of(prefix));
  }

  /// "10.1.1.1 to 10.1.1.254"
  static std::string range_of(const Ipv4Prefix& prefix) {
    const std::uint32_t edge = prefix.has_broadcast() ? 1 : 0;
    return to_string(Ipv4Address(prefix.network.host() + edge)) + " to " +
           to_string(Ipv4Address(prefix.last().host() - edge));
  }

  /// On one wire only: a bridge learns where each link address lies.
  void check_mac(const Machine& machine, const Interface& interface) {
    const MacAddress mac = mac_of(machine, interface);
    const auto [other, is_new] =
        macs_.try_emplace({interface.network, mac}, Taken{&machine, &interface});
    if (is_new) return;
    const bool by_address = !interface.mac && !other->second.interface->mac && interface.address &&
                            other->second.interface->address;
    if (by_address) return;  // the same IPv4 address has been told of
    error(interface.place,
          to_string(mac) + " of " + machine.name + " is the MAC of " + other->second.machine->name +
              ", too (" + to_string(other->second.interface->place) + ")",
          "give each interface on " + interface.network + " its own, or none");
  }

  void check_router(const Machine& machine) {
    if (!machine.is_router || machine.forwards()) return;
    Place place = machine.place;
    for (const Sysctl& sysctl : machine.sysctls)
      if (sysctl.name == "net.ipv4.ip_forward") place = sysctl.place;
    add(Severity::warning, place, "router " + machine.name + " does not forward",
        "set net.ipv4.ip_forward=1, or drop the line");
  }

  struct Taken {
    const Machine* machine;
    const Interface* interface;
  };
  const Lab& lab_;
  std::map<Ipv4Address, Holder> addresses_;
  std::map<std::pair<std::string, MacAddress>, Taken> macs_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_interfaces(const Lab& lab) {
  return InterfaceCheck(lab).run();
}

}  // namespace smolstack::topology
