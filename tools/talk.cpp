// The verbs that talk to running machines.

#include "smolstack/admin/talk.hpp"

#include <iostream>

#include "smolstack/admin/ip_command.hpp"
#include "smolstack/control/run_directory.hpp"
#include "smolstack/lab/enter.hpp"
#include "smolstack/lab/find.hpp"
#include "smolstack/probe/talk_probe.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Words;

/// On a machine of a lab its namespace's kernel is what people change, and our tables follow it;
/// what they look at is our tables. Nothing: it is no change there.
std::optional<int> change_inside(std::string_view machine, const Words& words) {
  const auto sockets = control::control_sockets(machine);
  if (sockets.size() > 1 || sockets.front().lab.empty()) return {};
  const auto request = control::parse_ip(words);
  using control::IpVerb;
  if (!request || request->verb == IpVerb::show || request->verb == IpVerb::get) return {};
  const auto found = lab::find_machine(machine);
  if (!found) return complain(found.error().error);
  Words command{"ip"};
  command.insert(command.end(), words.begin(), words.end());
  const auto exit = lab::enter_and_run({found->target(), command, {}});
  return exit ? *exit : complain(exit.error().message());
}

int talk_ip(std::string_view machine, const Words& words, std::ostream& out, std::ostream& errors) {
  if (const auto changed = change_inside(machine, words)) return *changed;
  return control::talk_ip(machine, words, out, errors);
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
  add_verb(app, action, "ip", "addresses, links, neighbours and routes of a machine",
           "[-j] [-br] [-s] addr|link|neigh|route ...", talk_ip);
  add_verb(app, action, "sysctl", "its settings", "NAME[=VALUE]...", control::talk_sysctl);
  add_verb(app, action, "stats", "what it counted, and why packets were dropped", "[-a] [-j]",
           control::talk_stats);
  add_verb(app, action, "ping", "echo requests from it",
           "[-c N] [-i S] [-w S] [-W S] [-s BYTES] [-I ADDRESS|IF] [-t TTL] [-M do|want|dont] "
           "[-bfnq] [--json] DESTINATION",
           control::talk_ping);
  add_verb(app, action, "traceroute", "the way from it to a destination",
           "[-I] [-m MAX_TTL] [-q PROBES] [-w S] [-f FIRST_TTL] [-N AT_ONCE] [-n] [--json] "
           "DESTINATION",
           control::talk_traceroute);
}

}  // namespace smolstack::tools
