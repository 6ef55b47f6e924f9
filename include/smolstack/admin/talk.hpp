#pragma once
// The client's side of the commands that show something: ask a running machine, print what it
// says as text or JSON, and end with its exit code.

#include <ostream>
#include <string_view>

#include "smolstack/control/client.hpp"

namespace smolstack::control {

/// `smolstack ip MACHINE WORDS...`; options such as -j and -br are words in front.
int talk_ip(std::string_view machine, const Words& words, std::ostream& out, std::ostream& errors);
/// `smolstack sysctl MACHINE WORDS...`, with -a, -n (values only) and -j.
int talk_sysctl(std::string_view machine, const Words& words, std::ostream& out,
                std::ostream& errors);
/// `smolstack stats MACHINE WORDS...`, with -a and -j.
int talk_stats(std::string_view machine, const Words& words, std::ostream& out,
               std::ostream& errors);

/// What the rows of `stats` are as one JSON object: {"interfaces", "stack", "levels"}.
Json stats_object(const Json& rows);

}  // namespace smolstack::control
