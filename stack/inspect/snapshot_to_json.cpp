#include "smolstack/inspect/snapshot_json.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::inspect {
namespace {

constexpr std::size_t list_in_row = 64;

template <class List, class Make>
Json array_of(const List& list, Make make) {
  Json array = Json::array();
  for (const auto& each : list) array.push_back(make(each));
  return array;
}

Json address_json(const Ipv4Subnet& subnet) {
  return {{"local", to_string(subnet.address)}, {"prefixlen", subnet.length}};
}

Json interface_json(const InterfaceSnapshot& interface) {
  return {{"ifname", interface.name},
          {"network", interface.network},
          {"address", to_string(interface.mac)},
          {"mtu", interface.mtu},
          {"up", interface.up},
          {"carrier", interface.carrier},
          {"forwarding", interface.forwarding},
          {"rp_filter", interface.rp_filter},
          {"addr_info", array_of(interface.addresses, address_json)}};
}

Json path_json(const PathSnapshot& path) {
  return {{"gateway", to_string(path.gateway)}, {"dev", path.device}, {"weight", path.weight}};
}

Json route_json(const RouteSnapshot& each) {
  const Ipv4Route& route = each.route;
  Json json = {{"type", to_string(route.kind)}, {"dst", to_string(route.prefix)}};
  if (route.has_gateway()) json["gateway"] = to_string(route.gateway);
  if (!each.device.empty()) json["dev"] = each.device;
  json["protocol"] = to_string(route.protocol);
  if (!route.preferred_source.is_unspecified()) json["prefsrc"] = to_string(route.preferred_source);
  if (route.metric != 0) json["metric"] = route.metric;
  if (!each.paths.empty()) json["nexthops"] = array_of(each.paths, path_json);
  return json;
}

Json port_json(const ListeningPort& each) {
  return {{"protocol", each.protocol == ip_protocol::tcp ? "tcp" : "udp"},
          {"address", to_string(each.address)},
          {"port", each.port}};
}

Json neighbor_json(const NeighborSnapshot& each) {
  return {{"dst", to_string(each.address)}, {"dev", each.device}, {"lladdr", to_string(each.mac)}};
}

Json host_json(const HostName& each) {
  return {{"name", each.name}, {"address", to_string(each.address)}};
}

Json head_of(const MachineSnapshot& machine) {
  return {{"node", machine.name},
          {"stack", machine.stack == topology::StackKind::kernel ? "kernel" : "smol"},
          {"running", machine.running},
          {"ip_forward", machine.forwarding},
          {"rp_filter", machine.rp_filter},
          {"icmp_echo_ignore_all", machine.echo_ignore_all},
          {"icmp_echo_ignore_broadcasts", machine.echo_ignore_broadcasts}};
}

}  // namespace

Json to_json(const MachineSnapshot& machine) {
  Json json = head_of(machine);
  json["interfaces"] = array_of(machine.interfaces, interface_json);
  json["routes"] = array_of(machine.routes, route_json);
  json["listening"] = array_of(machine.listening, port_json);
  json["neighbors"] = array_of(machine.permanent_neighbors, neighbor_json);
  json["hosts"] = array_of(machine.hosts, host_json);
  return json;
}

std::vector<Json> to_rows(const MachineSnapshot& machine) {
  std::vector<Json> rows{head_of(machine)};
  Json whole = to_json(machine);
  rows.front()["interfaces"] = std::move(whole["interfaces"]);
  for (const char* const key : {"routes", "listening", "neighbors", "hosts"}) {
    Json piece = Json::array();
    const Json& list = whole[key];
    for (std::size_t i = 0; i < list.size(); ++i) {
      piece.push_back(list[i]);
      if (piece.size() < list_in_row && i + 1 < list.size()) continue;
      rows.push_back({{key, std::move(piece)}});
      piece = Json::array();
    }
  }
  return rows;
}

Json join_rows(const Json& rows) {
  Json whole = Json::object();
  for (const Json& row : rows) {
    if (!row.is_object()) continue;
    for (const auto& [key, value] : row.items()) {
      const auto at = whole.find(key);
      if (at == whole.end() || at->is_null())
        whole[key] = value;
      else if (at->is_array() && value.is_array())
        at->insert(at->end(), value.begin(), value.end());
    }
  }
  return whole;
}

}  // namespace smolstack::inspect
