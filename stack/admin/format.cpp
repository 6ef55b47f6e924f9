#include "smolstack/admin/format.hpp"

#include <spdlog/fmt/fmt.h>

namespace smolstack::control {
namespace {

constexpr int pretty_indent = 4;

std::string text_of(const Json& rows, const IpRequest& request) {
  switch (request.object) {
    case IpObject::address: return format_addresses(rows, request.options);
    case IpObject::group: return format_groups(rows, request.options);
    case IpObject::link: return format_links(rows, request.options);
    case IpObject::neighbor: return format_neighbors(rows, request.options);
    case IpObject::route: return format_routes(rows, request.options);
  }
  return {};
}

/// " via 10.1.1.1", or nothing when there is no such key.
std::string word_of(const Json& row, const char* key, std::string_view before) {
  const auto at = row.find(key);
  if (at == row.end()) return {};
  return fmt::format("{}{} ", before, at->is_string() ? at->get<std::string>() : at->dump());
}

std::string flag_words(const Json& row) {
  std::string text;
  for (const Json& flag : row.value("flags", Json::array())) text += flag.get<std::string>() + ' ';
  return text;
}

/// The second line of `ip route get`.
std::string cache_line(const Json& row, const IpOptions& options) {
  const auto cache = row.find("cache");
  if (cache == row.end()) return {};
  std::string flags;
  for (const Json& flag : *cache) flags += (flags.empty() ? "" : ",") + flag.get<std::string>();
  if (!flags.empty()) flags = '<' + flags + "> ";
  return (options.oneline ? "\\    cache " : "\n    cache ") + flags;
}

/// The lines of a route's several ways.
std::string next_hop_lines(const Json& row, const IpOptions& options) {
  std::string text;
  for (const Json& hop : row.value("nexthops", Json::array()))
    text += (options.oneline ? "\\\tnexthop " : "\n\tnexthop ") + word_of(hop, "gateway", "via ") +
            word_of(hop, "dev", "dev ") + word_of(hop, "weight", "weight ") + flag_words(hop);
  return text;
}

}  // namespace

std::string format_ip(const Json& rows, const IpRequest& request) {
  if (!request.options.json) return text_of(rows, request);
  return rows.dump(request.options.pretty ? pretty_indent : -1) + '\n';
}

std::string format_routes(const Json& rows, const IpOptions& options) {
  std::string text;
  for (const Json& row : rows) {
    text += word_of(row, "type", "") + word_of(row, "dst", "") + word_of(row, "gateway", "via ") +
            word_of(row, "dev", "dev ") + word_of(row, "table", "table ") +
            word_of(row, "protocol", "proto ") + word_of(row, "scope", "scope ") +
            word_of(row, "prefsrc", "src ") + word_of(row, "metric", "metric ") + flag_words(row) +
            next_hop_lines(row, options) + word_of(row, "uid", "uid ") + cache_line(row, options) +
            '\n';
  }
  return text;
}

std::string format_neighbors(const Json& rows, const IpOptions&) {
  std::string text;
  for (const Json& row : rows) {
    text +=
        word_of(row, "dst", "") + word_of(row, "dev", "dev ") + word_of(row, "lladdr", "lladdr ");
    if (row.contains("used"))
      text += fmt::format(" used {}/{}/{}probes {} ", row["used"].dump(), row["confirmed"].dump(),
                          row["updated"].dump(), row["probes"].dump());
    for (const Json& state : row.value("state", Json::array()))
      text += state.get<std::string>() + ' ';
    text += '\n';
  }
  return text;
}

std::string format_groups(const Json& rows, const IpOptions& options) {
  std::string text;
  for (const Json& row : rows) {
    const std::string head = fmt::format("{}:\t{}", row["ifindex"].dump(), row.value("ifname", ""));
    if (!options.oneline) text += head + '\n';
    for (const Json& entry : row.value("maddr", Json::array())) {
      if (options.oneline) text += head + '\\';
      text += entry.contains("link") ? fmt::format("\tlink  {}\n", entry.value("link", ""))
                                     : fmt::format("\t{:<5} {}\n", entry.value("family", ""),
                                                   entry.value("address", ""));
    }
  }
  return text;
}

std::string format_setting(const Json& row) {
  return fmt::format("{} = {}\n", row.value("name", ""), row.value("value", std::uint64_t{0}));
}

}  // namespace smolstack::control
