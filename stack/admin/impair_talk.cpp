#include "smolstack/admin/impair_talk.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "smolstack/admin/impair_command.hpp"
#include "smolstack/control/client.hpp"

namespace smolstack::control {
namespace {

struct Target {
  std::string machine;
  std::string interface;
};

/// A path of a socket may have colons of its own: one with a slash behind it names no interface.
Target split(std::string_view target) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string_view::npos || target.find('/', colon) != std::string_view::npos)
    return {std::string(target), {}};
  return {std::string(target.substr(0, colon)), std::string(target.substr(colon + 1))};
}

std::string end_of(const Json& row) {
  return row.value("node", "") + ':' + row.value("ifname", "");
}

std::uint64_t count(const Json& row, const char* key) {
  return row.value(key, std::uint64_t{0});
}

std::string line_of(const Json& row, std::size_t width) {
  return fmt::format("{:<{}} {:<4} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  {}\n", end_of(row),
                     width, row.value("direction", ""), count(row, "passed"), count(row, "lost"),
                     count(row, "duplicated"), count(row, "reordered"), count(row, "corrupted"),
                     count(row, "queue_full"), count(row, "waiting"), row.value("impairment", ""));
}

}  // namespace

Impaired impair_machine(std::string_view machine, std::string_view interface, const Words& words) {
  Impaired impaired;
  Words all;
  if (!interface.empty()) all.emplace_back(interface);
  all.insert(all.end(), words.begin(), words.end());
  // What is wrong with the words is said without asking anybody.
  if (const auto request = parse_impair(all); !request) {
    impaired.outcome = request.error();
    return impaired;
  }
  auto client = Client::connect(machine);
  if (!client) {
    impaired.outcome = client.error();
    return impaired;
  }
  impaired.outcome =
      client->run("impair", all, [&](const Json& row) { impaired.rows.push_back(row); });
  return impaired;
}

std::string format_impairments(const Json& rows) {
  constexpr std::string_view heading = "interface";
  std::size_t width = heading.size();
  for (const Json& row : rows) width = std::max(width, end_of(row).size());
  std::string text = fmt::format("{:<{}} {:<4} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  {}\n",
                                 heading, width, "way", "passed", "lost", "copied", "reorder",
                                 "corrupt", "full", "waiting", "impairment");
  for (const Json& row : rows) text += line_of(row, width);
  return text;
}

int talk_impair(std::string_view target, const Words& words, std::ostream& out,
                std::ostream& errors) {
  Words options = words;
  const auto is_json = [](const std::string& word) { return word == "--json" || word == "-j"; };
  const bool as_json = std::erase_if(options, is_json) > 0;
  const auto [machine, interface] = split(target);
  const Impaired impaired = impair_machine(machine, interface, options);
  const bool is_done = impaired.outcome.exit == exit_code::done;
  if (as_json && is_done)
    out << impaired.rows.dump() << '\n';
  else if (!impaired.rows.empty())
    out << format_impairments(impaired.rows);
  out.flush();
  if (!impaired.outcome.error.empty()) errors << "smolstack: " << impaired.outcome.error << '\n';
  return impaired.outcome.exit;
}

}  // namespace smolstack::control
