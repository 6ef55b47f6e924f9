#include <algorithm>
#include <array>

#include "smolstack/topology/lab_file.hpp"
#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

/// Complains unless there is such a machine.
bool is_machine(Reading& reading, const std::string& name, int line) {
  if (reading.lab.find_machine(name) != nullptr) return true;
  std::string known;
  for (const Machine& machine : reading.lab.machines)
    if (known.size() < 200) known += (known.empty() ? "" : ", ") + machine.name;
  reading.found.error(line, "there is no machine `" + shorten(name) + '`',
                      known.empty() ? "describe it under `nodes`" : "there are " + known);
  return false;
}

std::vector<Command> commands_of(Reading& reading, const Written& written) {
  std::vector<Command> commands;
  const auto add = [&](const Value& value) {
    if (const std::string* const text = word_of(reading, {written.key, value}))
      commands.push_back({*text, reading.found.at(value.line)});
  };
  if (written.value.is_list())
    for (const Value& item : written.value.items) add(item);
  else if (!written.value.is_null())
    add(written.value);
  return commands;
}

void read_exec(Reading& reading, const Written& written, Stage& stage) {
  if (!is_map_or_null(reading, written, "{ client: [\"ip route add default via 10.1.1.3\"] }"))
    return;
  for (const Entry& entry : written.value.entries)
    if (is_machine(reading, entry.key, entry.line))
      stage.exec.emplace_back(entry.key, commands_of(reading, {entry.key, entry.value}));
}

constexpr Key<Stage> stage_keys[] = {{"exec", read_exec}};

void read_stage(Reading& reading, const Entry& entry) {
  if (!check_name(reading, "stage", entry.key, entry.line)) return;
  if (!is_map_or_null(reading, {entry.key, entry.value}, "{ exec: { client: [\"ip route\"] } }"))
    return;
  Stage stage{.name = entry.key, .place = reading.found.at(entry.line), .exec = {}};
  read_keys(reading, {"a stage", {}}, entry.value, stage_keys, stage);
  reading.lab.stages.push_back(std::move(stage));
}

void read_name(Reading& reading, const Written& written, Test& test) {
  if (const std::string* const name = word_of(reading, written)) test.name = *name;
}

void read_from(Reading& reading, const Written& written, Test& test) {
  const std::string* const name = word_of(reading, written);
  if (name != nullptr && is_machine(reading, *name, written.value.line)) test.from = *name;
}

void read_ping(Reading& reading, const Written& written, Test& test) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return;
  const bool numeric = text->find_first_not_of("0123456789./") == std::string::npos;
  if (numeric ? parse_ipv4_address(*text).has_value() : is_name(*text))
    test.ping = *text;
  else
    wrong(reading, written, "is neither an IPv4 address nor a name", "write one as in 10.1.2.2");
}

void read_expect(Reading& reading, const Written& written, Test& test) {
  static constexpr std::array<std::string_view, 3> words{"reply", "no-reply", "unreachable"};
  static constexpr std::array meanings{Expectation::reply, Expectation::no_reply,
                                       Expectation::unreachable};
  if (const auto choice = choice_of(reading, written, words)) test.expect = meanings[*choice];
}

void read_ttl(Reading& reading, const Written& written, Test& test) {
  if (const auto ttl = number_of(reading, written, "a TTL", 1, 255))
    test.ttl = static_cast<int>(*ttl);
}

void read_stage_name(Reading& reading, const Written& written, Test& test) {
  const std::string* const name = word_of(reading, written);
  if (name == nullptr) return;
  if (reading.lab.find_stage(*name) == nullptr)
    return wrong(reading, written, "there is no such stage", "describe it under `stages`");
  test.stage = *name;
}

constexpr Key<Test> test_keys[] = {
    {"name", read_name},     {"from", read_from}, {"ping", read_ping},
    {"expect", read_expect}, {"ttl", read_ttl},   {"stage", read_stage_name},
};

void read_test(Reading& reading, const Value& value) {
  const Written written{"tests", value};
  constexpr std::string_view example = "- { from: client, ping: 10.1.2.2, expect: reply }";
  if (!value.is_map())
    return wrong(reading, written, "a test is a map", "write it as in " + std::string(example));
  Test test;
  test.place = reading.found.at(value.line);
  read_keys(reading, {"a test", {}}, value, test_keys, test);
  for (const std::string_view key : {"from", "ping"})
    if (value.find(key) == nullptr)
      wrong(reading, written, "a test needs `" + std::string(key) + '`',
            "write it as in " + std::string(example));
  if (test.ttl && test.expect != Expectation::reply)
    wrong(reading, written, "a TTL is the reply's, and none is expected", "drop `ttl`");
  if (test.name.empty()) test.name = test.from + " to " + test.ping;
  reading.lab.tests.push_back(std::move(test));
}

}  // namespace

void read_stages(Reading& reading, const Written& written) {
  if (!is_map_or_null(reading, written,
                      "`stages: { final: { exec: { client: [\"ip route\"] } } }`"))
    return;
  if (written.value.entries.size() > lab_limit::stages)
    return reading.found.error(written.value.line, "more than 64 stages", "split the lab");
  for (const Entry& entry : written.value.entries) read_stage(reading, entry);
}

void read_tests(Reading& reading, const Written& written) {
  if (written.value.is_null()) return;
  if (!written.value.is_list())
    return wrong(reading, written, "is not a list",
                 "write each test as in - { from: client, ping: 10.1.2.2 }");
  for (const Value& value : written.value.items) read_test(reading, value);
}

}  // namespace smolstack::topology
