#include "smolstack/probe/option_words.hpp"

#include <charconv>
#include <cmath>

namespace smolstack::control {
namespace {

/// Reads the letters of one word; `next` may hand out the word behind it as a value.
template <class Next>
Expected<void, std::string> read_letters(const std::string& word, std::string_view letters,
                                         OptionWords& into, Next&& next) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::size_t at = word[i] == ':' ? letters.npos : letters.find(word[i]);
    if (at == letters.npos) return unexpected("invalid option -- '" + word.substr(i, 1) + "'");
    OptionWord option{word[i], {}};
    if (letters.substr(at + 1, 1) != ":") {
      into.options.push_back(std::move(option));
      continue;
    }
    const auto value = i + 1 < word.size() ? std::optional(word.substr(i + 1)) : next();
    if (!value) return unexpected("option requires an argument -- '" + word.substr(i, 1) + "'");
    option.value = *value;
    into.options.push_back(std::move(option));
    return {};
  }
  return {};
}

}  // namespace

Expected<OptionWords, std::string> split_options(const Words& words, std::string_view letters) {
  OptionWords split;
  bool only_operands = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (only_operands || word.size() < 2 || word[0] != '-') {
      split.operands.push_back(word);
    } else if (word == "--") {
      only_operands = true;
    } else {
      const auto next = [&]() -> std::optional<std::string> {
        return i + 1 < words.size() ? std::optional(words[++i]) : std::nullopt;
      };
      if (auto read = read_letters(word, letters, split, next); !read)
        return unexpected(read.error());
    }
  }
  return split;
}

Expected<std::int64_t, std::string> parse_whole(const std::string& text, std::int64_t lowest,
                                                std::int64_t highest) {
  std::int64_t number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string complaint = "invalid argument: '" + text + "'";
  const bool is_number = error != std::errc::invalid_argument;
  if (!is_number || stopped != text.data() + text.size()) return unexpected(complaint);
  if (error != std::errc() || number < lowest || number > highest)
    return unexpected(complaint + ": out of range: " + std::to_string(lowest) +
                      " <= value <= " + std::to_string(highest));
  return number;
}

std::optional<double> parse_real(const std::string& text) {
  double number = 0;
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace smolstack::control
