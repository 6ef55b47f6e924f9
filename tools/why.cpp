// `why`: where a packet ends, for which reason, and what would mend it.

#include "smolstack/inspect/why.hpp"

#include <cstdio>
#include <memory>

#include "lab_choice.hpp"
#include "smolstack/inspect/live.hpp"
#include "smolstack/lab/collect.hpp"
#include "smolstack/lab/find.hpp"
#include "smolstack/lab/run_many.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

namespace exit_code = control::exit_code;

struct WhyFlags {
  std::string source;
  std::string destination;
  std::string lab;
  std::string protocol = "icmp";
  unsigned ttl = 0;
  unsigned size = inspect::default_probe_size;
  bool dont_fragment = false;
  bool json = false;
  bool live = false;
};

Expected<inspect::WhyQuestion, Error> question_of(const WhyFlags& flags,
                                                  const inspect::LabSnapshot& lab) {
  auto question = inspect::make_question(lab, flags.source, flags.destination);
  if (!question) return question;
  if (auto set = inspect::set_protocol(*question, flags.protocol); !set)
    return unexpected(set.error());
  question->probe.ttl = static_cast<std::uint8_t>(flags.ttl);
  question->probe.size = static_cast<std::uint16_t>(flags.size);
  question->probe.dont_fragment = flags.dont_fragment;
  return question;
}

// --- A real probe --------------------------------------------------------------------------------

std::vector<inspect::MachineStats> stats_of(const lab::LabPaths& paths,
                                            const inspect::LabSnapshot& lab) {
  std::vector<inspect::MachineStats> all;
  for (const auto& machine : lab.machines) {
    auto rows = lab::ask(paths.socket_of(machine.name), "stats");
    if (rows) all.push_back({machine.name, std::move(*rows)});
  }
  return all;
}

/// The machine's own ping, once.
lab::Words ping_words(const inspect::Probe& probe) {
  lab::Words words{"ping", "-n", "-q", "-c", "1", "-W", "4", "-s", std::to_string(probe.size)};
  if (probe.ttl != 0) words.insert(words.end(), {"-t", std::to_string(probe.ttl)});
  if (probe.dont_fragment) words.insert(words.end(), {"-M", "do"});
  words.push_back(to_string(probe.destination));
  return words;
}

bool is_answered(const lab::FoundMachine& source, const inspect::Probe& probe) {
  int code = exit_code::wrong;
  const lab::JobEvents events{
      .on_output = [](std::size_t, lab::Stream, std::string_view) {},
      .on_end = [&](std::size_t, int exit, const std::string&) { code = exit; }};
  (void)lab::run_many({{source.target(), ping_words(probe)}}, {}, events);
  return code == exit_code::done;
}

int live(const lab::LabPaths& paths, const inspect::LabSnapshot& lab,
         const inspect::WhyQuestion& question, bool json) {
  if (question.probe.protocol != ip_protocol::icmp)
    return complain("why: --live sends a ping; leave --proto out");
  const auto source = lab::find_machine(question.probe.from, paths.name());
  if (!source) return say(source.error());
  const auto before = stats_of(paths, lab);
  const bool answered = is_answered(*source, question.probe);
  const auto verdict = inspect::judge_live(before, stats_of(paths, lab), question, answered);
  if (json)
    std::printf("%s\n", inspect::to_json(verdict).dump().c_str());
  else
    std::printf("%s\n", verdict.sentence.c_str());
  return answered ? exit_code::done : exit_code::no;
}

int why(const WhyFlags& flags) {
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  const auto lab = lab::snapshot_of_running(*paths);
  if (!lab) return say(lab.error());
  const auto question = question_of(flags, *lab);
  if (!question) return complain("why: " + question.error().doing);
  if (flags.live) return live(*paths, *lab, *question, flags.json);
  const auto report = inspect::why(*lab, *question);
  if (flags.json)
    std::printf("%s\n", inspect::to_json(report).dump().c_str());
  else
    std::fputs(inspect::format_why(report).c_str(), stdout);
  return report.arrives ? exit_code::done : exit_code::no;
}

}  // namespace

void add_why_verb(CLI::App& app, Action& action) {
  const auto flags = std::make_shared<WhyFlags>();
  CLI::App* const verb =
      app.add_subcommand("why", "where a packet ends, for which reason, and what would mend it");
  verb->add_option("source", flags->source, "the machine that sends")->required();
  verb->add_option("destination", flags->destination, "a machine, a name or an address")
      ->required();
  verb->add_option("--proto", flags->protocol, "icmp, udp:PORT or tcp:PORT");
  verb->add_option("--ttl", flags->ttl, "the TTL it leaves with")->check(CLI::Range(1, 255));
  verb->add_option("--size", flags->size, "bytes of payload, as ping -s")
      ->check(CLI::Range(0, 65507));
  verb->add_flag("--df", flags->dont_fragment, "must not be fragmented");
  verb->add_option("--lab", flags->lab, "the lab, where several run");
  verb->add_flag("--live", flags->live, "sends a real ping, and says what the machines counted");
  verb->add_flag("--json", flags->json, "one JSON object");
  verb->footer("Example: smolstack why server 10.1.1.2");
  verb->callback([&action, flags] { action = [flags] { return why(*flags); }; });
}

}  // namespace smolstack::tools
