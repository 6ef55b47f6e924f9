#include "smolstack/admin/impair_command.hpp"

#include <algorithm>
#include <utility>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

using io::Direction;

auto wrong(const std::string& text) {
  return unexpected(Outcome{exit_code::wrong, "impair: " + text});
}

std::string known_options() {
  std::string names = "--direction, --clear";
  for (const io::ImpairmentWord& word : io::impairment_words())
    names += ", --" + std::string(word.word);
  return names;
}

/// "--delay 50ms" and "--delay=50ms" alike.
struct Option {
  std::string name;
  std::optional<std::string> value;
};

/// Goes through the words, and keeps what they say.
class Reader {
 public:
  explicit Reader(const Words& words) : words_(words) {}

  Expected<ImpairRequest, Outcome> read() {
    if (!words_.empty() && !words_[0].starts_with('-')) request_.interface = words_[at_++];
    while (at_ < words_.size())
      if (auto taken = take(next_option()); !taken) return unexpected(std::move(taken.error()));
    if (clear_ && request_.options)
      return wrong("--clear: belongs to no other option; give either it or what is to be set");
    if (clear_) request_.options = io::ImpairmentOptions();
    return finish();
  }

 private:
  Option next_option() {
    const std::string& word = words_[at_++];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
  }

  Expected<void, Outcome> take(Option option) {
    if (option.name == "--clear" && !option.value) {
      clear_ = true;
      return {};
    }
    if (!is_option(option.name))
      return wrong('`' + option.name + "` is no option; there are " + known_options());
    if (!option.value && at_ < words_.size()) option.value = words_[at_++];
    if (!option.value) return wrong(option.name + ": needs a value behind it");
    if (option.name == "--direction") return take_direction(*option.value);
    return take_word(option.name.substr(2), *option.value);
  }

  static bool is_option(const std::string& name) {
    const auto is_it = [&](const io::ImpairmentWord& each) {
      return name == "--" + std::string(each.word);
    };
    return name == "--direction" || std::ranges::any_of(io::impairment_words(), is_it);
  }

  Expected<void, Outcome> take_direction(const std::string& value) {
    if (value == "out") request_.directions = {Direction::out};
    if (value == "in") request_.directions = {Direction::in};
    if (value == "both") request_.directions = {Direction::out, Direction::in};
    if (value == "out" || value == "in" || value == "both") return {};
    return wrong("--direction " + value + ": is none of out, in and both");
  }

  Expected<void, Outcome> take_word(const std::string& key, const std::string& value) {
    if (!request_.options) request_.options.emplace();
    if (auto set = io::parse_impairment_word(*request_.options, key, value); !set)
      return wrong("--" + set.error());
    return {};
  }

  Expected<ImpairRequest, Outcome> finish() {
    if (request_.options)
      if (auto good = io::check_impairment(*request_.options); !good)
        return wrong("--" + good.error());
    if (!request_.directions.empty()) return std::move(request_);
    request_.directions = {Direction::out};
    if (!request_.options || clear_) request_.directions.push_back(Direction::in);
    return std::move(request_);
  }

  const Words& words_;
  std::size_t at_ = 0;
  bool clear_ = false;
  ImpairRequest request_;
};

struct ImpairedInterface {
  std::string name;
  io::Impairment* wire;
};

std::vector<ImpairedInterface> impaired_interfaces(const Machine& machine) {
  std::vector<ImpairedInterface> all;
  if (machine.impairments == nullptr) return all;
  for (const auto& interface : std::as_const(machine.stack).interfaces())
    if (io::Impairment* const wire = machine.impairments->find(interface->index))
      all.push_back({interface->name, wire});
  return all;
}

/// Those that are meant: the named one, or all.
Expected<std::vector<ImpairedInterface>, Outcome> choose(const Machine& machine,
                                                         const std::string& name) {
  std::vector<ImpairedInterface> all = impaired_interfaces(machine);
  if (all.empty())
    return unexpected(Outcome{exit_code::no, "impair: " + machine.name + " has no wire of ours"});
  if (name.empty()) return all;
  const auto found = std::ranges::find(all, name, &ImpairedInterface::name);
  if (found != all.end()) return std::vector{*found};
  std::string names;
  for (const ImpairedInterface& each : all) names += (names.empty() ? "" : ", ") + each.name;
  return wrong(machine.name + " has no interface `" + name + "`; it has " + names);
}

Json row_of(const Machine& machine, const ImpairedInterface& interface, Direction direction) {
  const io::ImpairedLane& lane = interface.wire->lane(direction);
  const io::ImpairmentCounters& count = lane.counters();
  return {{"node", machine.name},
          {"ifname", interface.name},
          {"direction", io::to_string(direction)},
          {"impairment", io::to_string(lane.options())},
          {"options", impairment_json(lane.options())},
          {"passed", count.passed},
          {"lost", count.lost},
          {"duplicated", count.duplicated},
          {"reordered", count.reordered},
          {"corrupted", count.corrupted},
          {"queue_full", count.queue_full},
          {"waiting", lane.waiting()}};
}

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Expected<ImpairRequest, Outcome> parse_impair(const Words& words) {
  return Reader(words).read();
}

Json impairment_json(const io::ImpairmentOptions& options) {
  return {{"delay", seconds(options.delay)},
          {"jitter", seconds(options.jitter)},
          {"loss", options.loss},
          {"duplicate", options.duplicate},
          {"reorder", options.reorder},
          {"corrupt", options.corrupt},
          {"rate", options.rate},
          {"limit", options.limit},
          {"seed", options.seed}};
}

std::unique_ptr<Running> impair_handler(Machine& machine, const Words& words,
                                        const std::shared_ptr<Reply>& reply) {
  const auto fail = [&](const Outcome& outcome) {
    reply->fail(outcome.exit, outcome.error);
    return nullptr;
  };
  const auto request = parse_impair(words);
  if (!request) return fail(request.error());
  const auto chosen = choose(machine, request->interface);
  if (!chosen) return fail(chosen.error());
  for (const ImpairedInterface& interface : *chosen) {
    for (const Direction direction : request->directions) {
      if (request->options) interface.wire->set(direction, *request->options);
      reply->data(row_of(machine, interface, direction));
    }
  }
  if (request->options) machine.loop.flush();
  reply->finish(exit_code::done);
  return nullptr;
}

}  // namespace smolstack::control
