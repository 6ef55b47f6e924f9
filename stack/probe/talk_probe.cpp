#include "smolstack/probe/talk_probe.hpp"

#include "smolstack/control/client.hpp"
#include "smolstack/probe/ping_format.hpp"
#include "smolstack/probe/traceroute_format.hpp"

namespace smolstack::control {
namespace {

/// Takes --json out of the words: the machine always speaks it.
bool take_json(Words& words) {
  return std::erase(words, "--json") > 0;
}

Outcome ask(std::string_view machine, std::string_view command, const Words& words,
            const Client::OnData& on_data) {
  auto client = Client::connect(machine);
  if (!client) return client.error();
  Interrupts interrupts;
  return client->run(command, words, on_data, &interrupts);
}

int end(const Outcome& outcome, std::ostream& out, std::ostream& errors) {
  out.flush();
  if (!outcome.error.empty()) errors << outcome.error << '\n';
  return outcome.exit;
}

}  // namespace

int talk_ping(std::string_view machine, Words words, std::ostream& out, std::ostream& errors) {
  const bool json = take_json(words);
  PingFormat format;
  const auto outcome = ask(machine, "ping", words, [&](const Json& event) {
    if (json) {
      out << event.dump() << std::endl;
      return;
    }
    const StreamText text = format.text_of(event);
    errors << text.err << std::flush;
    out << text.out << std::flush;
  });
  return end(outcome, out, errors);
}

int talk_traceroute(std::string_view machine, Words words, std::ostream& out,
                    std::ostream& errors) {
  const bool json = take_json(words);
  TracerouteFormat format;
  const auto outcome = ask(machine, "traceroute", words, [&](const Json& event) {
    if (json)
      out << event.dump() << std::endl;
    else
      out << format.text_of(event) << std::flush;
  });
  if (!json) out << format.end();
  return end(outcome, out, errors);
}

}  // namespace smolstack::control
