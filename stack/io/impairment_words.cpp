#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "smolstack/io/impairment.hpp"

namespace smolstack::io {
namespace {

using Result = Expected<void, std::string>;

constexpr double longest_seconds = 3600;
constexpr double slowest = 1000;  // bits a second: a frame may take minutes, not days
constexpr double fastest = 1e12;
constexpr std::uint32_t most_waiting = 65536;

auto complain(std::string text) {
  return unexpected(std::move(text));
}

/// "50ms": the number, and what stands behind it.
struct Quantity {
  double number;
  std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  return Quantity{number, std::string_view(stop, static_cast<std::size_t>(end - stop))};
}

struct Unit {
  std::string_view name;
  double factor;
};
// Smallest first; a lower unit is 1/1000 of the next.
constexpr std::array time_units{Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
constexpr std::array rate_units{Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6},
                                Unit{"gbit", 1e9}, Unit{"tbit", 1e12}};

template <std::size_t N>
std::optional<double> in_units(const Quantity& quantity, const std::array<Unit, N>& units) {
  for (const Unit& unit : units)
    if (unit.name == quantity.unit) return quantity.number * unit.factor;
  if (quantity.number == 0 && quantity.unit.empty()) return 0;
  return std::nullopt;
}

Expected<Duration, std::string> read_time(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return complain("is not a time; give one as in 50ms (us, ms or s)");
  const auto time = in_units(*quantity, time_units);
  if (!time && quantity->unit.empty()) {
    const std::string number(text);
    return complain("lacks its unit; write " + number + "us, " + number + "ms or " + number + "s");
  }
  if (!time) return complain("is in no known unit of time; there are us, ms and s, as in 50ms");
  if (*time > longest_seconds * 1e9) return complain("is too long; give at most 3600s");
  return Duration(std::llround(*time));
}

Result set_time(Duration& to, std::string_view text) {
  const auto time = read_time(text);
  if (!time) return unexpected(time.error());
  to = *time;
  return {};
}

/// Percent, as tc(8) reads it: the sign may be left out.
Result set_share(double& to, std::string_view text) {
  const auto quantity = split(text);
  const bool is_percent = quantity && (quantity->unit.empty() || quantity->unit == "%");
  if (!is_percent || quantity->number > 100)
    return complain("is not a share of the frames; give 0% to 100%, as in 0.5%");
  to = quantity->number / 100;
  return {};
}

Result set_rate(std::uint64_t& to, std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return complain("is not a rate; give one as in 10mbit (bit, kbit, mbit or gbit)");
  const auto rate = in_units(*quantity, rate_units);
  // To tc(8) "kbps" is kilobytes, to everybody else kilobits: neither is guessed.
  if (!rate && quantity->unit.ends_with("bps"))
    return complain("could mean bits or bytes; write bits, as in 10mbit (bit, kbit, mbit or gbit)");
  if (!rate && quantity->unit.empty()) {
    const std::string number(text);
    return complain("lacks its unit; write " + number + "kbit, " + number + "mbit or the like");
  }
  if (!rate)
    return complain("is in no known unit of rate; there are bit, kbit, mbit, gbit and tbit");
  if (*rate != 0 && (*rate < slowest || *rate > fastest))
    return complain("is out of range; give 1kbit to 1tbit, or 0 for no limit");
  to = static_cast<std::uint64_t>(std::llround(*rate));
  return {};
}

template <class Number>
std::optional<Number> read_whole(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

Result set_limit(std::uint32_t& to, std::string_view text) {
  const auto limit = read_whole<std::uint32_t>(text);
  if (!limit || *limit == 0 || *limit > most_waiting)
    return complain("is not a number of frames; give 1 to " + std::to_string(most_waiting));
  to = *limit;
  return {};
}

Result set_seed(std::uint64_t& to, std::string_view text) {
  const auto seed = read_whole<std::uint64_t>(text);
  if (!seed) return complain("is not a whole number from 0 to 2^64-1");
  to = *seed;
  return {};
}

template <auto Member, auto Set>
constexpr ImpairmentWord word(std::string_view name, std::string_view value,
                              std::string_view help) {
  return {name, value, help, [](ImpairmentOptions& options, std::string_view text) {
            return Set(options.*Member, text);
          }};
}

using Options = ImpairmentOptions;
constexpr std::array words{
    word<&Options::delay, set_time>("delay", "TIME", "how long each frame is on its way: 50ms"),
    word<&Options::jitter, set_time>("jitter", "TIME", "by how much the delay varies, up and down"),
    word<&Options::loss, set_share>("loss", "PERCENT", "the share of frames that get lost: 2%"),
    word<&Options::duplicate, set_share>("duplicate", "PERCENT", "the share that arrives twice"),
    word<&Options::reorder, set_share>("reorder", "PERCENT",
                                       "the share that skips the delay and overtakes"),
    word<&Options::corrupt, set_share>("corrupt", "PERCENT", "the share that has one bit flipped"),
    word<&Options::rate, set_rate>("rate", "RATE", "bits a second that the wire carries: 10mbit"),
    word<&Options::limit, set_limit>("limit", "FRAMES", "how many may wait (default: 1000)"),
    word<&Options::seed, set_seed>("seed", "NUMBER", "makes what happens repeatable"),
};

std::string known_words() {
  std::string names;
  for (const ImpairmentWord& each : words)
    names += (names.empty() ? "" : ", ") + std::string(each.word);
  return names;
}

std::string digits(double number) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 12);
  return {text.data(), end.ptr};
}

/// In the largest unit that leaves at least one before the point.
template <std::size_t N>
std::string with_unit(double value, const std::array<Unit, N>& units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (value >= unit.factor) best = &unit;
  return digits(value / best->factor) + std::string(best->name);
}

/// Collects "word value" pairs.
class Sentence {
 public:
  void add(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "" : " ") + std::string(name) + ' ' + value;
  }
  void add_time(const char* name, Duration time) {
    if (time > Duration()) add(name, with_unit(static_cast<double>(time.count()), time_units));
  }
  void add_share(const char* name, double share) {
    if (share > 0) add(name, digits(share * 100) + '%');
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view next_word(std::string_view& text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(start);
  const std::string_view found = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(found.size());
  return found;
}

}  // namespace

std::span<const ImpairmentWord> impairment_words() {
  return words;
}

Result parse_impairment_word(ImpairmentOptions& options, std::string_view key,
                             std::string_view value) {
  const auto found = std::ranges::find(words, key, &ImpairmentWord::word);
  if (found == words.end())
    return complain('`' + std::string(key) + "` is no word of an impairment; there are " +
                    known_words());
  if (auto set = found->set(options, value); !set)
    return complain(std::string(key) + ' ' + std::string(value) + ": " + set.error());
  return {};
}

Expected<ImpairmentOptions, std::string> parse_impairment(std::string_view text) {
  ImpairmentOptions options;
  std::string_view rest = text;
  std::string_view key = next_word(rest);
  if (key == "off" && next_word(rest).empty()) return options;
  for (; !key.empty(); key = next_word(rest)) {
    const std::string_view value = next_word(rest);
    if (value.empty()) return complain(std::string(key) + ": needs a value behind it, as in 50ms");
    if (auto set = parse_impairment_word(options, key, value); !set)
      return unexpected(std::move(set.error()));
  }
  if (auto good = check_impairment(options); !good) return unexpected(std::move(good.error()));
  return options;
}

Result check_impairment(const ImpairmentOptions& options) {
  if (options.reorder > 0 && options.delay == Duration())
    return complain("reorder: needs a delay that frames can skip; add one, as in delay 10ms");
  return {};
}

std::string to_string(const ImpairmentOptions& options) {
  if (options.is_off()) return "off";
  Sentence sentence;
  sentence.add_time("delay", options.delay);
  sentence.add_time("jitter", options.jitter);
  sentence.add_share("loss", options.loss);
  sentence.add_share("duplicate", options.duplicate);
  sentence.add_share("reorder", options.reorder);
  sentence.add_share("corrupt", options.corrupt);
  if (options.rate > 0)
    sentence.add("rate", with_unit(static_cast<double>(options.rate), rate_units));
  if (options.limit != ImpairmentOptions().limit)
    sentence.add("limit", std::to_string(options.limit));
  if (options.seed != 0) sentence.add("seed", std::to_string(options.seed));
  return sentence.take();
}

}  // namespace smolstack::io
