// The verb that makes wires bad, and good again.

#include <algorithm>
#include <iostream>

#include "lab_choice.hpp"
#include "smolstack/admin/impair_talk.hpp"
#include "smolstack/io/impairment.hpp"
#include "smolstack/lab/collect.hpp"
#include "smolstack/lab/find.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

constexpr const char* usage =
    "smolstack impair MACHINE:INTERFACE|MACHINE|NETWORK [--direction out|in|both] [--delay TIME] "
    "... | "
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

/// The interfaces on a network of the lab that runs, as MACHINE:INTERFACE; none: it is no network.
std::vector<std::string> ports_of(const std::string& network) {
  std::vector<std::string> ports;
  const auto paths = choose_running_lab("");
  if (!paths) return ports;
  const auto rows = lab::ask(paths->socket(), "ps");
  if (!rows) return ports;
  for (const control::Json& row : *rows)
    for (const control::Json& interface : row["interfaces"])
      if (interface.value("network", "") == network && row.value("stack", "") == "smol")
        ports.push_back(paths->name() + "/" + row.value("node", "") + ":" +
                        interface.value("ifname", ""));
  return ports;
}

/// A network is every port on it; the worst exit code counts.
int impair(const std::string& what, const control::Words& words) {
  const bool is_machine = what.find_first_of(":/") != what.npos || lab::find_machine(what);
  const auto ports = is_machine ? std::vector<std::string>() : ports_of(what);
  if (ports.empty()) return control::talk_impair(what, words, std::cout, std::cerr);
  int exit = control::exit_code::done;
  for (const std::string& port : ports)
    exit = std::max(exit, control::talk_impair(port, words, std::cout, std::cerr));
  return exit;
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
      return impair(given.front(), control::Words(given.begin() + 1, given.end()));
    };
  });
}

}  // namespace smolstack::tools
