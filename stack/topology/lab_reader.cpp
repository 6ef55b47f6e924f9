#include "smolstack/topology/lab_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "smolstack/topology/lab_file.hpp"

namespace smolstack::topology {
namespace {

constexpr std::size_t longest_shown = 60;

/// How many letters must be put in, taken out or changed to make one of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

/// The word that was probably meant; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > longest_shown) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (const std::string_view candidate : known)
    if (const std::size_t d = distance(word, candidate); d < best_distance)
      best = candidate, best_distance = d;
  return best;
}

/// Why no machine of any network may have this address; empty when one may.
std::string_view unfit(Ipv4Address address) {
  if (address.is_multicast()) return "is a multicast group";
  if (address.is_this_network()) return "lies in 0.0.0.0/8, which no host may use";
  if (address.is_loopback()) return "is a loopback address, which never goes on a wire";
  if (address.is_class_e()) return "lies in the reserved range 240.0.0.0/4";
  return {};
}

std::string example_in(const std::optional<Ipv4Prefix>& subnet) {
  if (!subnet) return "10.1.1.2/24";
  return to_string(Ipv4Address(subnet->network.host() + (subnet->has_broadcast() ? 2u : 0u)));
}

}  // namespace

void FindingList::add(Finding finding) {
  if (finding.severity == Severity::error) ++errors_;
  if (findings_.size() < lab_limit::findings)
    findings_.push_back(std::move(finding));
  else
    ++left_out_;
}

void FindingList::error(int line, std::string what, std::string mend) {
  add({Severity::error, at(line), std::move(what), std::move(mend)});
}

void FindingList::warn(int line, std::string what, std::string mend) {
  add({Severity::warning, at(line), std::move(what), std::move(mend)});
}

void FindingList::ignore(int line, const std::string& what, const std::string& mend) {
  if (ignored_.size() >= lab_limit::findings && !ignored_.contains({what, mend})) return;
  Ignored& ignored = ignored_[{what, mend}];
  if (ignored.times++ == 0) ignored.line = line;
}

std::vector<Finding> FindingList::take() {
  for (const auto& [text, ignored] : ignored_) {
    const std::string times =
        ignored.times > 1 ? " (" + std::to_string(ignored.times) + " times)" : "";
    warn(ignored.line, text.first + times, text.second);
  }
  ignored_.clear();
  std::ranges::stable_sort(findings_, {}, [this](const Finding& f) {
    return std::pair(f.place.file != file_, f.place.line);
  });
  if (left_out_ > 0)
    findings_.push_back({errors_ > 0 ? Severity::error : Severity::warning, at(0),
                         "and " + std::to_string(std::exchange(left_out_, 0)) + " more",
                         "mend these first"});
  return std::move(findings_);
}

std::string shorten(const std::string& text) {
  std::string line = text.substr(0, longest_shown);
  if (text.size() > longest_shown) line += "...";
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return line;
}

void wrong(Reading& reading, const Written& written, const std::string& why,
           const std::string& mend) {
  std::string what = '`' + shorten(std::string(written.key)) + '`';
  if (written.value.is_scalar()) what += ' ' + shorten(written.value.text);
  reading.found.error(written.value.line, what + ": " + why, mend);
}

const std::string* word_of(Reading& reading, const Written& written) {
  if (written.value.is_scalar()) return &written.value.text;
  wrong(reading, written, written.value.is_null() ? "has no value" : "is not a single value",
        "write one value behind the colon");
  return nullptr;
}

std::optional<std::uint32_t> number_of(Reading& reading, const Written& written,
                                       std::string_view what, std::uint32_t from,
                                       std::uint32_t to) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return {};
  std::uint32_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc() && stopped == end && number >= from && number <= to) return number;
  wrong(reading, written, "is not " + std::string(what),
        "write a number from " + std::to_string(from) + " to " + std::to_string(to));
  return {};
}

std::optional<std::uint32_t> mtu_of(Reading& reading, const Written& written) {
  return number_of(reading, written, "an MTU", 68, 65535);  // RFC 791 §3.1: every link carries 68
}

std::optional<std::size_t> choice_of(Reading& reading, const Written& written,
                                     std::span<const std::string_view> choices) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return {};
  const auto choice = std::ranges::find(choices, *text);
  if (choice != choices.end()) return static_cast<std::size_t>(choice - choices.begin());
  std::string words;
  for (std::size_t i = 0; i < choices.size(); ++i)
    words += (i == 0                    ? "`"
              : i + 1 == choices.size() ? " or `"
                                        : ", `") +
             std::string(choices[i]) + '`';
  wrong(reading, written, "is not a choice here", "write " + words);
  return {};
}

std::optional<bool> switch_of(Reading& reading, const Written& written) {
  static constexpr std::array<std::string_view, 6> words{"true", "yes", "on", "false", "no", "off"};
  const auto choice = choice_of(reading, written, words);
  if (!choice) return {};
  return *choice < 3;
}

std::optional<Ipv4Subnet> host_address_of(Reading& reading, const Written& written,
                                          const std::optional<Ipv4Prefix>& subnet) {
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return {};
  auto address = parse_ipv4_subnet(*text);
  const bool has_length = text->find('/') != std::string::npos;
  if (!address) {
    wrong(reading, written, "is not an IPv4 address", "write one as in " + example_in(subnet));
  } else if (const auto why = unfit(address->address); !why.empty()) {
    wrong(reading, written, std::string(why), "give a host's address, as in " + example_in(subnet));
  } else if (!has_length && !subnet) {
    wrong(reading, written, "lacks the length of its prefix, and its network has no subnet",
          "write " + *text + "/24, or give the network a subnet");
  } else if (has_length && subnet && address->length != subnet->length) {
    wrong(reading, written, "has another length than its network " + to_string(*subnet),
          "write " + to_string(address->address));
  } else {
    if (!has_length) address->length = subnet->length;
    return address;
  }
  return {};
}

bool is_map_or_null(Reading& reading, const Written& written, std::string_view example) {
  if (written.value.is_map() || written.value.is_null()) return true;
  wrong(reading, written, "is not a list of `key: value`",
        "write it as in " + std::string(example));
  return false;
}

bool check_name(Reading& reading, std::string_view what, const std::string& name, int line) {
  if (is_name(name)) return true;
  reading.found.error(line, '`' + shorten(name) + "` is not a name for a " + std::string(what),
                      "use at most 64 letters, digits, `.`, `_` and `-`, a letter or digit first");
  return false;
}

void unknown_key(Reading& reading, const Level& level, const Entry& entry,
                 std::span<const std::string_view> known) {
  if (entry.key.starts_with("x-")) return;
  const std::string key = '`' + shorten(entry.key) + '`';
  const std::string place(level.name);
  if (std::ranges::find(level.engine_keys, entry.key) != level.engine_keys.end())
    return reading.found.ignore(entry.line, key + " of " + place + " is for container engines",
                                "it is ignored");
  const std::string_view meant = nearest(entry.key, known);
  const std::string mend =
      meant.empty() ? "it is ignored" : "did you mean `" + std::string(meant) + "`? It is ignored";
  reading.found.ignore(entry.line, "unknown key " + key + " of " + place, mend);
}

}  // namespace smolstack::topology
