#include <algorithm>
#include <array>
#include <set>

#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

/// A network as far as it is read: its host's address can only be judged when the subnet is known.
struct WrittenNetwork {
  Network network;
  const Value* host = nullptr;
};

void read_subnet(Reading& reading, const Written& written, WrittenNetwork& into) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return;
  const auto subnet = parse_ipv4_subnet(*text);
  if (!subnet)
    return wrong(reading, written, "is not an IPv4 prefix", "write one as in 10.1.1.0/24");
  if (subnet->length == 0 || subnet->length > 31)
    return wrong(reading, written, "leaves no room for two machines",
                 "give it a length from 1 to 31, as in 10.1.1.0/24");
  const Ipv4Prefix prefix = subnet->prefix();
  if (prefix.network != subnet->address)
    return wrong(reading, written, "has host bits set", "write " + to_string(prefix));
  if (prefix.network.is_multicast() || prefix.network.is_class_e() ||
      prefix.network.is_loopback() || prefix.network.is_this_network())
    return wrong(reading, written, "is no range for hosts", "take one as in 10.1.1.0/24");
  if (into.network.subnet)
    return wrong(reading, written, "is a second subnet", "keep one: a network has one here");
  into.network.subnet = prefix;
}

void read_mtu(Reading& reading, const Written& written, WrittenNetwork& into) {
  if (const auto mtu = mtu_of(reading, written)) into.network.mtu = *mtu;
}

void read_host(Reading&, const Written& written, WrittenNetwork& into) {
  into.host = &written.value;
}

void read_impair(Reading& reading, const Written& written, WrittenNetwork& into) {
  read_impairment(reading, written, into.network.impair);
}

void read_ipam_subnet(Reading& reading, const Written& written, WrittenNetwork& into) {
  if (!written.value.is_scalar() || written.value.text.find(':') == std::string::npos)
    return read_subnet(reading, written, into);
  reading.found.ignore(written.value.line, "an IPv6 subnet", "it is ignored: labs speak IPv4");
}

constexpr std::array<std::string_view, 3> ipam_pool_engine_keys{"gateway", "ip_range",
                                                                "aux_addresses"};
constexpr Key<WrittenNetwork> ipam_pool_keys[] = {{"subnet", read_ipam_subnet}};

void read_ipam_config(Reading& reading, const Written& written, WrittenNetwork& into) {
  if (written.value.is_null()) return;
  if (!written.value.is_list())
    return wrong(reading, written, "is not a list", "write it as in `- subnet: 10.1.1.0/24`");
  for (const Value& pool : written.value.items)
    if (is_map_or_null(reading, {"config", pool}, "`- subnet: 10.1.1.0/24`"))
      read_keys(reading, {"an address pool", ipam_pool_engine_keys}, pool, ipam_pool_keys, into);
}

constexpr std::array<std::string_view, 2> ipam_engine_keys{"driver", "options"};
constexpr Key<WrittenNetwork> ipam_keys[] = {{"config", read_ipam_config}};

void read_ipam(Reading& reading, const Written& written, WrittenNetwork& into) {
  if (is_map_or_null(reading, written, "{ config: [{ subnet: 10.1.1.0/24 }] }"))
    read_keys(reading, {"ipam", ipam_engine_keys}, written.value, ipam_keys, into);
}

constexpr std::array<std::string_view, 9> network_engine_keys{
    "driver",   "driver_opts", "attachable", "enable_ipv4", "enable_ipv6",
    "external", "internal",    "labels",     "name"};
constexpr Key<WrittenNetwork> network_keys[] = {
    {"subnet", read_subnet}, {"mtu", read_mtu},   {"host", read_host},
    {"impair", read_impair}, {"ipam", read_ipam},
};

void read_network(Reading& reading, const Entry& entry) {
  if (!check_name(reading, "network", entry.key, entry.line)) return;
  if (!is_map_or_null(reading, {entry.key, entry.value}, "{ subnet: 10.1.1.0/24 }")) return;
  WrittenNetwork written;
  written.network.name = entry.key;
  written.network.place = reading.found.at(entry.line);
  read_keys(reading, {"a network", network_engine_keys}, entry.value, network_keys, written);
  if (written.host != nullptr)
    written.network.host =
        host_address_of(reading, {"host", *written.host}, written.network.subnet);
  reading.lab.networks.push_back(std::move(written.network));
}

/// The addresses of a network that are taken.
std::set<Ipv4Address> taken_on(const Lab& lab, const Network& network) {
  std::set<Ipv4Address> taken;
  if (network.host) taken.insert(network.host->address);
  for (const Machine& machine : lab.machines)
    for (const Interface& interface : machine.interfaces)
      if (interface.network == network.name && interface.address)
        taken.insert(interface.address->address);
  return taken;
}

void assign_on(Reading& reading, const Network& network) {
  const std::set<Ipv4Address> taken = taken_on(reading.lab, network);
  const std::uint64_t last =
      network.subnet->last().host() - (network.subnet->has_broadcast() ? 1u : 0u);
  std::uint64_t next = network.subnet->network.host() + 2u;
  for (Machine& machine : reading.lab.machines)
    for (Interface& interface : machine.interfaces) {
      if (interface.network != network.name || interface.address) continue;
      while (next <= last && taken.contains(Ipv4Address(static_cast<std::uint32_t>(next)))) ++next;
      if (next > last)
        return reading.found.error(interface.place.line,
                                   "`" + network.name + "` has no free address for " + machine.name,
                                   "give it a larger subnet");
      const Ipv4Address address(static_cast<std::uint32_t>(next++));
      interface.address = Ipv4Subnet{address, network.subnet->length};
      reading.found.warn(interface.place.line, machine.name + " has no address on " + network.name,
                         "it gets " + to_string(address) + "; write it out to keep it");
    }
}

}  // namespace

void read_networks(Reading& reading, const Written& written) {
  if (!is_map_or_null(reading, written, "`networks: { ten-one-net: { subnet: 10.1.1.0/24 } }`"))
    return;
  if (written.value.entries.size() > lab_limit::networks)
    return reading.found.error(written.value.line, "more than 1,024 networks", "split the lab");
  for (const Entry& entry : written.value.entries) read_network(reading, entry);
}

void assign_addresses(Reading& reading) {
  for (const Network& network : reading.lab.networks)
    if (network.subnet) assign_on(reading, network);
}

}  // namespace smolstack::topology
