// The verbs that talk to running machines.

#include "smolstack/admin/talk.hpp"

#include <algorithm>
#include <iostream>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/control/client.hpp"
#include "smolstack/control/run_directory.hpp"
#include "smolstack/lab/enter.hpp"
#include "smolstack/lab/find.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/probe/talk_probe.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Words;

bool has_lab(std::string_view machine) {
  const auto sockets = control::control_sockets(machine);
  return sockets.size() == 1 && !sockets.front().lab.empty();
}

/// The machine's own program, with our words.
int run_inside(std::string_view machine, std::string program, const Words& words) {
  const auto found = lab::find_machine(machine);
  if (!found) return complain(found.error().error);
  Words command{std::move(program)};
  command.insert(command.end(), words.begin(), words.end());
  const auto exit = lab::enter_and_run({found->target(), command, {}});
  return exit ? *exit : complain(exit.error().message());
}

/// Does a machine of a lab have the kernel's stack on its wires? Its own programs answer for it.
bool is_kernel_machine(std::string_view machine) {
  const auto found =
      has_lab(machine)
          ? lab::find_machine(machine)
          : Expected<lab::FoundMachine, control::Outcome>(unexpected(control::Outcome{}));
  if (!found) return false;
  auto supervisor = control::Client::connect(lab::LabPaths::of(found->lab).socket().native());
  if (!supervisor) return false;
  bool is_kernel = false;
  (void)supervisor->run("ps", {}, [&](const control::Json& row) {
    is_kernel |= row.value("node", "") == found->name && row.value("stack", "") == "kernel";
  });
  return is_kernel;
}

/// On a machine of a lab its namespace's kernel is what people change, and our tables follow it;
/// what they look at is our tables.
bool is_change(const Words& words) {
  using control::IpVerb;
  const auto request = control::parse_ip(words);
  return request && request->verb != IpVerb::show && request->verb != IpVerb::get;
}

int talk_owners(std::string_view machine, const Words& words, std::ostream& out) {
  auto client = control::Client::connect(machine);
  std::vector<control::Json> rows;
  const control::Outcome told =
      client ? client->run("owners", {}, [&](const control::Json& row) { rows.push_back(row); })
             : client.error();
  if (told.exit != control::exit_code::done) return complain(told.error);
  const bool json = std::ranges::find(words, "-j") != words.end();
  out << (json ? control::Json(rows).dump() + '\n' : mirror::format_owners(rows)) << std::flush;
  return control::exit_code::done;
}

/// Groups of a machine of a lab are its kernel's, which joins one for an administrator by an
/// address that has the flag `autojoin` (ip-address(8)).
int talk_groups(std::string_view machine, const control::IpRequest& request, const Words& words) {
  if (request.verb == control::IpVerb::show) return run_inside(machine, "ip", words);
  const auto change = control::parse_group_change(control::WordReader(words, request.rest));
  if (!change) {
    std::cerr << change.error().error << '\n';
    return change.error().exit;
  }
  const bool joins = request.verb == control::IpVerb::add;
  Words spoken{"address", joins ? "add" : "del", to_string(change->group) + "/32", "dev",
               change->device};
  if (joins) spoken.emplace_back("autojoin");
  return run_inside(machine, "ip", spoken);
}

int talk_ip(std::string_view machine, const Words& words, std::ostream& out, std::ostream& errors) {
  if (std::ranges::find(words, "owners") != words.end()) return talk_owners(machine, words, out);
  const auto request = control::parse_ip(words);
  if (request && request->object == control::IpObject::group && has_lab(machine))
    return talk_groups(machine, *request, words);
  if ((has_lab(machine) && is_change(words)) || is_kernel_machine(machine))
    return run_inside(machine, "ip", words);
  return control::talk_ip(machine, words, out, errors);
}

int talk_sysctl(std::string_view machine, const Words& words, std::ostream& out,
                std::ostream& errors) {
  const bool writes =
      std::ranges::any_of(words, [](const auto& w) { return w.find('=') != w.npos; });
  if ((has_lab(machine) && writes) || is_kernel_machine(machine))
    return run_inside(machine, "sysctl", words);
  return control::talk_sysctl(machine, words, out, errors);
}

/// A probe from our stack, or by the program of that name where the kernel's speaks.
template <class OurOwn>
auto probe_by(const std::string& program, OurOwn our_own) {
  return [program, our_own](std::string_view machine, const Words& words, std::ostream& out,
                            std::ostream& errors) {
    if (is_kernel_machine(machine)) return run_inside(machine, program, words);
    return our_own(machine, words, out, errors);
  };
}

/// Hands everything behind the machine's name to the command, as it is.
template <class Talk>
void add_verb(CLI::App& app, Action& action, const std::string& name, const std::string& help,
              const std::string& words, Talk talk) {
  CLI::App* const verb = app.add_subcommand(name, help);
  verb->prefix_command();
  verb->footer("smolstack " + name + " MACHINE " + words);
  verb->callback([verb, &action, name, words, talk] {
    action = [given = verb->remaining(), name, words, talk]() -> int {
      if (given.empty() || given.front().starts_with('-'))
        return complain(name + ": the machine's name comes first: smolstack " + name + " MACHINE " +
                        words);
      return talk(given.front(), Words(given.begin() + 1, given.end()), std::cout, std::cerr);
    };
  });
}

}  // namespace

void add_talk_verbs(CLI::App& app, Action& action) {
  add_verb(app, action, "ip", "addresses, links, neighbours, groups and routes of a machine",
           "[-j] [-br] [-s] addr|link|neigh|route|maddr|owners ...", talk_ip);
  add_verb(app, action, "sysctl", "its settings", "NAME[=VALUE]...", talk_sysctl);
  add_verb(app, action, "stats", "what it counted, and why packets were dropped", "[-a] [-j]",
           control::talk_stats);
  add_verb(app, action, "ping", "echo requests from it",
           "[-c N] [-i S] [-w S] [-W S] [-s BYTES] [-I ADDRESS|IF] [-t TTL] [-M do|want|dont] "
           "[-bfnq] [--json] DESTINATION",
           probe_by("ping", control::talk_ping));
  add_verb(app, action, "traceroute", "the way from it to a destination",
           "[-I] [-m MAX_TTL] [-q PROBES] [-w S] [-f FIRST_TTL] [-N AT_ONCE] [-n] [--json] "
           "DESTINATION",
           probe_by("traceroute", control::talk_traceroute));
}

}  // namespace smolstack::tools
