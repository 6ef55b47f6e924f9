// Snapshots as hostile machines may send them: what is accepted comes back the same, and a probe
// through a lab of such machines ends, whatever they claim.

#include <string>

#include "fuzz/fuzz.hpp"
#include "smolstack/inspect/simulation.hpp"
#include "smolstack/inspect/snapshot_json.hpp"

using namespace smolstack;
using inspect::Json;

namespace {

constexpr std::size_t most_machines = 8;
constexpr inspect::SimulationLimits limits{.frames = 2000};

inspect::LabSnapshot lab_of(const Json& machines) {
  inspect::LabSnapshot lab;
  for (const Json& each : machines) {
    const auto machine = inspect::machine_snapshot(each);
    if (!machine.has_value()) continue;
    const Json again = inspect::to_json(*machine);
    const auto back = inspect::machine_snapshot(again);
    SMOL_FUZZ_CHECK(back.has_value() && inspect::to_json(*back) == again);
    if (lab.machines.size() < most_machines) lab.machines.push_back(*machine);
  }
  return lab;
}

void send_through(const inspect::LabSnapshot& lab) {
  inspect::Probe probe;
  probe.from = lab.machines.front().name;
  for (const auto& interface : lab.machines.back().interfaces)
    if (!interface.addresses.empty()) probe.destination = interface.addresses.front().address;
  for (const std::uint8_t protocol : {ip_protocol::icmp, ip_protocol::udp, ip_protocol::tcp}) {
    probe.protocol = protocol;
    probe.port = protocol == ip_protocol::icmp ? 0 : 53;
    inspect::Simulation simulation(lab, probe, limits);
    (void)simulation.run(probe);
    SMOL_FUZZ_CHECK(simulation.frames() <= limits.frames);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Json json = Json::parse(data, data + size, nullptr, false);
  if (json.is_discarded()) return 0;
  (void)inspect::machine_snapshot(json);
  if (!json.is_array()) return 0;
  const inspect::LabSnapshot lab = lab_of(json);
  if (!lab.machines.empty()) send_through(lab);
  return 0;
}
