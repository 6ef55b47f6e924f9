#include "smolstack/admin/sysctl_command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

constexpr std::uint32_t any = std::numeric_limits<std::int32_t>::max();
// A datagram's fragments are given up some day (RFC 1122 §3.3.2).
constexpr std::uint32_t longest_fragment_time = 3600;

template <auto Member>
constexpr SysctlName boolean(std::string_view name) {
  return {name, 0, 1, [](const Settings& s) { return std::uint32_t{s.*Member}; },
          [](Settings& s, std::uint32_t value) { s.*Member = value != 0; }};
}

constexpr auto names = std::to_array<SysctlName>({
    boolean<&Settings::accept_redirects>("net.ipv4.conf.all.accept_redirects"),
    boolean<&Settings::arp_notify>("net.ipv4.conf.all.arp_notify"),
    boolean<&Settings::forwarding>("net.ipv4.conf.all.forwarding"),
    boolean<&Settings::send_redirects>("net.ipv4.conf.all.send_redirects"),
    {"net.ipv4.fib_multipath_hash_policy", 0, 1,
     [](const Settings& s) { return static_cast<std::uint32_t>(s.multipath_hash); },
     [](Settings& s, std::uint32_t value) {
       s.multipath_hash = static_cast<MultipathHash>(value);
     }},
    boolean<&Settings::echo_ignore_all>("net.ipv4.icmp_echo_ignore_all"),
    boolean<&Settings::echo_ignore_broadcasts>("net.ipv4.icmp_echo_ignore_broadcasts"),
    {"net.ipv4.icmp_msgs_burst", 0, any, [](const Settings& s) { return s.icmp_errors.burst; },
     [](Settings& s, std::uint32_t value) { s.icmp_errors.burst = value; }},
    {"net.ipv4.icmp_msgs_per_sec", 0, any,
     [](const Settings& s) { return s.icmp_errors.per_second; },
     [](Settings& s, std::uint32_t value) { s.icmp_errors.per_second = value; }},
    {"net.ipv4.ip_default_ttl", 1, 255,
     [](const Settings& s) { return std::uint32_t{s.default_ttl}; },
     [](Settings& s, std::uint32_t value) { s.default_ttl = static_cast<std::uint8_t>(value); }},
    boolean<&Settings::forwarding>("net.ipv4.ip_forward"),
    {"net.ipv4.ipfrag_time", 1, longest_fragment_time,
     [](const Settings& s) {
       return static_cast<std::uint32_t>(
           std::chrono::duration_cast<std::chrono::seconds>(s.fragment_time).count());
     },
     [](Settings& s, std::uint32_t value) { s.fragment_time = std::chrono::seconds(value); }},
});

std::string with(std::string text, char from, char to) {
  std::ranges::replace(text, from, to);
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint32_t> parse_value(std::string_view text, const SysctlName& of) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  if (value < of.least || value > of.most) return {};
  return value;
}

/// Answers the words one after the other; a wrong one does not keep the others from their turn.
class Sysctl {
 public:
  Sysctl(Settings& settings, Reply& reply) : settings_(settings), reply_(reply) {}

  void take(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = with(std::string(trimmed(word.substr(0, equals))), '/', '.');
    if (equals == std::string::npos)
      show_all(name);
    else
      set(name, std::string(trimmed(std::string_view(word).substr(equals + 1))));
  }

  void show_all(const std::string& name) {
    bool found = false;
    for (const SysctlName& entry : names) {
      const bool is_inside = entry.name.starts_with(name + '.');
      if (!name.empty() && entry.name != name && !is_inside) continue;
      show(entry);
      found = true;
    }
    if (!found) unknown(name);
  }

  void end() {
    if (errors_.empty()) return reply_.finish(exit_code::done);
    reply_.fail(exit_code::no, errors_);
  }

 private:
  void show(const SysctlName& entry) {
    reply_.data({{"name", entry.name}, {"value", entry.get(settings_)}});
  }

  void set(const std::string& name, const std::string& text) {
    const auto entry = std::ranges::find(names, name, &SysctlName::name);
    if (entry == names.end()) return unknown(name);
    const auto value = parse_value(text, *entry);
    if (!value) return complain("setting key \"" + name + "\": Invalid argument");
    entry->set(settings_, *value);
    show(*entry);
  }

  void unknown(const std::string& name) {
    complain("cannot stat /proc/sys/" + with(name, '.', '/') + ": No such file or directory");
  }

  void complain(const std::string& text) {
    errors_ += (errors_.empty() ? "sysctl: " : "\nsysctl: ") + text;
  }

  Settings& settings_;
  Reply& reply_;
  std::string errors_;
};

}  // namespace

std::span<const SysctlName> sysctl_names() {
  return names;
}

std::unique_ptr<Running> sysctl_handler(Machine& machine, const Words& words,
                                        const std::shared_ptr<Reply>& reply) {
  Sysctl sysctl(machine.stack.settings(), *reply);
  if (words.empty()) {
    reply->fail(exit_code::no, "usage: sysctl [-a] [-n] [NAME[=VALUE] ...]");
    return nullptr;
  }
  for (const std::string& word : words) {
    if (word == "-a" || word == "--all")
      sysctl.show_all("");
    else if (word != "-w" && word != "-n" && word != "-j")
      sysctl.take(word);
  }
  sysctl.end();
  return nullptr;
}

}  // namespace smolstack::control
