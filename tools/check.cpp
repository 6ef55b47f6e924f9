// `check` and `map`: what can be said of a lab from its files.

#include "smolstack/inspect/check.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>

#include "lab_choice.hpp"
#include "smolstack/lab/collect.hpp"
#include "smolstack/topology/check.hpp"
#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/map.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

namespace exit_code = control::exit_code;
using topology::Finding;

struct CheckFlags {
  std::string lab;
  std::string stage;
  std::string svg;
  bool json = false;
};

/// Each thing once, although stages share their mistakes.
void add_new(std::vector<Finding>& all, const std::vector<Finding>& more) {
  for (const Finding& finding : more)
    if (std::ranges::find(all, finding) == all.end()) all.push_back(finding);
}

std::vector<std::string> stages_to_check(const topology::Lab& lab, const std::string& wanted) {
  if (!wanted.empty()) return {wanted};
  std::vector<std::string> names;
  for (const auto& stage : lab.stages) names.push_back(stage.name);
  if (names.empty()) names.emplace_back();
  return names;
}

std::vector<Finding> findings_of(const topology::Lab& lab, const std::string& stage) {
  std::vector<Finding> findings = lab.warnings;
  add_new(findings, topology::check_addresses(lab));
  for (const std::string& name : stages_to_check(lab, stage))
    add_new(findings, inspect::check_reachability(lab, name));
  return findings;
}

bool is_mistake(const Finding& finding) {
  return finding.severity != topology::Severity::note;
}

void report(const std::vector<Finding>& findings, const CheckFlags& flags) {
  std::fputs(topology::format_findings(findings, flags.json).c_str(), stdout);
  if (!flags.json && std::ranges::none_of(findings, is_mistake)) std::printf("no mistakes found\n");
}

int check(const CheckFlags& flags) {
  const auto lab = topology::read_lab(flags.lab.empty() ? "." : flags.lab);
  if (!lab) {
    report(lab.error(), flags);
    return exit_code::no;
  }
  if (!flags.stage.empty() && lab->find_stage(flags.stage) == nullptr)
    return complain("lab " + lab->name + " has no stage `" + flags.stage + "`");
  const auto findings = findings_of(*lab, flags.stage);
  report(findings, flags);
  return std::ranges::any_of(findings, is_mistake) ? exit_code::no : exit_code::done;
}

// --- map -----------------------------------------------------------------------------------------

/// What the lab's machines say of themselves, if it runs.
std::optional<topology::MapState> state_of(const topology::Lab& lab) {
  const auto paths = lab::LabPaths::of(lab.name);
  if (!lab::is_running(paths)) return std::nullopt;
  const auto snapshot = lab::snapshot_of_running(paths);
  if (!snapshot) return std::nullopt;
  topology::MapState state;
  for (const auto& machine : snapshot->machines) {
    if (!machine.running) state.dead.insert(machine.name);
    for (const auto& interface : machine.interfaces)
      if (!interface.up || !interface.carrier)
        state.unplugged.emplace(machine.name, interface.name);
  }
  return state;
}

/// The lab at a path, or the one that runs: its file is known.
std::optional<topology::Lab> lab_of(const std::string& given) {
  if (!given.empty() && given.find('/') != given.npos) return read_lab_or_complain(given);
  if (const auto paths = choose_running_lab(given)) {
    const auto info = lab::ask(paths->socket(), "info");
    if (info && !info->empty()) return read_lab_or_complain((*info)[0].value("file", ""));
  }
  return read_lab_or_complain(given);
}

int map(const CheckFlags& flags) {
  const auto lab = lab_of(flags.lab);
  if (!lab) return exit_code::wrong;
  const auto state = state_of(*lab);
  const auto* const running = state ? &*state : nullptr;
  if (flags.svg.empty()) {
    std::fputs(topology::map_text(*lab, running).c_str(), stdout);
    return exit_code::done;
  }
  std::ofstream file(flags.svg == "-" ? "/dev/stdout" : flags.svg);
  file << topology::map_svg(*lab, running);
  file.close();
  if (!file)
    return complain("map: writing " + flags.svg + " failed; name a file that can be written");
  return exit_code::done;
}

}  // namespace

void add_check_verbs(CLI::App& app, Action& action) {
  const auto flags = std::make_shared<CheckFlags>();
  CLI::App* const check_verb =
      app.add_subcommand("check", "finds the mistakes of a lab before a packet is sent");
  check_verb->add_option("lab", flags->lab, "its folder or file");
  check_verb->add_option("--stage", flags->stage, "only this stage");
  check_verb->add_flag("--json", flags->json, "a JSON object for each finding");
  check_verb->callback([&action, flags] { action = [flags] { return check(*flags); }; });

  const auto map_flags = std::make_shared<CheckFlags>();
  CLI::App* const map_verb = app.add_subcommand("map", "draws a lab");
  map_verb->add_option("lab", map_flags->lab, "its folder or file, or the name of one that runs");
  map_verb->add_option("--svg", map_flags->svg, "writes a picture to this file (-: stdout)");
  map_verb->callback([&action, map_flags] { action = [map_flags] { return map(*map_flags); }; });
}

}  // namespace smolstack::tools
