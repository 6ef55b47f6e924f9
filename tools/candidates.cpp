#include "candidates.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>

#include "smolstack/control/run_directory.hpp"
#include "smolstack/lab/collect.hpp"
#include "smolstack/lab/find.hpp"

namespace smolstack::tools {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

void append(Names& names, Names more) {
  names.insert(names.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

// --- What runs
// -------------------------------------------------------------------------------------

/// By their names, or as LAB/NAME where several have the name.
Names machine_names() {
  std::map<std::string, Names> by_name;
  for (const auto& machine : control::running_machines())
    by_name[machine.name].push_back((machine.lab.empty() ? "" : machine.lab + "/") + machine.name);
  Names names;
  for (auto& [name, full] : by_name)
    append(names, full.size() == 1 ? Names{name} : std::move(full));
  return names;
}

/// "client:eth0", and the networks.
Names wire_names() {
  Names names, networks;
  for (const std::string& lab : control::running_labs()) {
    const auto rows = lab::ask(control::lab_path(lab), "ps");
    for (const control::Json& row : rows.value_or(control::Json::array()))
      for (const control::Json& interface : row.value("interfaces", control::Json::array())) {
        names.push_back(row.value("node", "") + ":" + interface.value("ifname", ""));
        networks.push_back(interface.value("network", ""));
      }
  }
  append(names, networks);
  return names;
}

/// Folders with a lab in them, here and in labs/.
Names lab_folders() {
  Names names;
  std::error_code ignored;
  for (const fs::path where : {".", "labs"})
    for (const auto& entry : fs::directory_iterator(where, ignored))
      for (const char* const file : {"lab.yaml", "docker-compose.yml", "docker-compose.yaml"})
        if (fs::exists(entry.path() / file, ignored))
          names.push_back(entry.path().lexically_normal().native());
  return names;
}

Names with_host(Names names) {
  if (!control::running_labs().empty()) names.emplace_back(lab::host_name);
  return names;
}

/// Completes the last name of "server,cl".
Names listed(const Names& names, const std::string& typed) {
  const auto comma = typed.rfind(',');
  const std::string before = comma == typed.npos ? "" : typed.substr(0, comma + 1);
  Names lists;
  for (const std::string& name : names) lists.push_back(before + name);
  return lists;
}

// --- The command line
// ------------------------------------------------------------------------------

/// What the help of a positional or an option calls by this name.
Names values_of(const std::string& name, const std::string& typed) {
  if (name == "machines") return listed(with_host(machine_names()), typed);
  if (name == "machine") return with_host(machine_names());
  if (name == "node" || name == "source" || name == "destination") return machine_names();
  if (name == "what") return wire_names();
  if (name == "part") return {"forward", "fib", "checksum"};
  if (name == "shell") return {"bash", "zsh", "fish"};
  if (name != "lab") return {file_names};
  Names labs = control::running_labs();
  append(labs, lab_folders());
  labs.emplace_back(file_names);
  return labs;
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
  const auto verbs =
      app.get_subcommands([&](const CLI::App* verb) { return verb->check_name(name); });
  return verbs.empty() ? nullptr : verbs.front();
}

Names verb_names(const CLI::App& app) {
  Names names{"--help", "--version"};
  for (const CLI::App* const verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

/// Verbs that hand their words on describe them at the end of their help.
Names flags_of(const CLI::App& verb) {
  Names flags;
  for (const CLI::Option* const option : verb.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  const std::string help = verb.get_footer();
  for (auto at = help.find("--"); at != help.npos; at = help.find("--", at + 2)) {
    const auto is_part = [](char c) {
      return c == '-' || std::isalpha(static_cast<unsigned char>(c));
    };
    const auto end =
        std::find_if_not(help.begin() + static_cast<std::ptrdiff_t>(at), help.end(), is_part);
    const std::string flag(help.begin() + static_cast<std::ptrdiff_t>(at), end);
    if (flag.size() > 2) flags.push_back(flag);
  }
  return flags;
}

/// The option that takes the next word as its value.
const CLI::Option* waits_for_value(const CLI::App& verb, const std::string& word) {
  if (!word.starts_with('-')) return nullptr;
  for (const CLI::Option* const option : verb.get_options())
    if (option->check_name(word) && option->get_expected_max() > 0 && option->get_type_size() > 0)
      return option;
  return nullptr;
}

/// How many words that are neither options nor their values stand before the last one.
std::size_t positionals_before(const CLI::App& verb, const Names& words) {
  std::size_t count = 0;
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (waits_for_value(verb, words[i]) != nullptr)
      ++i;
    else if (!words[i].starts_with('-'))
      ++count;
  return count;
}

Names positional(const CLI::App& verb, const Names& words) {
  const std::size_t at = positionals_before(verb, words);
  Names places;
  for (const CLI::Option* const option : verb.get_options())
    if (option->get_positional())
      places.insert(places.end(),
                    static_cast<std::size_t>(std::clamp(option->get_expected_max(), 1, 2)),
                    option->get_name(true));
  // `link` is the one verb that says one thing of another.
  if (at == 1 && places == Names{"what", "what"}) return {"up", "down"};
  if (at < places.size()) return values_of(places[at], words.back());
  if (!places.empty() || at > 0) return {file_names};
  return verb.get_name() == "impair" ? wire_names() : machine_names();
}

Names of_verb(const CLI::App& verb, const Names& words) {
  if (std::ranges::find(words.begin(), words.end() - 1, "--") != words.end() - 1)
    return {file_names};
  const std::string& typed = words.back();
  if (const auto* const option = waits_for_value(verb, words[words.size() - 2]))
    return values_of(option->get_single_name(), typed);
  return typed.starts_with('-') ? flags_of(verb) : positional(verb, words);
}

}  // namespace

Names candidates(const CLI::App& app, const Names& words) {
  if (words.empty()) return {};
  Names found;
  if (words.size() == 1)
    found = verb_names(app);
  else if (const CLI::App* const verb = find_verb(app, words.front()))
    found = of_verb(*verb, words);
  std::erase_if(found, [&](const std::string& each) {
    return each != file_names && !each.starts_with(words.back());
  });
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace smolstack::tools
