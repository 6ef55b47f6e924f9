#pragma once
// A shell script as words and operators, as far as a reader needs it that runs nothing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smolstack::topology {

/// A piece of a word: text, a variable's name, or something that only a shell can know.
struct ShellPart {
  enum class Kind : std::uint8_t { text, variable, unknown };
  Kind kind = Kind::text;
  std::string text;
};

struct ShellToken {
  enum class Kind : std::uint8_t { word, op, newline };
  Kind kind = Kind::word;
  std::vector<ShellPart> parts;  ///< of a word, after quotes are taken off
  std::string text;              ///< of an operator: `;;`, `&&`, `>` ... A file number is dropped
  bool quoted = false;           ///< a word with quotes is no reserved word
  int line = 0;

  /// Is it this operator, or this word written plainly?
  bool is(std::string_view word) const;
};

/// Never fails: what is not closed ends with the text.
std::vector<ShellToken> shell_tokens(std::string_view text, int first_line);

}  // namespace smolstack::topology
