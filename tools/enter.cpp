// `exec` and `hop`: programs on the machines of a lab.

#include "smolstack/lab/enter.hpp"

#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

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

/// The command begins at `--`, or where CLI11 found a word that is neither option nor machines.
/// False: there is none, or nowhere to run it.
bool take_command(ExecWords& words, const Words& rest, const Words& behind_dashes) {
  // With --all the first word is no machine.
  if (words.all && !words.machines.empty())
    words.command.push_back(std::exchange(words.machines, {}));
  words.command.insert(words.command.end(), rest.begin(), rest.end());
  const bool began = !words.command.empty();
  if (began && !behind_dashes.empty()) words.command.push_back("--");
  words.command.insert(words.command.end(), behind_dashes.begin(), behind_dashes.end());
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

void add_exec(CLI::App& app, Action& action, const Words& behind_dashes) {
  CLI::App* const verb = app.add_subcommand("exec", "runs a command on machines of a lab");
  const auto words = std::make_shared<ExecWords>();
  verb->prefix_command();
  verb->add_option("machines", words->machines, "NAME or LAB/NAME; `host`: the lab's own namespace")
      ->type_name("MACHINE[,MACHINE...]");
  verb->add_flag("--all", words->all, "on every machine of the lab");
  verb->add_flag("--json", words->json, "one object a line for each machine");
  verb->add_option("--timeout", words->timeout, "ends it after so long; exit code 124")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  verb->add_option("--lab", words->lab, "the lab, where several run")->type_name("LAB");
  verb->footer("smolstack exec MACHINE[,MACHINE...]|--all -- COMMAND...");
  verb->callback([verb, &action, words, &behind_dashes] {
    action = [given = verb->remaining(), words, &behind_dashes]() -> int {
      if (!take_command(*words, given, behind_dashes)) {
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

void add_enter_verbs(CLI::App& app, Action& action, const Words& behind_dashes) {
  add_exec(app, action, behind_dashes);
  add_hop(app, action);
}

}  // namespace smolstack::tools
