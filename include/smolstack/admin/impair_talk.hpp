#pragma once
// The client's side of `impair`.

#include <ostream>
#include <string>
#include <string_view>

#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// The rows that machines answered with, and how it ended.
struct Impaired {
  Json rows = Json::array();
  Outcome outcome{};
};

/// Asks one machine, by name or socket; an empty interface is each that it has. The words are the
/// options, as --delay 50ms; without any it only shows.
Impaired impair_machine(std::string_view machine, std::string_view interface, const Words& words);

/// A table of rows, for people: one line for each interface and direction.
std::string format_impairments(const Json& rows);

/// `smolstack impair TARGET WORDS...`: MACHINE:INTERFACE or MACHINE, with --json among the words.
int talk_impair(std::string_view target, const Words& words, std::ostream& out,
                std::ostream& errors);

}  // namespace smolstack::control
