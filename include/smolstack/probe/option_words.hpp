#pragma once
// Options in the manner of getopt, for the commands that imitate old programs.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/command.hpp"

namespace smolstack::control {

/// One option as it was written: `-c 5` or `-c5`. `value` is empty for a switch.
struct OptionWord {
  char letter = 0;
  std::string value;
};

struct OptionWords {
  std::vector<OptionWord> options;
  Words operands;
};

/// Sorts words into options and operands. `letters` is getopt's: a letter with a colon behind it
/// takes a value. The error is getopt's text.
Expected<OptionWords, std::string> split_options(const Words& words, std::string_view letters);

/// A whole number within a range; the error is the text that iputils gives.
Expected<std::int64_t, std::string> parse_whole(const std::string& text, std::int64_t lowest,
                                                std::int64_t highest);
/// A number that may have a fraction; nothing for junk, infinities and the like.
std::optional<double> parse_real(const std::string& text);

}  // namespace smolstack::control
