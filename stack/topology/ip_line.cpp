#include "smolstack/topology/ip_line.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace smolstack::topology {
namespace {

using Words = std::vector<std::string>;
using Kind = IpLine::Kind;

bool abbreviates(std::string_view word, std::string_view name) {
  return !word.empty() && name.starts_with(word);
}

/// Options stand before the object. Those that take the command elsewhere leave nothing to check.
bool skip_options(const Words& words, std::size_t& at) {
  for (; at < words.size() && words[at].starts_with('-'); ++at)
    if (abbreviates(words[at], "-netns") || abbreviates(words[at], "-batch") || words[at] == "-6")
      return false;
  return true;
}

bool adds(std::string_view verb) {
  static constexpr std::array<std::string_view, 5> verbs{"add", "append", "change", "prepend",
                                                         "replace"};
  return std::ranges::any_of(verbs, [verb](auto name) { return abbreviates(verb, name); });
}

bool is_route_type(std::string_view word) {
  static constexpr std::array<std::string_view, 9> types{"unicast",     "local",     "broadcast",
                                                         "multicast",   "blackhole", "prohibit",
                                                         "unreachable", "throw",     "nat"};
  return std::ranges::find(types, word) != types.end();
}

Kind kind_of(std::string_view object, std::string_view verb) {
  if (abbreviates(object, "address")) {
    if (adds(verb)) return Kind::add_address;
    if (abbreviates(verb, "delete")) return Kind::remove_address;
    return abbreviates(verb, "flush") ? Kind::flush_addresses : Kind::other;
  }
  return abbreviates(object, "route") && adds(verb) ? Kind::add_route : Kind::other;
}

/// Keywords, each with one value, of which some matter; other words are passed over.
void read_keywords(const Words& words, std::size_t at, IpLine& line) {
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "onlink") line.onlink = true;
    if (at + 1 == words.size()) return;
    if (word == "dev") line.devices.push_back(words[++at]);
    if (word != "via") continue;
    ++at;
    if (words[at] == "inet" && at + 1 < words.size()) ++at;
    line.gateways.push_back(words[at]);
  }
}

}  // namespace

IpLine parse_ip_line(const Words& words) {
  IpLine line;
  std::size_t at = 1;
  if (!skip_options(words, at) || at + 1 >= words.size()) return line;
  line.kind = kind_of(words[at], words[at + 1]);
  at += 2;
  if (line.kind == Kind::add_route)
    while (at < words.size() && (is_route_type(words[at]) || words[at] == "to")) ++at;
  const bool named =
      at < words.size() && words[at] != "dev" && words[at] != "via" && words[at] != "nexthop";
  if (named) line.what = words[at++];
  if (line.what.empty() && line.kind != Kind::flush_addresses) line.kind = Kind::other;
  read_keywords(words, at, line);
  return line;
}

}  // namespace smolstack::topology
