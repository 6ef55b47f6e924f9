#include <algorithm>
#include <array>
#include <span>

#include <spdlog/fmt/fmt.h>

#include "smolstack/admin/format.hpp"

namespace smolstack::control {
namespace {

std::string text(const Json& row, const char* key) {
  return row.value(key, std::string());
}

std::string number(const Json& row, const char* key) {
  return row.contains(key) ? row[key].dump() : "0";
}

std::string joined(const Json& list) {
  std::string words;
  for (const Json& word : list) words += (words.empty() ? "" : ",") + word.get<std::string>();
  return words;
}

/// Where iproute2 breaks a line, and `-o` does not.
std::string_view line_break(const IpOptions& options) {
  return options.oneline ? "\\" : "\n";
}

/// "2: eth0: <UP> mtu 1500 ... qlen 1000"
std::string head(const Json& row) {
  const std::string mode =
      row.contains("linkmode") ? "mode " + text(row, "linkmode") + ' ' : std::string();
  return fmt::format(
      "{}: {}: <{}> mtu {} qdisc {} state {} {}group {} qlen {}", number(row, "ifindex"),
      text(row, "ifname"), joined(row.value("flags", Json::array())), number(row, "mtu"),
      text(row, "qdisc"), text(row, "operstate"), mode, text(row, "group"), number(row, "txqlen"));
}

/// "    link/ether 02:42:0a:01:02:03 brd ff:ff:ff:ff:ff:ff"
std::string link_line(const Json& row) {
  std::string line = fmt::format("    link/{} ", text(row, "link_type"));
  if (row.contains("address"))
    line += fmt::format("{} brd {}", text(row, "address"), text(row, "broadcast"));
  return line;
}

struct Column {
  const char* title;
  const char* key;
  std::size_t least;
};
constexpr auto rx_columns = std::to_array<Column>({{"bytes", "bytes", 10},
                                                   {"packets", "packets", 7},
                                                   {"errors", "errors", 6},
                                                   {"dropped", "dropped", 7},
                                                   {"missed", "over_errors", 7},
                                                   {"mcast", "multicast", 7}});
constexpr auto tx_columns = std::to_array<Column>({{"bytes", "bytes", 10},
                                                   {"packets", "packets", 7},
                                                   {"errors", "errors", 6},
                                                   {"dropped", "dropped", 7},
                                                   {"carrier", "carrier_errors", 7},
                                                   {"collsns", "collisions", 7}});
/// "RX:": so much narrower is the first title than the figures below it.
constexpr std::size_t label_width = 3;
constexpr std::size_t trailing_blanks = 10;

std::string statistics_lines(std::string_view label, const Json& counts,
                             std::span<const Column> columns, std::string_view break_at) {
  std::string titles = fmt::format("    {}:", label);
  std::string figures = "    ";
  for (const Column& column : columns) {
    const std::string figure = number(counts, column.key);
    const std::size_t width = std::max(column.least, figure.size());
    const bool is_first = &column == columns.data();
    titles += fmt::format("{:>{}} ", column.title, is_first ? width - label_width : width);
    figures += fmt::format("{:>{}} ", figure, width);
  }
  return titles + std::string(trailing_blanks, ' ') + std::string(break_at) + figures;
}

std::string statistics(const Json& row, const IpOptions& options) {
  const auto stats = row.find("stats64");
  if (stats == row.end()) return {};
  const std::string end(line_break(options));
  return end + statistics_lines("RX", (*stats)["rx"], rx_columns, end) + end +
         statistics_lines("TX", (*stats)["tx"], tx_columns, end);
}

/// "    inet 10.1.2.3/24 brd 10.1.2.255 scope global eth0" and its lifetime.
std::string address_lines(const Json& info, const IpOptions& options) {
  std::string line = fmt::format("    {} {}/{} ", text(info, "family"), text(info, "local"),
                                 number(info, "prefixlen"));
  if (info.contains("broadcast")) line += "brd " + text(info, "broadcast") + ' ';
  line += "scope " + text(info, "scope") + ' ';
  for (const char* const flag : {"secondary", "duplicate"})
    if (info.value(flag, false)) line += std::string(flag) + ' ';
  return line + text(info, "label") + std::string(line_break(options)) +
         "       valid_lft forever preferred_lft forever";
}

std::string brief_start(const Json& row) {
  return fmt::format("{:<16} {:<14} ", text(row, "ifname"), text(row, "operstate"));
}

std::string one_address_a_line(const Json& row, const IpOptions& options) {
  std::string lines;
  for (const Json& info : row["addr_info"])
    lines += fmt::format("{}: {}{}\n", number(row, "ifindex"), text(row, "ifname"),
                         address_lines(info, options));
  return lines;
}

std::string brief_addresses(const Json& row) {
  std::string line = brief_start(row);
  for (const Json& info : row["addr_info"])
    line += fmt::format("{}/{} ", text(info, "local"), number(info, "prefixlen"));
  return line + '\n';
}

}  // namespace

std::string format_addresses(const Json& rows, const IpOptions& options) {
  std::string all;
  for (const Json& row : rows) {
    if (options.brief) {
      all += brief_addresses(row);
    } else if (options.oneline) {
      all += one_address_a_line(row, options);
    } else {
      all += head(row) + '\n';
      if (!options.inet_only) all += link_line(row) + '\n';
      for (const Json& info : row["addr_info"]) all += address_lines(info, options) + '\n';
      if (row.contains("stats64")) all += statistics(row, options).substr(1) + '\n';
    }
  }
  return all;
}

std::string format_links(const Json& rows, const IpOptions& options) {
  std::string all;
  for (const Json& row : rows) {
    if (options.brief) {
      const std::string mac = row.contains("address") ? text(row, "address") + ' ' : "";
      all += fmt::format("{}{}<{}> \n", brief_start(row), mac, joined(row["flags"]));
    } else {
      all += head(row) + std::string(line_break(options)) + link_line(row) +
             statistics(row, options) + '\n';
    }
  }
  return all;
}

}  // namespace smolstack::control
