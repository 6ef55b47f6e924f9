#include "smolstack/topology/script.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "smolstack/topology/lab_reader.hpp"
#include "smolstack/topology/shell_reader.hpp"

namespace smolstack::topology {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// As people would name it from where they are.
std::string shown(const fs::path& file) {
  std::error_code error;
  const fs::path relative = file.lexically_proximate(fs::current_path(error));
  return error || relative.empty() || *relative.begin() == ".." ? file.native() : relative.native();
}

/// net/ipv4/ip_forward or net.ipv4.ip_forward, with dots.
std::string dotted(std::string name) {
  std::ranges::replace(name, '/', '.');
  return name;
}

class Collector {
 public:
  void add_script(const Machine& machine) {
    const auto script = script_of(machine);
    if (!script) return;
    const auto [known, is_new] = scripts_.try_emplace(*script);
    if (is_new) {
      const auto text = read_text(*script);
      if (text && text->size() <= script_limit::bytes) known->second = shell_tokens(*text, 1);
    }
    read(machine, known->second, shown(*script));
  }

  void add_lines(const Machine& machine, const Stage& stage) {
    for (const auto& [name, commands] : stage.exec)
      if (name == machine.name)
        for (const Command& command : commands)
          read(machine, shell_tokens(command.text, command.place.line), command.place.file);
  }

  std::vector<ScriptedCommand> take() { return std::move(commands_); }

 private:
  /// The start-up script, or the copy of one that the machine's command names.
  std::optional<fs::path> script_of(const Machine& machine) const {
    if (machine.start_up) return machine.start_up;
    for (const auto& [from, to] : machine.copies) {
      const std::string name = fs::path(to).filename();
      for (const std::string& word : machine.command)
        if (name.ends_with(".sh") && word.find(name) != std::string::npos) return from;
    }
    return {};
  }

  void read(const Machine& machine, std::span<const ShellToken> tokens, const std::string& file) {
    if (tokens.size() > tokens_left_) return;
    tokens_left_ -= tokens.size();
    ShellReader::Variables variables{{"HOSTNAME", machine.hostname}};
    ShellReader reader(tokens, std::move(variables), [&](SimpleCommand command) {
      take_command(machine, std::move(command), file);
    });
    reader.run();
  }

  void take_command(const Machine& machine, SimpleCommand command, const std::string& file) {
    Words& words = command.words;
    if (words.front() == "sudo" && words.size() > 1) words.erase(words.begin());
    const std::string program = fs::path(words.front()).filename();
    const Place place{file, command.line};
    if (program == "ip") {
      words.front() = program;
      add(machine, std::move(words), place);
    } else if (program == "sysctl") {
      for (const std::string& word : words)
        if (const std::size_t equals = word.find('='); equals != std::string::npos)
          add(machine, {"sysctl", "-w", dotted(word.substr(0, equals)) + word.substr(equals)},
              place);
    } else if (program == "echo" && words.size() == 2) {
      constexpr std::string_view directory = "/proc/sys/";
      if (command.output_file.starts_with(directory))
        add(machine,
            {"sysctl", "-w", dotted(command.output_file.substr(directory.size())) + '=' + words[1]},
            place);
    }
  }

  void add(const Machine& machine, Words words, const Place& place) {
    if (commands_.size() < script_limit::commands)
      commands_.push_back({machine.name, std::move(words), place});
  }

  std::map<fs::path, std::vector<ShellToken>> scripts_;
  std::vector<ScriptedCommand> commands_;
  std::size_t tokens_left_ = script_limit::tokens;
};

}  // namespace

std::vector<ScriptedCommand> scripted_commands(const Lab& lab, std::string_view stage) {
  Collector collector;
  const Stage* const lines = lab.find_stage(stage);
  for (const Machine& machine : lab.machines) {
    collector.add_script(machine);
    if (lines != nullptr) collector.add_lines(machine, *lines);
  }
  return collector.take();
}

}  // namespace smolstack::topology
