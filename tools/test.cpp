// `test`: are the pings of a lab answered as its file says?

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "lab_choice.hpp"
#include "smolstack/lab/bring_up.hpp"
#include "smolstack/lab/find.hpp"
#include "smolstack/lab/running_lab.hpp"
#include "smolstack/lab/test_report.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Outcome;
using lab::TestResults;
namespace exit_code = control::exit_code;
namespace fs = std::filesystem;

/// Pings wait more than they work; each takes five descriptors of ours.
constexpr std::size_t most_at_once = 128;

struct TestFlags {
  std::string lab;
  std::string stage;
  std::string junit;
  std::size_t jobs = 0;  ///< 0: as the processors allow
  bool json = false;
  bool quiet = false;
};

std::size_t pings_at_once(const TestFlags& flags) {
  if (flags.jobs > 0) return flags.jobs;
  return std::clamp<std::size_t>(2u * std::thread::hardware_concurrency(), 2, most_at_once);
}

struct Subject {
  topology::Lab lab;
  std::optional<lab::RunningLab> running;
};

auto wrong(std::string why) {
  return unexpected(Outcome{exit_code::wrong, std::move(why)});
}

Expected<std::optional<lab::RunningLab>, Outcome> running_by_name(const std::string& name) {
  const auto paths = lab::LabPaths::of(name);
  if (!lab::is_running(paths)) return std::optional<lab::RunningLab>{};
  const auto info = lab::info_of(paths);
  if (!info) return unexpected(info.error());
  return std::optional(*info);
}

/// A lab that runs by name, or that nobody needs to name; else what the path leads to.
Expected<std::string, Outcome> file_of(const TestFlags& flags) {
  std::error_code ignored;
  const bool is_path = flags.lab.find('/') != std::string::npos || fs::exists(flags.lab, ignored);
  if (is_path) return flags.lab;
  if (flags.lab.empty() && lab::running_labs().empty()) return std::string(".");
  const auto paths = choose_running_lab(flags.lab);
  if (!paths && !flags.lab.empty())
    return wrong("`" + flags.lab + "` is no file or folder, and no lab of that name runs; name " +
                 "the folder of a lab, as in: smolstack test labs/smol-internet");
  if (!paths) return wrong(paths.error().error);
  const auto info = lab::info_of(*paths);
  if (!info) return unexpected(info.error());
  return info->file.native();
}

Expected<Subject, Outcome> find_subject(const TestFlags& flags) {
  const auto file = file_of(flags);
  if (!file) return unexpected(file.error());
  auto lab = read_lab_or_complain(*file);
  if (!lab) return wrong("");
  const auto running = running_by_name(lab->name);
  if (!running) return unexpected(running.error());
  std::error_code ignored;
  if (*running && !fs::equivalent((*running)->file, lab->file, ignored))
    return wrong("another lab " + lab->name + " runs, from " + (*running)->file.native() +
                 "; `smolstack down " + lab->name + "` ends it");
  return Subject{std::move(*lab), *running};
}

std::string stages_of(const topology::Lab& lab) {
  std::string names;
  for (const auto& stage : lab.stages) names += (names.empty() ? "" : ", ") + stage.name;
  return names.empty() ? "it has none" : "there are " + names;
}

/// The stages that are wanted, in their order; an empty name is a lab in no stage.
Expected<std::vector<std::string>, Outcome> stages_for(const Subject& subject,
                                                       const TestFlags& flags) {
  const auto& lab = subject.lab;
  if (!flags.stage.empty() && lab.find_stage(flags.stage) == nullptr)
    return wrong("lab " + lab.name + " has no stage `" + flags.stage + "`; " + stages_of(lab));
  if (subject.running && !flags.stage.empty() && subject.running->stage != flags.stage)
    return wrong("lab " + lab.name + " runs in " +
                 (subject.running->stage.empty() ? "no stage" : "stage " + subject.running->stage) +
                 "; `smolstack restart --stage " + flags.stage + "` brings it to that one");
  if (subject.running) return std::vector{subject.running->stage};
  if (!flags.stage.empty() || lab.stages.empty()) return std::vector{flags.stage};
  std::vector<std::string> names;
  for (const auto& stage : lab.stages) names.push_back(stage.name);
  return names;
}

std::string no_tests(const topology::Lab& lab, const lab::Tests& tests) {
  if (tests.empty())
    return "lab " + lab.name + " has no tests; write some in " + lab.file.native() +
           ", as in: tests: [{ from: client, ping: 10.1.2.2, expect: reply }]";
  return "lab " + lab.name + " has no tests for this stage, only for others; " + stages_of(lab) +
         "; write tests of it, or tests without `stage`";
}

/// What a run shows while it goes on, and keeps for its end.
class Report {
 public:
  Report(const topology::Lab& lab, const TestFlags& flags) : lab_(lab), flags_(flags) {}

  void begin(const std::string& stage, bool is_running) {
    if (!shows_dots()) return;
    std::printf("%s%s%s: ", lab_.name.c_str(), stage.empty() ? "" : (", stage " + stage).c_str(),
                is_running ? ", as it runs" : "");
    std::fflush(stdout);
  }
  void dot(const lab::TestResult& result) {
    if (!shows_dots()) return;
    std::fputc(result.passed ? '.' : 'F', stdout);
    std::fflush(stdout);
  }
  void end(TestResults results) {
    if (shows_dots()) std::fputc('\n', stdout);
    if (flags_.json)
      for (const auto& result : results) say(lab::to_json(result));
    std::ranges::move(results, std::back_inserter(results_));
  }

  /// The exit code.
  int finish(std::ofstream& junit) {
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    if (flags_.json)
      say(lab::summary_json(lab_.name, results_, took));
    else
      lab::write_failures(results_, std::cout);
    if (shows_dots()) std::cout << lab::summary(results_, took) << '\n';
    std::cout << std::flush;
    if (junit.is_open()) lab::write_junit(lab_.name, results_, took, junit);
    if (junit.is_open() && !junit.flush())
      return complain("writing " + flags_.junit + " failed; is there room for it?");
    return lab::count_failed(results_) == 0 ? exit_code::done : exit_code::no;
  }

 private:
  bool shows_dots() const { return !flags_.json && !flags_.quiet; }
  static void say(const control::Json& line) {
    std::cout << line.dump(-1, ' ', false, control::Json::error_handler_t::replace) << std::endl;
  }

  const topology::Lab& lab_;
  const TestFlags& flags_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  TestResults results_;
};

/// Finds each machine once.
class Finder {
 public:
  explicit Finder(std::string lab) : lab_(std::move(lab)) {}

  Expected<lab::Target, std::string> operator()(const std::string& machine) {
    const auto known = known_.find(machine);
    return known != known_.end() ? known->second
                                 : known_.emplace(machine, find(machine)).first->second;
  }

 private:
  Expected<lab::Target, std::string> find(const std::string& machine) const {
    const auto found = lab::find_machine(lab_ + '/' + machine);
    if (!found) return unexpected(found.error().error);
    return found->target();
  }

  std::string lab_;
  std::map<std::string, Expected<lab::Target, std::string>> known_;
};

/// 0, or the signal that ended it.
int run_stage(const Subject& subject, const TestFlags& flags, const std::string& stage,
              const lab::Tests& tests, Report& report) {
  report.begin(stage, subject.running.has_value());
  Finder finder(subject.lab.name);
  auto run = lab::run_tests(
      tests, stage,
      {.at_once = pings_at_once(flags), .find = [&](const auto& name) { return finder(name); }},
      [&](const lab::TestResult& result) { report.dot(result); });
  if (run.interrupted_by == 0) report.end(std::move(run.results));
  return run.interrupted_by;
}

/// Brings the lab up for a stage and takes it down again, whatever happens to us meanwhile.
Expected<int, Outcome> run_stage_alone(const Subject& subject, const TestFlags& flags,
                                       const std::string& stage, const lab::Tests& tests,
                                       Report& report) {
  const auto paths = lab::LabPaths::of(subject.lab.name);
  auto guard = lab::LabGuard::set(paths);
  if (!guard) return wrong(guard.error().message());
  const auto up = lab::bring_up(subject.lab, stage, [](std::size_t, std::size_t) {});
  if (!up) {
    guard->release();
    return wrong(up.error());
  }
  for (const std::string& problem : up->problems) std::fprintf(stderr, "%s\n", problem.c_str());
  const int interrupted = run_stage(subject, flags, stage, tests, report);
  if (auto ended = lab::take_down(paths); ended.exit != exit_code::done) return unexpected(ended);
  return interrupted;
}

int say(const Outcome& outcome) {
  return outcome.error.empty() ? outcome.exit : complain(outcome.error);
}

int run_stages(const Subject& subject, const TestFlags& flags, const lab::Tests& tests,
               const std::vector<std::string>& stages) {
  std::ofstream junit;
  if (!flags.junit.empty()) junit.open(flags.junit);
  if (!flags.junit.empty() && !junit)
    return complain("cannot write " + flags.junit + "; name a file in a folder that is there");
  Report report(subject.lab, flags);
  for (const std::string& stage : stages) {
    const lab::Tests chosen = lab::tests_for(tests, stage);
    if (chosen.empty()) continue;
    const auto interrupted = subject.running
                                 ? run_stage(subject, flags, stage, chosen, report)
                                 : run_stage_alone(subject, flags, stage, chosen, report);
    if (!interrupted) return say(interrupted.error());
    if (*interrupted != 0) {
      complain("interrupted; the tests are not done");
      return 128 + *interrupted;
    }
  }
  return report.finish(junit);
}

int test(const TestFlags& flags) {
  const auto subject = find_subject(flags);
  if (!subject) return say(subject.error());
  const auto tests = lab::plan_tests(subject->lab);
  if (!tests) {
    for (const auto& finding : tests.error())
      std::fprintf(stderr, "%s\n", to_string(finding).c_str());
    return exit_code::wrong;
  }
  const auto stages = stages_for(*subject, flags);
  if (!stages) return say(stages.error());
  const auto has_tests = [&](const auto& stage) { return !lab::tests_for(*tests, stage).empty(); };
  if (std::ranges::none_of(*stages, has_tests)) return complain(no_tests(subject->lab, *tests));
  return run_stages(*subject, flags, *tests, *stages);
}

}  // namespace

void add_test_verb(CLI::App& app, Action& action) {
  const auto flags = std::make_shared<TestFlags>();
  CLI::App* const verb =
      app.add_subcommand("test", "runs a lab's tests: pings, and what they should meet with");
  verb->add_option("lab", flags->lab, "its folder, file or name; else the one that runs, or here");
  verb->add_option("--stage", flags->stage, "only this stage");
  verb->add_flag("--json", flags->json, "one object a test, and one for all");
  verb->add_option("--junit", flags->junit, "writes JUnit's XML, too")->type_name("FILE");
  verb->add_flag("-q,--quiet", flags->quiet, "failures only");
  verb->add_option("--jobs", flags->jobs, "pings at a time; else two for each processor")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, most_at_once));
  verb->footer("Example: smolstack test labs/smol-internet");
  verb->callback([&action, flags] { action = [flags] { return test(*flags); }; });
}

}  // namespace smolstack::tools
