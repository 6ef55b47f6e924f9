#pragma once
// The client's side of ping and traceroute: what happens is printed as it happens.

#include <ostream>
#include <string_view>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// `smolstack ping MACHINE WORDS...`; with --json an event a line. SIGINT prints the statistics.
int talk_ping(std::string_view machine, Words words, std::ostream& out, std::ostream& errors);
/// `smolstack traceroute MACHINE WORDS...`, with --json too.
int talk_traceroute(std::string_view machine, Words words, std::ostream& out, std::ostream& errors);

}  // namespace smolstack::control
