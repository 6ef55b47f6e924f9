#include "smolstack/lab/exec.hpp"

#include <algorithm>

#include "smolstack/lab/enter.hpp"
#include "smolstack/lab/run_many.hpp"

namespace smolstack::lab {
namespace {

using control::Json;

constexpr std::size_t most_output = 16u << 20;

std::vector<Job> jobs_for(const std::vector<Target>& machines, const Words& words) {
  std::vector<Job> jobs;
  jobs.reserve(machines.size());
  for (const Target& machine : machines) jobs.push_back({machine, words});
  return jobs;
}

int first_failure(const std::vector<int>& exits) {
  const auto failure = std::ranges::find_if(exits, [](int exit) { return exit != 0; });
  return failure == exits.end() ? 0 : *failure;
}

std::string complaint(const std::string& machine, const std::string& error) {
  return "smolstack: " + machine + ": " + error + "\n";
}

int exec_on_one(const Target& machine, const Words& words, const ExecOptions& options,
                std::ostream& errors) {
  const auto exit = enter_and_run({machine, words, options.timeout});
  if (exit) return *exit;
  errors << "smolstack: " << exit.error().message() << std::endl;
  return exit_code::ours;
}

int exec_prefixed(const std::vector<Target>& machines, const Words& words,
                  const ExecOptions& options, std::ostream& out, std::ostream& errors) {
  std::size_t width = 0;
  for (const Target& machine : machines) width = std::max(width, machine.name.size());
  struct Lines {
    PrefixedLines out;
    PrefixedLines err;
  };
  std::vector<Lines> lines;
  for (const Target& machine : machines) {
    const std::string prefix = machine.name + std::string(width - machine.name.size(), ' ') + " | ";
    lines.push_back({{prefix, out}, {prefix, errors}});
  }
  std::vector<int> exits(machines.size());
  const JobEvents events{[&](std::size_t job, Stream stream, std::string_view text) {
                           (stream == Stream::out ? lines[job].out : lines[job].err).add(text);
                         },
                         [&](std::size_t job, int exit, const std::string& error) {
                           lines[job].out.end();
                           lines[job].err.end();
                           if (!error.empty())
                             errors << complaint(machines[job].name, error) << std::flush;
                           exits[job] = exit;
                         }};
  run_many(jobs_for(machines, words), {.timeout = options.timeout}, events);
  return first_failure(exits);
}

/// Takes as much as may be kept.
struct Kept {
  std::string text;
  bool truncated = false;

  void add(std::string_view more) {
    const auto room = most_output - text.size();
    truncated = truncated || more.size() > room;
    text.append(more.substr(0, room));
  }
};

struct Captured {
  Kept out;
  Kept err;
  int exit = 0;
  std::string error;
  bool ended = false;
};

std::string json_line(const std::string& machine, const Captured& of) {
  Json object = {
      {"node", machine}, {"exit", of.exit}, {"stdout", of.out.text}, {"stderr", of.err.text}};
  if (of.out.truncated || of.err.truncated) object["truncated"] = true;
  if (!of.error.empty()) object["error"] = of.error;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int exec_json(const std::vector<Target>& machines, const Words& words, const ExecOptions& options,
              std::ostream& out) {
  std::vector<Captured> captured(machines.size());
  std::size_t written = 0;
  // In the order of the machines, each as early as may be.
  const auto write_ended = [&] {
    for (; written < captured.size() && captured[written].ended; ++written) {
      out << json_line(machines[written].name, captured[written]) << std::flush;
      captured[written].out = captured[written].err = {};
    }
  };
  const JobEvents events{
      [&](std::size_t job, Stream stream, std::string_view text) {
        (stream == Stream::out ? captured[job].out : captured[job].err).add(text);
      },
      [&](std::size_t job, int exit, const std::string& error) {
        captured[job].exit = exit;
        captured[job].error = error;
        captured[job].ended = true;
        write_ended();
      }};
  run_many(jobs_for(machines, words), {.timeout = options.timeout}, events);
  std::vector<int> exits;
  exits.reserve(captured.size());
  for (const Captured& each : captured) exits.push_back(each.exit);
  return first_failure(exits);
}

}  // namespace

void PrefixedLines::add(std::string_view text) {
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    rest_.append(text.substr(0, end));
    write_line(rest_);
    rest_.clear();
    text.remove_prefix(end + 1);
  }
  rest_.append(text);
  if (rest_.size() >= longest) end();
}

void PrefixedLines::end() {
  if (rest_.empty()) return;
  write_line(rest_);
  rest_.clear();
}

void PrefixedLines::write_line(std::string_view line) {
  *out_ << prefix_ + std::string(line) + "\n" << std::flush;
}

int exec_on(const std::vector<Target>& machines, const Words& words, const ExecOptions& options,
            std::ostream& out, std::ostream& errors) {
  if (options.json) return exec_json(machines, words, options, out);
  if (machines.size() == 1) return exec_on_one(machines.front(), words, options, errors);
  return exec_prefixed(machines, words, options, out, errors);
}

}  // namespace smolstack::lab
