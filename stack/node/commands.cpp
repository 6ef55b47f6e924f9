#include "smolstack/node/commands.hpp"

#include <array>

#include "smolstack/admin/impair_command.hpp"
#include "smolstack/admin/ip_command.hpp"
#include "smolstack/admin/stats_command.hpp"
#include "smolstack/admin/sysctl_command.hpp"
#include "smolstack/probe/ping.hpp"
#include "smolstack/probe/traceroute.hpp"

namespace smolstack::control {

std::span<const Command> commands() {
  static constexpr auto table = std::to_array<Command>({
      {"impair", "makes wires slow, lossy or worse, and shows what they do", &impair_handler},
      {"ip", "shows and changes addresses, links, groups, neighbours and routes", &ip_handler},
      {"ping", "sends echo requests and tells what comes back", &ping},
      {"stats", "shows what was counted, and why packets were dropped", &stats_handler},
      {"sysctl", "shows and changes settings", &sysctl_handler},
      {"traceroute", "shows the way to a destination", &traceroute},
  });
  return table;
}

}  // namespace smolstack::control
