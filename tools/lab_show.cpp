// The verbs that show what a running lab does, and the one that pulls its cables.

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <memory>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab_choice.hpp"
#include "smolstack/control/local_socket.hpp"
#include "smolstack/control/run_directory.hpp"
#include "smolstack/lab/collect.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Json;
namespace exit_code = control::exit_code;
namespace fs = std::filesystem;

struct ShowFlags {
  std::string lab;
  std::string machine;
  std::vector<std::string> words;
  bool json = false;
  bool follow = false;
};

/// The machine's process as we see it from here: 0 when nobody answers.
int pid_of(const lab::LabPaths& paths, const std::string& machine) {
  const auto socket = control::connect_local(paths.socket_of(machine));
  const auto peer = socket ? control::peer_of(socket->number()) : std::nullopt;
  return peer ? peer->pid : 0;
}

// --- ps ------------------------------------------------------------------------------------------

std::string addresses_of(const Json& row) {
  std::string text;
  for (const Json& interface : row["interfaces"])
    text += (text.empty() ? "" : ", ") + interface.value("ifname", "") + " " +
            interface.value("address", "-");
  return text;
}

std::string uptime_of(const Json& row) {
  const auto seconds = row.value("uptime", 0);
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string state_of(const Json& row) {
  const std::string state = row.value("state", "");
  return row.contains("reason") ? state + ": " + row.value("reason", "")
                                : state + " " + uptime_of(row);
}

void print_table(const std::vector<std::vector<std::string>>& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line +=
          i + 1 == row.size() ? row[i] : row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    std::printf("%s\n", line.c_str());
  }
}

void print_machines(const Json& rows) {
  std::vector<std::vector<std::string>> table{
      {"NODE", "KIND", "STACK", "PID", "STATE", "INTERFACES"}};
  for (const Json& row : rows)
    table.push_back({row.value("node", ""), row.value("kind", ""), row.value("stack", ""),
                     row.contains("pid") ? std::to_string(row.value("pid", 0)) : "-", state_of(row),
                     addresses_of(row)});
  print_table(table);
}

int ps(const ShowFlags& flags) {
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  auto rows = lab::ask(paths->socket(), "ps");
  if (!rows) return say(rows.error());
  bool all_run = true;
  for (Json& row : *rows) {
    const bool runs = row.value("state", "") != "dead";
    all_run = all_run && runs;
    if (runs) row["pid"] = pid_of(*paths, row.value("node", ""));
  }
  if (flags.json)
    std::printf("%s\n", rows->dump().c_str());
  else
    print_machines(*rows);
  return all_run ? exit_code::done : exit_code::no;
}

// --- ls ------------------------------------------------------------------------------------------

Json lab_row(const lab::LabPaths& paths) {
  Json row = {{"lab", paths.name()}};
  if (const auto info = lab::ask(paths.socket(), "info"); info && !info->empty())
    row.update((*info)[0]);
  const auto machines = lab::ask(paths.socket(), "ps");
  std::size_t running = 0;
  if (machines)
    for (const Json& machine : *machines)
      running += machine.value("state", "") == "running" ? 1u : 0u;
  row["running"] = running;
  row["nodes"] = machines ? machines->size() : 0;
  return row;
}

int ls(const ShowFlags& flags) {
  Json rows = Json::array();
  for (const auto& paths : lab::running_labs()) rows.push_back(lab_row(paths));
  const auto labs = rows.size();
  for (const auto& machine : control::running_machines())
    if (machine.lab.empty()) rows.push_back({{"node", machine.name}, {"pid", machine.pid}});
  if (flags.json) {
    std::printf("%s\n", rows.dump().c_str());
    return exit_code::done;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& row = rows[i];
    if (i < labs)
      std::printf("%-16s lab, %d of %d machines run, %s\n", row.value("lab", "").c_str(),
                  row.value("running", 0), row.value("nodes", 0), row.value("file", "").c_str());
    else
      std::printf("%-16s pid %d\n", row.value("node", "").c_str(), row.value("pid", 0));
  }
  return exit_code::done;
}

// --- logs ----------------------------------------------------------------------------------------

/// A log, and how much of it has been shown.
struct Log {
  fs::path path;
  std::string prefix;
  off_t shown = 0;
};

/// Prints the whole lines that are new; `all`: also one that is not ended yet.
void show_new(Log& log, bool all) {
  const io::Descriptor file(::open(log.path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  // A long log is cut from its beginning while the lab runs.
  if (struct stat now{}; ::fstat(file.number(), &now) == 0)
    log.shown = std::min(log.shown, now.st_size);
  std::array<char, 65536> buffer;
  for (ssize_t size = 0; file && (size = ::pread(file.number(), buffer.data(), buffer.size(),
                                                 log.shown + static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  if (!all) text.resize(text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1);
  log.shown += static_cast<off_t>(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::printf("%s%s\n", log.prefix.c_str(), text.substr(at, end - at).c_str());
    at = end + 1;
  }
  std::fflush(stdout);
}

std::vector<Log> logs_of(const lab::LabPaths& paths, const std::string& machine) {
  if (!machine.empty()) return {{paths.log_of(machine), ""}};
  std::vector<Log> logs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(paths.directory(), ignored))
    if (entry.path().extension() == ".log")
      logs.push_back({entry.path(), entry.path().stem().native() + " | "});
  std::ranges::sort(logs, {}, &Log::path);
  return logs;
}

/// Until the lab has gone, or whoever reads this.
void follow(const lab::LabPaths& paths, std::vector<Log>& logs) {
  constexpr int check_ms = 500;
  const io::Descriptor changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(changes.number(), paths.directory().c_str(),
                      IN_MODIFY | IN_CREATE | IN_DELETE);
  while (lab::is_running(paths) && std::ferror(stdout) == 0) {
    pollfd ready{changes.number(), POLLIN, 0};
    (void)::poll(&ready, 1, check_ms);
    std::array<char, 4096> events;
    while (::read(changes.number(), events.data(), events.size()) > 0) {
    }
    for (Log& log : logs) show_new(log, false);
  }
}

int logs(const ShowFlags& flags) {
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  auto logs = logs_of(*paths, flags.machine);
  if (!flags.machine.empty() && !fs::exists(logs.front().path))
    return complain("lab " + paths->name() + " has no machine " + flags.machine +
                    "; `smolstack ps` lists them");
  for (Log& log : logs) show_new(log, !flags.follow);
  if (flags.follow) follow(*paths, logs);
  return exit_code::done;
}

// --- link ----------------------------------------------------------------------------------------

int link(const ShowFlags& flags) {
  const std::string& end = flags.words[0];
  const auto colon = end.find(':');
  if (colon == end.npos || (flags.words[1] != "up" && flags.words[1] != "down"))
    return complain(
        "link takes NODE:INTERFACE and `up` or `down`: smolstack link client:eth0 down");
  const auto paths = choose_running_lab(flags.lab);
  if (!paths) return say(paths.error());
  const std::string machine = end.substr(0, colon);
  const auto done =
      lab::ask(paths->socket_of(machine), "link", {end.substr(colon + 1), flags.words[1]});
  if (!done) return say(done.error());
  if (flags.json)
    std::printf("%s\n", Json({{"link", end}, {"state", flags.words[1]}}).dump().c_str());
  return exit_code::done;
}

CLI::App* add_verb(CLI::App& app, Action& action, const std::string& name, const std::string& help,
                   const std::shared_ptr<ShowFlags>& flags, int (*run)(const ShowFlags&)) {
  CLI::App* const verb = app.add_subcommand(name, help);
  verb->add_option("--lab", flags->lab, "the lab, where several run");
  verb->add_flag("--json", flags->json, "JSON instead of text");
  verb->callback([&action, flags, run] { action = [flags, run] { return run(*flags); }; });
  return verb;
}

}  // namespace

void add_lab_show_verbs(CLI::App& app, Action& action) {
  const auto make = [] { return std::make_shared<ShowFlags>(); };
  add_verb(app, action, "ps", "the machines of a lab and how they are", make(), &ps);
  add_verb(app, action, "ls", "the labs and single machines that run", make(), &ls)->alias("nodes");
  const auto log_flags = make();
  CLI::App* const show =
      add_verb(app, action, "logs", "what machines wrote to their logs", log_flags, &logs);
  show->add_option("node", log_flags->machine, "only this machine's");
  show->add_flag("-f,--follow", log_flags->follow, "goes on as more comes");
  const auto link_flags = make();
  CLI::App* const cable = add_verb(
      app, action, "link", "pulls the cable of an interface, or plugs it in", link_flags, &link);
  cable->add_option("what", link_flags->words, "NODE:INTERFACE up|down")->expected(2)->required();
}

}  // namespace smolstack::tools
