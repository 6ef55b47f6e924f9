#include "lab_choice.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "smolstack/topology/lab_file.hpp"

namespace smolstack::tools {
namespace {

namespace fs = std::filesystem;
using control::Outcome;

std::string names_of(const std::vector<lab::LabPaths>& labs) {
  std::string names;
  for (const auto& each : labs) names += (names.empty() ? "" : ", ") + each.name();
  return names;
}

void say_findings(const std::vector<topology::Finding>& findings) {
  for (const auto& finding : findings) std::fprintf(stderr, "%s\n", to_string(finding).c_str());
}

auto refuse(int exit, std::string why) {
  return unexpected(Outcome{exit, std::move(why)});
}

/// A path becomes the name of the lab that is described there.
Expected<std::string, Outcome> name_of(const std::string& given) {
  std::error_code ignored;
  if (given.find('/') == given.npos && !fs::exists(given, ignored)) return given;
  const auto read = topology::read_lab(given);
  if (!read) return refuse(control::exit_code::wrong, given + " is no lab that could be read");
  return read->name;
}

}  // namespace

std::optional<topology::Lab> read_lab_or_complain(const std::string& path) {
  auto read = topology::read_lab(path.empty() ? "." : path);
  if (!read) {
    say_findings(read.error());
    return std::nullopt;
  }
  say_findings(read->warnings);
  return std::move(*read);
}

int say(const Outcome& outcome) {
  if (!outcome.error.empty()) std::fprintf(stderr, "smolstack: %s\n", outcome.error.c_str());
  return outcome.exit;
}

Expected<lab::LabPaths, Outcome> choose_running_lab(const std::string& given) {
  const char* const chosen = std::getenv("SMOLSTACK_LAB");
  const std::string wanted = !given.empty() ? given : chosen != nullptr ? chosen : "";
  const auto labs = lab::running_labs();
  if (labs.empty())
    return refuse(control::exit_code::no, "no lab runs; bring one up with: smolstack up LAB");
  if (wanted.empty()) {
    if (labs.size() == 1) return labs.front();
    return refuse(control::exit_code::wrong, "several labs run (" + names_of(labs) + "); name one");
  }
  const auto name = name_of(wanted);
  if (!name) return unexpected(name.error());
  for (const auto& each : labs)
    if (each.name() == *name) return each;
  return refuse(control::exit_code::no,
                "lab " + *name + " does not run; running are: " + names_of(labs));
}

}  // namespace smolstack::tools
