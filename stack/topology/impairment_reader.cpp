#include <algorithm>
#include <array>
#include <charconv>

#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

/// A number from 0 on with one of the units behind it.
std::optional<double> measured(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0 && number <= 1e12)) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (unit == units.end()) return {};
  return number * unit->factor;
}

constexpr std::array<Unit, 3> times{Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
constexpr std::array<Unit, 1> shares{Unit{"%", 0.01}};
constexpr std::array<Unit, 4> rates{Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6},
                                    Unit{"gbit", 1e9}};
constexpr std::array<Unit, 1> plain{Unit{"", 1}};

struct Word {
  std::string_view name;
  std::span<const Unit> units;
  double most;
  std::string_view example;
  void (*set)(io::ImpairmentOptions& options, double value);
};
using Options = io::ImpairmentOptions;
Duration to_duration(double nanoseconds) {
  return Duration(static_cast<Duration::rep>(nanoseconds));
}
constexpr std::array words{
    Word{"delay", times, 60e9, "5ms", [](Options& o, double v) { o.delay = to_duration(v); }},
    Word{"jitter", times, 60e9, "1ms", [](Options& o, double v) { o.jitter = to_duration(v); }},
    Word{"loss", shares, 1, "1%", [](Options& o, double v) { o.loss = v; }},
    Word{"duplicate", shares, 1, "1%", [](Options& o, double v) { o.duplicate = v; }},
    Word{"reorder", shares, 1, "25%", [](Options& o, double v) { o.reorder = v; }},
    Word{"corrupt", shares, 1, "1%", [](Options& o, double v) { o.corrupt = v; }},
    Word{"rate", rates, 1e12, "10mbit",
         [](Options& o, double v) { o.rate = static_cast<std::uint64_t>(v); }},
    Word{"limit", plain, 1e6, "1000",
         [](Options& o, double v) { o.limit = static_cast<std::uint32_t>(v); }},
    Word{"seed", plain, 1e12, "7",
         [](Options& o, double v) { o.seed = static_cast<std::uint64_t>(v); }},
};

void read_entry(Reading& reading, const Entry& entry, Options& into) {
  const auto word = std::ranges::find(words, entry.key, &Word::name);
  if (word == words.end()) {
    std::array<std::string_view, words.size()> known;
    std::ranges::transform(words, known.begin(), &Word::name);
    return unknown_key(reading, {"an impairment", {}}, entry, known);
  }
  const std::string* const text = word_of(reading, {entry.key, entry.value});
  if (text == nullptr) return;
  const auto value = measured(*text, word->units);
  if (!value || *value > word->most)
    return wrong(reading, {entry.key, entry.value}, "is not a value of " + entry.key,
                 "write one as in " + std::string(word->example));
  word->set(into, *value);
}

}  // namespace

void read_impairment(Reading& reading, const Written& written, io::ImpairmentOptions& into) {
  if (is_map_or_null(reading, written, "{ delay: 5ms, loss: 1% }"))
    for (const Entry& entry : written.value.entries) read_entry(reading, entry, into);
}

}  // namespace smolstack::topology
