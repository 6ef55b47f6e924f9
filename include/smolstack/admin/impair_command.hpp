#pragma once
// `impair` on a running machine: what its wires do to frames, set and shown.
//
//   impair                                                    all interfaces, with their counters
//   impair eth0 [--direction out|in|both] --delay 50ms ...    what is not named is off
//   impair eth0 --clear

#include <optional>
#include <string>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/io/impairment_device.hpp"

namespace smolstack::control {

/// What the words ask for.
struct ImpairRequest {
  std::string interface;  ///< empty: each that there is
  /// Those to set, or to show; none were named: what is sent is set, both are shown.
  std::vector<io::Direction> directions;
  std::optional<io::ImpairmentOptions> options;  ///< off: clear; none: show only
};

/// Reads them: an interface first, if one is meant, then options. The outcome of a failure is wrong
/// use, and says what would be right.
Expected<ImpairRequest, Outcome> parse_impair(const Words& words);

/// One row for each interface and direction that was asked for, after the change if it is one:
/// {"node", "ifname", "direction", "impairment": "delay 50ms loss 2%" or "off", "options": {...},
/// "passed", "lost", "duplicated", "reordered", "corrupted", "queue_full", "waiting"}.
std::unique_ptr<Running> impair_handler(Machine& machine, const Words& words,
                                        const std::shared_ptr<Reply>& reply);

/// {"delay": seconds, "jitter": seconds, "loss": 0..1, "duplicate": 0..1, "reorder": 0..1,
/// "corrupt": 0..1, "rate": bits a second, "limit": frames, "seed": number}
Json impairment_json(const io::ImpairmentOptions& options);

}  // namespace smolstack::control
