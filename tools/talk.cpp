// The verbs that talk to running machines.

#include "smolstack/admin/talk.hpp"

#include <iostream>

#include "smolstack/probe/talk_probe.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Words;

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
           "[-j] [-br] [-s] addr|link|neigh|route ...", control::talk_ip);
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
