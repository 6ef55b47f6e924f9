// `exec` and `hop`: programs on the machines of a lab.

#include "smolstack/lab/enter.hpp"

#include <iostream>
#include <memory>
#include <sstream>

#include "smolstack/lab/exec.hpp"
#include "smolstack/lab/find.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Words;
using lab::FoundMachine;

/// The command line of `exec`.
struct ExecWords {
  bool all = false;
  bool json = false;
  double timeout = 0;  ///< in seconds; 0: none
  std::string lab;
  std::string machines;
  Words command;
};

std::string usage() {
  return "exec: write: smolstack exec MACHINE[,MACHINE...]|--all [--timeout S] [--json] "
         "[--lab LAB] -- COMMAND...";
}

bool read_seconds(const std::string& word, double& seconds) {
  std::istringstream text(word);
  return text >> seconds && text.eof() && seconds > 0;
}

/// An option that stands behind the machines; how many words it took, 0: it is none of ours.
std::size_t read_option(ExecWords& words, const Words& given, std::size_t at) {
  const std::string& word = given[at];
  const bool has_value = at + 1 < given.size();
  if (word == "--all") words.all = true;
  if (word == "--json") words.json = true;
  if (word == "--all" || word == "--json") return 1;
  if (word == "--lab" && has_value) {
    words.lab = given[at + 1];
    return 2;
  }
  return word == "--timeout" && has_value && read_seconds(given[at + 1], words.timeout) ? 2 : 0;
}

/// Options, then machines, then options, then `--` or the first word of the command. False: the
/// words are no such thing.
bool read_words(ExecWords& words, const Words& given) {
  std::size_t at = 0;
  const auto is_option = [&] {
    return at < given.size() && given[at].starts_with('-') && given[at] != "--";
  };
  for (int side = 0; side < 2; ++side) {
    while (is_option()) {
      const std::size_t taken = read_option(words, given, at);
      if (taken == 0) return false;
      at += taken;
    }
    if (side == 0 && !words.all && at < given.size() && given[at] != "--")
      words.machines = given[at++];
  }
  if (at < given.size() && given[at] == "--") ++at;
  words.command.assign(given.begin() + static_cast<std::ptrdiff_t>(at), given.end());
  return !words.command.empty() && words.all == words.machines.empty();
}

using Machines = Expected<std::vector<lab::Target>, control::Outcome>;

Machines all_machines(const std::string& wanted) {
  const auto chosen = lab::choose_lab(wanted);
  if (!chosen) return unexpected(chosen.error());
  std::vector<lab::Target> targets;
  for (const FoundMachine& machine : lab::machines_of(*chosen)) targets.push_back(machine.target());
  if (targets.empty())
    return unexpected(control::Outcome{
        control::exit_code::wrong,
        "no machine of lab " + *chosen + " is running; `smolstack ls` lists what is"});
  return targets;
}

Machines named_machines(const std::string& names, const std::string& lab) {
  std::vector<lab::Target> targets;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    const auto found = lab::find_machine(name, lab);
    if (!found) return unexpected(found.error());
    targets.push_back(found->target());
  }
  return targets;
}

int exec(const ExecWords& words) {
  const auto machines =
      words.all ? all_machines(words.lab) : named_machines(words.machines, words.lab);
  if (!machines) {
    complain(machines.error().error);
    return lab::exit_code::ours;
  }
  lab::ExecOptions options;
  options.json = words.json;
  if (words.timeout > 0)
    options.timeout =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(words.timeout));
  return lab::exec_on(*machines, words.command, options, std::cout, std::cerr);
}

int hop(const std::string& machine, const std::string& lab_name) {
  const auto found = lab::find_machine(machine, lab_name);
  if (!found) {
    complain(found.error().error);
    return lab::exit_code::ours;
  }
  const auto exit = lab::enter_and_run({found->target(), {}, {}});
  if (exit) return *exit;
  complain(exit.error().message());
  return lab::exit_code::ours;
}

void add_exec(CLI::App& app, Action& action) {
  CLI::App* const verb = app.add_subcommand("exec", "runs a command on machines of a lab");
  const auto words = std::make_shared<ExecWords>();
  verb->prefix_command();
  verb->add_flag("--all", words->all, "on every machine of the lab");
  verb->add_flag("--json", words->json, "one object a line for each machine");
  verb->add_option("--timeout", words->timeout, "ends it after so long; exit code 124")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  verb->add_option("--lab", words->lab, "the lab, where several run")->type_name("LAB");
  verb->footer(
      "smolstack exec MACHINE[,MACHINE...]|--all -- COMMAND...\n"
      "The machine `host` is the lab's own namespace.");
  verb->callback([verb, &action, words] {
    action = [given = verb->remaining(), words]() -> int {
      if (!read_words(*words, given)) {
        complain(usage());
        return lab::exit_code::ours;
      }
      return exec(*words);
    };
  });
}

void add_hop(CLI::App& app, Action& action) {
  CLI::App* const verb = app.add_subcommand("hop", "opens a shell on a machine of a lab");
  struct Given {
    std::string machine;
    std::string lab;
  };
  const auto given = std::make_shared<Given>();
  verb->alias("hopon");
  verb->add_option("machine", given->machine, "NAME or LAB/NAME; `host`: the lab's own namespace")
      ->type_name("MACHINE")
      ->required();
  verb->add_option("--lab", given->lab, "the lab, where several run")->type_name("LAB");
  verb->callback(
      [&action, given] { action = [given] { return hop(given->machine, given->lab); }; });
}

}  // namespace

void add_enter_verbs(CLI::App& app, Action& action) {
  add_exec(app, action);
  add_hop(app, action);
}

}  // namespace smolstack::tools
