// The verb that makes wires bad, and good again.

#include <algorithm>
#include <iostream>

#include "smolstack/admin/impair_talk.hpp"
#include "smolstack/io/impairment.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

constexpr const char* usage =
    "smolstack impair MACHINE:INTERFACE|MACHINE [--direction out|in|both] [--delay TIME] ... | "
    "--clear [--json]";

/// "  --delay TIME          how long ..."
std::string line_of(const io::ImpairmentWord& word) {
  constexpr std::size_t column = 24;
  std::string line = "  --" + std::string(word.word) + ' ' + std::string(word.value);
  line.resize(std::max(column, line.size() + 1), ' ');
  return line + std::string(word.help) + '\n';
}

std::string help() {
  std::string text = std::string(usage) +
                     "\n\nWhat is not named is off. Without an option it shows what is set, and "
                     "what became of the frames.\n";
  for (const io::ImpairmentWord& word : io::impairment_words()) text += line_of(word);
  return text;
}

}  // namespace

void add_impair_verb(CLI::App& app, Action& action) {
  CLI::App* const verb = app.add_subcommand("impair", "makes its wires slow, lossy or worse");
  verb->prefix_command();
  verb->footer(help());
  verb->callback([verb, &action] {
    action = [given = verb->remaining()]() -> int {
      if (given.empty() || given.front().starts_with('-'))
        return complain(std::string("impair: the machine comes first: ") + usage);
      return control::talk_impair(given.front(), control::Words(given.begin() + 1, given.end()),
                                  std::cout, std::cerr);
    };
  });
}

}  // namespace smolstack::tools
