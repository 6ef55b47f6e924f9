#include <algorithm>
#include <array>

#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

constexpr std::string_view example = "{ ten-one-net: 10.1.1.2 }";

/// An interface, and the network that it is on.
struct Joining {
  Interface interface;
  const Network* network = nullptr;
};

void read_address(Reading& reading, const Written& written, Joining& into) {
  if (written.value.is_null()) return;
  if (into.interface.address)
    return wrong(reading, written, "is a second address", "keep one; add others in a stage");
  into.interface.address = host_address_of(reading, written, into.network->subnet);
}

void read_mac(Reading& reading, const Written& written, Joining& into) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return;
  const auto mac = parse_mac_address(*text);
  if (!mac || mac->is_zero())
    return wrong(reading, written, "is not a MAC address", "write one as in 02:42:0a:01:01:02");
  if (mac->is_group())
    return wrong(reading, written, "is a group address",
                 "a station's has an even first octet, as in 02:42:0a:01:01:02");
  into.interface.mac = mac;
}

void read_mtu(Reading& reading, const Written& written, Joining& into) {
  if (const auto mtu = mtu_of(reading, written)) into.interface.mtu = *mtu;
}

void read_impair(Reading& reading, const Written& written, Joining& into) {
  into.interface.impair = {};
  read_impairment(reading, written, into.interface.impair);
}

void read_up(Reading& reading, const Written& written, Joining& into) {
  if (const auto up = switch_of(reading, written)) into.interface.up = *up;
}

constexpr std::array<std::string_view, 7> engine_keys{
    "aliases",      "driver_opts",    "gw_priority", "interface_name",
    "ipv6_address", "link_local_ips", "priority"};
constexpr Key<Joining> keys[] = {
    {"address", read_address}, {"ipv4_address", read_address},
    {"mac", read_mac},         {"mac_address", read_mac},
    {"mtu", read_mtu},         {"impair", read_impair},
    {"up", read_up},
};

/// The network, if this machine may join it; else a complaint.
const Network* joinable(Reading& reading, const std::string& name, int line,
                        const Machine& machine) {
  const Network* const network = reading.lab.find_network(name);
  if (network == nullptr) {
    std::string known;
    for (const Network& n : reading.lab.networks)
      if (known.size() < 200) known += (known.empty() ? "" : ", ") + n.name;
    reading.found.error(line, "there is no network `" + shorten(name) + '`',
                        known.empty() ? "describe it under `networks`" : "there are " + known);
    return nullptr;
  }
  const auto twin = std::ranges::find(machine.interfaces, name, &Interface::network);
  if (twin == machine.interfaces.end()) return network;
  reading.found.error(line, '`' + name + "` is there twice",
                      "keep one: a machine joins a network once");
  return nullptr;
}

Joining join(Reading& reading, const Network& network, int line, const Machine& machine) {
  Joining joining;
  joining.network = &network;
  joining.interface.name = "eth" + std::to_string(machine.interfaces.size());
  joining.interface.network = network.name;
  joining.interface.place = reading.found.at(line);
  joining.interface.mtu = network.mtu;
  joining.interface.impair = network.impair;
  return joining;
}

void read_interface(Reading& reading, const Entry& entry, Machine& machine) {
  const Network* const network = joinable(reading, entry.key, entry.line, machine);
  if (network == nullptr) return;
  Joining joining = join(reading, *network, entry.line, machine);
  if (entry.value.is_map())
    read_keys(reading, {"an interface", engine_keys}, entry.value, keys, joining);
  else
    read_address(reading, {entry.key, entry.value}, joining);
  machine.interfaces.push_back(std::move(joining.interface));
}

void read_bare_name(Reading& reading, const Value& value, Machine& machine) {
  const std::string* const name = word_of(reading, {"networks", value});
  if (name == nullptr) return;
  if (const Network* const network = joinable(reading, *name, value.line, machine))
    machine.interfaces.push_back(join(reading, *network, value.line, machine).interface);
}

std::size_t links_of(const Lab& lab) {
  std::size_t links = 0;
  for (const Machine& machine : lab.machines) links += machine.interfaces.size();
  return links;
}

}  // namespace

void read_interfaces(Reading& reading, const Written& written, Machine& machine) {
  const Value& value = written.value;
  if (links_of(reading.lab) + std::max(value.entries.size(), value.items.size()) > lab_limit::links)
    return reading.found.error(value.line, "more than 4,096 interfaces", "split the lab");
  if (value.is_list())
    for (const Value& item : value.items) read_bare_name(reading, item, machine);
  else if (is_map_or_null(reading, written, example))
    for (const Entry& entry : value.entries) read_interface(reading, entry, machine);
}

}  // namespace smolstack::topology
