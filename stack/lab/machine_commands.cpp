#include "smolstack/lab/machine_commands.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "smolstack/inspect/snapshot_command.hpp"
#include "smolstack/mirror/namespace_reading.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/node/commands.hpp"

namespace smolstack::lab {
namespace {

using control::Json;

constexpr std::size_t most_names = 1024;

std::unique_ptr<control::Running> owners(control::Machine& machine, const control::Words&,
                                         const std::shared_ptr<control::Reply>& reply) {
  for (const Json& row : mirror::owners_json(machine.stack)) reply->data(row);
  reply->finish(control::exit_code::done);
  return nullptr;
}

Json host_rows() {
  Json rows = Json::array();
  std::ifstream hosts("/etc/hosts");
  for (std::string line; std::getline(hosts, line) && rows.size() < most_names;) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    if (!parse_ipv4_address(address)) continue;
    for (std::string name; words >> name;) rows.push_back({{"name", name}, {"address", address}});
  }
  return rows;
}

Json listening_rows() {
  Json rows = Json::array();
  for (const auto& port : mirror::listening_ports())
    rows.push_back({{"protocol", port.protocol == 6 ? "tcp" : "udp"},
                    {"address", to_string(port.address)},
                    {"port", port.port}});
  return rows;
}

}  // namespace

std::span<const control::Command> machine_commands() {
  static const auto table = [] {
    const auto common = control::commands();
    std::vector<control::Command> all(common.begin(), common.end());
    all.push_back({"owners", "says who answers which kind of packet", &owners});
    all.push_back({"snapshot", "gives the tables of the machine", &inspect::snapshot_handler});
    return all;
  }();
  return table;
}

void complete_snapshot(const topology::Machine& machine, Json& row) {
  for (Json& interface : row["interfaces"])
    if (const auto* const known = machine.find_interface(interface.value("ifname", "")))
      interface["network"] = known->network;
  row["hosts"] = host_rows();
  row["listening"] = listening_rows();
}

}  // namespace smolstack::lab
