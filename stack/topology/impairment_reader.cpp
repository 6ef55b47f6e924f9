#include <algorithm>
#include <string_view>
#include <vector>

#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

/// The words of an impairment are judged where they live: "what is wrong; what would be right".
void wrong_impairment(Reading& reading, const Written& written, const std::string& text) {
  const std::size_t gap = std::min(text.find("; "), text.size());
  wrong(reading, written, text.substr(0, gap), text.substr(std::min(gap + 2, text.size())));
}

void read_entry(Reading& reading, const Entry& entry, io::ImpairmentOptions& into) {
  const auto words = io::impairment_words();
  const auto word = std::ranges::find(words, entry.key, &io::ImpairmentWord::word);
  if (word == words.end()) {
    std::vector<std::string_view> known;
    for (const io::ImpairmentWord& w : words) known.push_back(w.word);
    return unknown_key(reading, {"an impairment", {}}, entry, known);
  }
  const Written written{entry.key, entry.value};
  const std::string* const text = word_of(reading, written);
  if (text == nullptr) return;
  if (const auto done = word->set(into, *text); !done)
    wrong_impairment(reading, written, done.error());
}

}  // namespace

void read_impairment(Reading& reading, const Written& written, io::ImpairmentOptions& into) {
  if (!is_map_or_null(reading, written, "{ delay: 5ms, loss: 1% }")) return;
  for (const Entry& entry : written.value.entries) read_entry(reading, entry, into);
  if (const auto good = io::check_impairment(into); !good)
    wrong_impairment(reading, written, good.error());
}

}  // namespace smolstack::topology
