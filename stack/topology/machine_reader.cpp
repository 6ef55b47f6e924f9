#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

using Words = std::vector<std::string>;

/// A machine as far as it is read: what a Dockerfile says counts for less than these.
struct WrittenMachine {
  Machine machine;
  bool has_kind = false;
  const Value* networks = nullptr;
  const Value* build = nullptr;
  const Value* start_up = nullptr;
  std::optional<Words> entrypoint;
  std::optional<Words> command;
};

void read_kind(Reading& reading, const Written& written, WrittenMachine& into) {
  static constexpr std::array<std::string_view, 2> kinds{"host", "router"};
  const auto kind = choice_of(reading, written, kinds);
  into.machine.is_router = kind == 1u;
  into.has_kind = true;
}

void read_stack(Reading& reading, const Written& written, WrittenMachine& into) {
  static constexpr std::array<std::string_view, 2> stacks{"smol", "kernel"};
  if (choice_of(reading, written, stacks) == 1u) into.machine.stack = StackKind::kernel;
}

void read_offload(Reading& reading, const Written& written, WrittenMachine& into) {
  into.machine.offload = switch_of(reading, written);
}

void read_hostname(Reading& reading, const Written& written, WrittenMachine& into) {
  const std::string* const name = word_of(reading, written);
  if (name != nullptr && check_name(reading, "host", *name, written.value.line))
    into.machine.hostname = *name;
}

/// A text for a shell, or the words themselves.
std::optional<Words> words_of(Reading& reading, const Written& written) {
  if (written.value.is_null()) return {};
  if (written.value.is_scalar()) return Words{"sh", "-c", written.value.text};
  Words words;
  if (!written.value.is_list()) {
    wrong(reading, written, "is neither a text nor a list of words", "write it as in `sleep 60`");
    return {};
  }
  for (const Value& item : written.value.items)
    if (const std::string* const word = word_of(reading, {written.key, item}))
      words.push_back(*word);
  return words;
}

void read_command(Reading& reading, const Written& written, WrittenMachine& into) {
  into.command = words_of(reading, written);
}
void read_entrypoint(Reading& reading, const Written& written, WrittenMachine& into) {
  into.entrypoint = words_of(reading, written);
}

/// NAME=VALUE or what `separators` allow, in two; a complaint when there is nothing to part at.
std::optional<std::pair<std::string, std::string>> parted(Reading& reading, const Written& written,
                                                          std::string_view separators,
                                                          std::string_view example) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return {};
  const std::size_t at = text->find_first_of(separators);
  if (at != std::string::npos && at > 0)
    return std::pair(text->substr(0, at), text->substr(at + 1));
  wrong(reading, written, "lacks its value", "write it as in `" + std::string(example) + '`');
  return {};
}

/// Both of compose's forms: a list of NAME=VALUE, or a map.
template <class Add>
void for_each_pair(Reading& reading, const Written& written, std::string_view separators,
                   std::string_view example, Add&& add) {
  if (written.value.is_list()) {
    for (const Value& item : written.value.items)
      if (const auto pair = parted(reading, {written.key, item}, separators, example))
        add(pair->first, pair->second, item.line);
  } else if (is_map_or_null(reading, written, '`' + std::string(example) + '`')) {
    for (const Entry& entry : written.value.entries)
      if (const std::string* const value = word_of(reading, {entry.key, entry.value}))
        add(entry.key, *value, entry.line);
  }
}

/// It becomes a path below /proc/sys: letters, digits, `_` and `-` between single dots or slashes.
bool is_sysctl_name(std::string_view name) {
  if (name.size() > 128) return false;
  char before = '.';
  for (const char c : name) {
    const bool separates = c == '.' || c == '/';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (separates ? before == '.' || before == '/' : !letter) return false;
    before = c;
  }
  return before != '.' && before != '/';
}

void add_sysctl(Reading& reading, std::string name, const std::string& value, int line,
                Machine& machine) {
  std::ranges::replace(name, '/', '.');
  if (!is_sysctl_name(name))
    return reading.found.error(line, "`" + shorten(name) + "` is not the name of a sysctl",
                               "write it as in net.ipv4.ip_forward=0");
  if (!name.starts_with("net."))
    return reading.found.ignore(line, "sysctl `" + name + "` is not one of the network",
                                "it is ignored: a machine has its own net.* only");
  if (value.size() > 256 ||
      std::ranges::any_of(value, [](char c) { return c == '\n' || c == '\0'; }))
    return reading.found.error(line, "`" + name + "`: its value is not a short line",
                               "write it as in net.ipv4.ip_forward=0");
  machine.sysctls.push_back({std::move(name), value, reading.found.at(line)});
}

void read_sysctls(Reading& reading, const Written& written, WrittenMachine& into) {
  for_each_pair(reading, written, "=", "net.ipv4.ip_forward=0",
                [&](const std::string& name, const std::string& value, int line) {
                  add_sysctl(reading, name, value, line, into.machine);
                });
}

bool is_ip_address(const std::string& text) {
  in6_addr address{};
  return parse_ipv4_address(text) || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

void add_host(Reading& reading, const std::string& name, const std::string& address, int line,
              Machine& machine) {
  if (address == "host-gateway")
    return reading.found.ignore(line, "`host-gateway` is an engine's", "it is ignored");
  if (!check_name(reading, "host", name, line)) return;
  if (!is_ip_address(address))
    return reading.found.error(line, "`extra_hosts` " + shorten(address) + ": is not an address",
                               "write it as in `server:10.1.2.2`");
  machine.extra_hosts.push_back({name, address, reading.found.at(line)});
}

void read_extra_hosts(Reading& reading, const Written& written, WrittenMachine& into) {
  for_each_pair(reading, written, "=:", "server:10.1.2.2",
                [&](const std::string& name, const std::string& address, int line) {
                  add_host(reading, name, address, line, into.machine);
                });
}

void read_networks_later(Reading&, const Written& written, WrittenMachine& into) {
  into.networks = &written.value;
}
void read_build_later(Reading&, const Written& written, WrittenMachine& into) {
  into.build = &written.value;
}
void read_start_up_later(Reading&, const Written& written, WrittenMachine& into) {
  into.start_up = &written.value;
}

constexpr std::array<std::string_view, 34> engine_keys{
    "attach",       "cap_add",    "cap_drop",    "configs",     "container_name", "cpus",
    "depends_on",   "deploy",     "devices",     "dns",         "domainname",     "env_file",
    "environment",  "expose",     "healthcheck", "image",       "init",           "ipc",
    "labels",       "logging",    "mac_address", "mem_limit",   "network_mode",   "pid",
    "platform",     "ports",      "privileged",  "pull_policy", "restart",        "secrets",
    "security_opt", "stdin_open", "tty",         "volumes"};
constexpr Key<WrittenMachine> keys[] = {
    {"kind", read_kind},
    {"stack", read_stack},
    {"offload", read_offload},
    {"networks", read_networks_later},
    {"sysctls", read_sysctls},
    {"extra_hosts", read_extra_hosts},
    {"hostname", read_hostname},
    {"command", read_command},
    {"entrypoint", read_entrypoint},
    {"build", read_build_later},
    {"start_up", read_start_up_later},
};

void read_start_up(Reading& reading, const Value& value, Machine& machine) {
  const Written written{"start_up", value};
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return;
  const auto script = reading.lab.directory / *text;
  std::error_code error;
  if (!std::filesystem::is_regular_file(script, error))
    return wrong(reading, written, "there is no such file",
                 "name one relative to " + reading.shown_directory.native());
  machine.start_up = script;
}

/// The course keeps one script for all machines beside the file: `case $HOSTNAME in ...`.
void find_start_up(const Reading& reading, Machine& machine) {
  const auto script = reading.lab.directory / "start-up.sh";
  std::error_code error;
  if (!machine.start_up && std::filesystem::is_regular_file(script, error))
    machine.start_up = script;
}

/// As Docker does: an entrypoint in the file sets the image's command aside.
void settle_command(WrittenMachine& written, const Dockerfile& image) {
  Words& words = written.machine.command;
  words = written.entrypoint.value_or(image.entrypoint);
  const auto& command =
      written.command || written.entrypoint ? written.command.value_or(Words{}) : image.command;
  words.insert(words.end(), command.begin(), command.end());
}

bool mentions(const Words& words, const std::string& file) {
  return std::ranges::any_of(
      words, [&](const std::string& word) { return word.find(file) != std::string::npos; });
}

/// A container's command is often what runs the script. It may run a copy of it on the machine;
/// out of a volume it cannot, so there the script runs alone.
void settle_start_up(Reading& reading, Machine& machine) {
  if (!machine.start_up) return;
  const std::string script = machine.start_up->filename();
  if (!mentions(machine.command, script)) return;
  const bool copied = std::ranges::any_of(
      machine.copies, [&](const auto& copy) { return copy.second.ends_with('/' + script); });
  if (copied) return machine.start_up.reset();
  machine.command.clear();
  reading.found.warn(machine.place.line,
                     "the command of " + machine.name + " runs " + script + ", which is no copy",
                     "the script runs without it; say COPY in the Dockerfile to have the command");
}

/// A container engine lets every container forward, so those between networks are routers.
void settle_kind(const Reading& reading, WrittenMachine& written) {
  if (reading.compose && !written.has_kind && written.machine.interfaces.size() > 1)
    written.machine.is_router = true;
}

void read_machine(Reading& reading, const Entry& entry) {
  if (!check_name(reading, "machine", entry.key, entry.line)) return;
  if (entry.key == "host")
    return reading.found.error(entry.line, "`host` is the lab's own namespace",
                               "call the machine something else");
  if (reading.lab.find_machine(entry.key) != nullptr)
    return reading.found.error(entry.line, "machine `" + entry.key + "` is there twice",
                               "keep one of them");
  if (!is_map_or_null(reading, {entry.key, entry.value}, "{ networks: { ten-one-net: 10.1.1.2 } }"))
    return;
  WrittenMachine written;
  Machine& machine = written.machine;
  machine.name = machine.hostname = entry.key;
  machine.place = reading.found.at(entry.line);
  machine.offload = reading.lab.offload;
  read_keys(reading, {"a machine", engine_keys}, entry.value, keys, written);
  if (written.networks != nullptr)
    read_interfaces(reading, {"networks", *written.networks}, machine);
  if (written.start_up != nullptr) read_start_up(reading, *written.start_up, machine);
  Dockerfile image;
  if (written.build != nullptr) image = read_build(reading, *written.build, machine);
  machine.copies = std::move(image.copies);
  find_start_up(reading, machine);
  settle_command(written, image);
  settle_start_up(reading, machine);
  settle_kind(reading, written);
  reading.lab.machines.push_back(std::move(machine));
}

}  // namespace

void read_machines(Reading& reading, const Written& written) {
  if (!is_map_or_null(reading, written, "`nodes: { client: { networks: { wire: null } } }`"))
    return;
  if (reading.lab.machines.size() + written.value.entries.size() > lab_limit::machines)
    return reading.found.error(written.value.line, "more than 1,024 machines", "split the lab");
  for (const Entry& entry : written.value.entries) read_machine(reading, entry);
}

}  // namespace smolstack::topology
