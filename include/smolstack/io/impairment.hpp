#pragma once
// A bad wire: delay, jitter, loss, duplication, reordering, corruption, rate and queue of one
// interface, each direction apart, without the kernel's netem. Seeded: the same frames at the same
// times suffer the same.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/time.hpp"

namespace smolstack::io {

/// What a wire does to the frames of one direction. Probabilities are 0..1.
struct ImpairmentOptions {
  Duration delay{};
  Duration jitter{};  ///< uniform in delay-jitter..delay+jitter; frames keep their order
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;          ///< the share of frames that skip the delay and overtake others
  double corrupt = 0;          ///< the share of frames that have one bit flipped
  std::uint64_t rate = 0;      ///< bits a second, link headers counted; 0: no limit
  std::uint32_t limit = 1000;  ///< frames that may wait
  std::uint64_t seed = 0;      ///< 0: the machine's own

  bool is_off() const {
    return delay == Duration() && jitter == Duration() && loss == 0 && duplicate == 0 &&
           reorder == 0 && corrupt == 0 && rate == 0;
  }
  friend bool operator==(const ImpairmentOptions&, const ImpairmentOptions&) = default;
};

/// A word of an impairment, the same in a file (`delay: 5ms`) and on a command line (`--delay
/// 5ms`).
struct ImpairmentWord {
  std::string_view word;
  std::string_view value;  ///< what stands behind it, for the help: "TIME"
  std::string_view help;
  /// Reads the value; the error says what is wrong with it and what would be right.
  Expected<void, std::string> (*set)(ImpairmentOptions& options, std::string_view value);
};
std::span<const ImpairmentWord> impairment_words();

/// Sets what `key` names to `value`. The error is for the user, with both of them in it: "delay 50:
/// lacks its unit; write 50us, 50ms or 50s". Times are in us, ms or s; shares in percent, with or
/// without the sign; rates in bit, kbit, mbit, gbit or tbit a second. Nothing is set on an error.
Expected<void, std::string> parse_impairment_word(ImpairmentOptions& options, std::string_view key,
                                                  std::string_view value);
/// All words of one, as to_string writes them: "delay 5ms loss 1%". "off" is none.
Expected<ImpairmentOptions, std::string> parse_impairment(std::string_view text);
/// Judges the words together, when all are known: only a delay can be overtaken.
Expected<void, std::string> check_impairment(const ImpairmentOptions& options);

/// "delay 50ms jitter 5ms loss 2% rate 10mbit limit 500 seed 7"; "off" when it does nothing. What
/// is as by default is left out.
std::string to_string(const ImpairmentOptions& options);

}  // namespace smolstack::io
