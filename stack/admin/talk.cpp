#include "smolstack/admin/talk.hpp"

#include <algorithm>

#include "smolstack/admin/format.hpp"

namespace smolstack::control {
namespace {

/// Rows and how it ended.
struct Answer {
  Json rows = Json::array();
  Outcome outcome;
};

Answer ask(std::string_view machine, std::string_view command, const Words& words) {
  Answer answer;
  auto client = Client::connect(machine);
  if (!client) {
    answer.outcome = client.error();
    return answer;
  }
  Interrupts interrupts;
  answer.outcome = client->run(
      command, words, [&](const Json& row) { answer.rows.push_back(row); }, &interrupts);
  return answer;
}

int end(const Outcome& outcome, std::ostream& out, std::ostream& errors) {
  out.flush();
  if (!outcome.error.empty()) errors << outcome.error << '\n';
  return outcome.exit;
}

bool has(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool lists(IpVerb verb) {
  return verb == IpVerb::show || verb == IpVerb::get;
}

}  // namespace

int talk_ip(std::string_view machine, const Words& words, std::ostream& out, std::ostream& errors) {
  // What is wrong with the words is said without asking anybody.
  const auto request = parse_ip(words);
  if (!request) return end(request.error(), out, errors);
  const Answer answer = ask(machine, "ip", words);
  const bool has_something = answer.outcome.exit == exit_code::done || !answer.rows.empty();
  if (lists(request->verb) && has_something) out << format_ip(answer.rows, *request);
  return end(answer.outcome, out, errors);
}

int talk_sysctl(std::string_view machine, const Words& words, std::ostream& out,
                std::ostream& errors) {
  const Answer answer = ask(machine, "sysctl", words);
  if (has(words, "-j")) {
    Json settings = Json::object();
    for (const Json& row : answer.rows) settings[row.value("name", "")] = row["value"];
    out << settings.dump() << '\n';
    return end(answer.outcome, out, errors);
  }
  for (const Json& row : answer.rows)
    out << (has(words, "-n") ? row["value"].dump() + '\n' : format_setting(row));
  return end(answer.outcome, out, errors);
}

Json stats_object(const Json& rows) {
  Json object = {{"interfaces", Json::array()}};
  for (const Json& row : rows) {
    if (row.contains("ifname"))
      object["interfaces"].push_back(row);
    else
      object.update(row);
  }
  return object;
}

int talk_stats(std::string_view machine, const Words& words, std::ostream& out,
               std::ostream& errors) {
  const Answer answer = ask(machine, "stats", words);
  if (!answer.rows.empty())
    out << (has(words, "-j") ? stats_object(answer.rows).dump() + '\n' : format_stats(answer.rows));
  return end(answer.outcome, out, errors);
}

}  // namespace smolstack::control
