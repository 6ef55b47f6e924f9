// The verbs that bring labs up and down.

#include <chrono>
#include <cstdio>
#include <memory>
#include <unistd.h>

#include "lab_choice.hpp"
#include "smolstack/control/client.hpp"
#include "smolstack/lab/bring_up.hpp"
#include "smolstack/lab/running_lab.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Json;
using control::Outcome;
namespace exit_code = control::exit_code;

/// What is up before anybody has noticed needs no progress.
constexpr double quiet_seconds = 0.5;

struct LabFlags {
  std::string lab;
  std::string machine;
  std::string stage;
  bool json = false;
  bool quiet = false;
};

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void say_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
}

/// "1 network", "2 networks"
std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void report_up(const topology::Lab& lab, double took, const LabFlags& flags,
               const std::vector<std::string>& problems) {
  if (flags.json) {
    const Json report = {{"lab", lab.name},
                         {"nodes", lab.machines.size()},
                         {"networks", lab.networks.size()},
                         {"seconds", took},
                         {"problems", problems}};
    std::printf("%s\n", report.dump().c_str());
    return;
  }
  say_problems(problems);
  if (flags.quiet) return;
  std::printf("%s is up: %s, %s, %.2f s\n", lab.name.c_str(),
              counted(lab.machines.size(), "machine").c_str(),
              counted(lab.networks.size(), "network").c_str(), took);
  if (!lab.machines.empty())
    std::printf("next: smolstack hop %s\n", lab.machines.front().name.c_str());
}

/// One line that is written over as long as it takes.
class Progress {
 public:
  explicit Progress(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }
  void show(std::size_t ready, std::size_t of) {
    if (!wanted_ || seconds_since(began_) < quiet_seconds) return;
    std::fprintf(stderr, "\r%zu of %zu machines are up", ready, of);
    shown_ = true;
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool wanted_;
  bool shown_ = false;
};

int bring_up_read(const topology::Lab& lab, const LabFlags& flags) {
  if (!flags.stage.empty() && lab.find_stage(flags.stage) == nullptr) {
    std::string names;
    for (const auto& stage : lab.stages) names += (names.empty() ? "" : ", ") + stage.name;
    return complain("lab " + lab.name + " has no stage `" + flags.stage + "`; " +
                    (names.empty() ? "it has none" : "there are " + names));
  }
  const auto began = std::chrono::steady_clock::now();
  Expected<lab::LabUp, std::string> up;
  {
    Progress progress(!flags.quiet && !flags.json);
    up = lab::bring_up(lab, flags.stage,
                       [&](std::size_t ready, std::size_t of) { progress.show(ready, of); });
  }
  if (!up) return complain(up.error());
  report_up(lab, seconds_since(began), flags, up->problems);
  return up->problems.empty() ? exit_code::done : exit_code::no;
}

int up(const LabFlags& flags) {
  const auto lab = read_lab_or_complain(flags.lab);
  return lab ? bring_up_read(*lab, flags) : exit_code::wrong;
}

int down(const LabFlags& flags) {
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  const Outcome ended = lab::take_down(*paths);
  if (ended.exit == exit_code::done && flags.json)
    std::printf("%s\n", Json({{"down", paths->name()}}).dump().c_str());
  else if (ended.exit == exit_code::done && !flags.quiet)
    std::printf("%s is down\n", paths->name().c_str());
  return say(ended);
}

/// The files are read before anything is ended: mistakes in them cost nobody a lab.
int restart_all(const lab::LabPaths& paths, LabFlags flags) {
  const auto info = lab::info_of(paths);
  if (!info) return say(info.error());
  const auto lab = read_lab_or_complain(info->file.native());
  if (!lab) return exit_code::wrong;
  if (flags.stage.empty()) flags.stage = info->stage;
  if (const Outcome ended = lab::take_down(paths); ended.exit != exit_code::done) return say(ended);
  return bring_up_read(*lab, flags);
}

int restart_machine(const lab::LabPaths& paths, const LabFlags& flags) {
  const auto began = std::chrono::steady_clock::now();
  auto client = control::Client::connect(paths.socket().native());
  if (!client) return say(client.error());
  std::vector<std::string> problems;
  const Outcome told = client->run("restart", {flags.machine}, [&](const Json& row) {
    problems.push_back(row.value("problem", ""));
  });
  if (told.exit != exit_code::done) return say(told);
  if (flags.json)
    std::printf("%s\n",
                Json({{"restarted", flags.machine}, {"problems", problems}}).dump().c_str());
  else
    say_problems(problems);
  if (!flags.json && !flags.quiet)
    std::printf("%s is up again, %.2f s\n", flags.machine.c_str(), seconds_since(began));
  return problems.empty() ? exit_code::done : exit_code::no;
}

int restart(const LabFlags& flags) {
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  return flags.machine.empty() ? restart_all(*paths, flags) : restart_machine(*paths, flags);
}

CLI::App* add_verb(CLI::App& app, Action& action, const std::string& name, const std::string& help,
                   const std::shared_ptr<LabFlags>& flags, int (*run)(const LabFlags&)) {
  CLI::App* const verb = app.add_subcommand(name, help);
  verb->add_flag("--json", flags->json, "one JSON object instead of text");
  verb->add_flag("-q,--quiet", flags->quiet, "mistakes only");
  verb->callback([&action, flags, run] { action = [flags, run] { return run(*flags); }; });
  return verb;
}

void add_up(CLI::App& app, Action& action) {
  const auto flags = std::make_shared<LabFlags>();
  CLI::App* const verb = add_verb(app, action, "up", "brings a lab up", flags, &up);
  verb->add_option("lab", flags->lab,
                   "a folder with a lab.yaml or docker-compose.yml, or the file");
  verb->add_option("--stage", flags->stage, "runs the commands of this stage, too");
  verb->footer("Example: smolstack up labs/smol-internet, then: smolstack hop server");
}

void add_restart(CLI::App& app, Action& action) {
  const auto flags = std::make_shared<LabFlags>();
  CLI::App* const verb = add_verb(
      app, action, "restart", "restarts a machine or the whole lab, from its files as they are now",
      flags, &restart);
  verb->add_option("node", flags->machine, "only this machine");
  verb->add_option("--lab", flags->lab, "the lab, where several run");
  verb->add_option("--stage", flags->stage, "another stage than before");
}

}  // namespace

void add_lab_verbs(CLI::App& app, Action& action) {
  add_up(app, action);
  const auto flags = std::make_shared<LabFlags>();
  CLI::App* const verb = add_verb(app, action, "down", "ends a lab", flags, &down);
  verb->add_option("lab", flags->lab, "its name or folder; needless where one lab runs");
  add_restart(app, action);
}

}  // namespace smolstack::tools
