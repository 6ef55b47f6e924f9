#pragma once
// `why --live`: what became of a real probe, told from what the machines counted meanwhile.

#include <optional>
#include <string>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/inspect/why.hpp"

namespace smolstack::inspect {

/// What the command `stats` of one machine answered: its rows in one array.
struct MachineStats {
  std::string machine;
  control::Json rows;
};

/// Packets that one machine dropped meanwhile, for one reason, on one interface.
struct LiveDrop {
  std::string machine;
  std::string interface;
  std::string reason;
  std::uint64_t count = 0;
};

struct LiveVerdict {
  bool left = false;                      ///< the machine that asks sent something
  std::vector<std::string> forwarded_by;  ///< in the order of the lab
  std::vector<std::string> delivered_at;  ///< others than the one that asks
  bool heard = false;                     ///< something came for the one that asks
  std::vector<LiveDrop> drops;            ///< likeliest first; what every wire brings is left out
  std::vector<std::string> unseen;        ///< machines of the lab that count nothing for us
  std::string sentence;
};

/// Compares what was counted before and after a probe. Other traffic meanwhile is counted too:
/// what it says is what happened on the machines, and the probe is its likeliest cause. `answered`
/// is what the prober itself saw, when it is known. Rows that make no sense count nothing.
LiveVerdict judge_live(const std::vector<MachineStats>& before,
                       const std::vector<MachineStats>& after, const WhyQuestion& question,
                       std::optional<bool> answered = {});

control::Json to_json(const LiveVerdict& verdict);

}  // namespace smolstack::inspect
