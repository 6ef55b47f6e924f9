#include <spdlog/fmt/fmt.h>

#include "smolstack/admin/format.hpp"

namespace smolstack::control {
namespace {

std::uint64_t count(const Json& row, const char* key) {
  return row.value(key, std::uint64_t{0});
}

/// "arp_requests_sent" as people write it.
std::string spoken(std::string key) {
  for (char& c : key)
    if (c == '_') c = ' ';
  return key;
}

std::string interface_text(const Json& row) {
  const Json& rx = row["rx"];
  const Json& tx = row["tx"];
  std::string text = fmt::format("{}\n", row.value("ifname", ""));
  text += fmt::format("  received     {} packets, {} bytes, {} errors\n", count(rx, "packets"),
                      count(rx, "bytes"), count(rx, "errors"));
  text += fmt::format("  transmitted  {} packets, {} bytes, {} errors\n", count(tx, "packets"),
                      count(tx, "bytes"), count(tx, "errors"));
  std::string offloads;
  for (const Json& word : row["offloads"]) offloads += ' ' + word.get<std::string>();
  text += fmt::format("  offloads    {}\n", offloads.empty() ? " none" : offloads);
  for (const Json& drop : row["drops"])
    text += fmt::format("  dropped      {:>8}  {:<20} {}\n", count(drop, "count"),
                        drop.value("reason", ""), drop.value("text", ""));
  return text;
}

std::string stack_text(const Json& row) {
  std::string text = "stack\n";
  for (const auto& [key, value] : row["stack"].items())
    text += fmt::format("  {:<32} {:>10}\n", spoken(key), value.get<std::uint64_t>());
  text += fmt::format("{:<34} {:>10} {:>10}\n", "levels", "now", "highest");
  for (const auto& [key, value] : row["levels"].items())
    text += fmt::format("  {:<32} {:>10} {:>10}\n", spoken(key), count(value, "now"),
                        count(value, "highest"));
  return text;
}

}  // namespace

std::string format_stats(const Json& rows) {
  std::string text;
  for (const Json& row : rows)
    text += row.contains("ifname") ? interface_text(row) : stack_text(row);
  return text;
}

}  // namespace smolstack::control
