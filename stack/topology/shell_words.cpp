#include "smolstack/topology/shell_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace smolstack::topology {
namespace {

/// The longest first: `;;` is not two `;`.
constexpr std::array<std::string_view, 17> operators{";;&", "<<-", ";;", ";&", "&&", "||",
                                                     "&>",  ">>",  "<<", ">&", "<&", ";",
                                                     "&",   "|",   "(",  ")",  ">"};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool ends_word(char c) {
  return std::string_view(" \t\r\n;&|()<>").find(c) != std::string_view::npos;
}

class Lexer {
 public:
  Lexer(std::string_view text, int line) : text_(text), line_(line) {}

  std::vector<ShellToken> run() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }
  bool at_end() const { return at_ >= text_.size(); }

  void step() {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (rest().starts_with("\\\n")) {
      at_ += 2;
      ++line_;
    } else if (c == '\n') {
      newline();
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (!take_operator()) {
      take_word();
    }
  }

  void newline() {
    tokens_.push_back({ShellToken::Kind::newline, {}, {}, false, line_});
    ++at_;
    ++line_;
    for (const std::string& end : std::exchange(documents_, {})) skip_document(end);
  }

  /// The lines of a here-document, up to and with its last.
  void skip_document(const std::string& end) {
    while (!at_end()) {
      const std::size_t stop = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, stop - at_);
      line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      at_ = std::min(stop + 1, text_.size());
      ++line_;
      if (line == end) return;
    }
  }

  bool take_operator() {
    std::size_t digits = 0;  // 2> names a file by its number
    while (peek(digits) >= '0' && peek(digits) <= '9') ++digits;
    const char behind = peek(digits);
    if (digits > 0 && behind != '>' && behind != '<') return false;
    const std::string_view here = rest().substr(digits);
    const auto found =
        std::ranges::find_if(operators, [here](std::string_view o) { return here.starts_with(o); });
    const std::string text(found != operators.end() ? *found : here.starts_with('<') ? "<" : "");
    if (text.empty()) return false;
    tokens_.push_back({ShellToken::Kind::op, {}, text, false, line_});
    at_ += digits + text.size();
    return true;
  }

  void take_word() {
    const bool names_document = !tokens_.empty() && tokens_.back().kind == ShellToken::Kind::op &&
                                tokens_.back().text.starts_with("<<");
    word_ = {ShellToken::Kind::word, {}, {}, false, line_};
    while (!at_end() && !ends_word(peek())) take_piece();
    if (names_document) {
      std::string end;
      for (const ShellPart& part : word_.parts) end += part.text;
      documents_.push_back(std::move(end));
    }
    tokens_.push_back(std::move(word_));
  }

  void take_piece() {
    switch (peek()) {
      case '\'': return take_single_quoted();
      case '"': return take_double_quoted();
      case '$': return take_dollar();
      case '`': return take_substitution(1, '`');
      case '\\': return take_escaped();
      default: add_text(text_[at_++]);
    }
  }

  void take_escaped() {
    ++at_;
    word_.quoted = true;
    if (at_end()) return;
    const char c = text_[at_++];
    if (c == '\n')
      ++line_;
    else
      add_text(c);
  }

  void take_single_quoted() {
    word_.quoted = true;
    add(ShellPart::Kind::text, "");
    for (++at_; !at_end() && peek() != '\''; ++at_) add_quoted_text(peek());
    ++at_;
  }

  void take_double_quoted() {
    word_.quoted = true;
    add(ShellPart::Kind::text, "");
    for (++at_; !at_end() && peek() != '"';) {
      if (peek() == '$')
        take_dollar();
      else if (peek() == '`')
        take_substitution(1, '`');
      else if (peek() == '\\')
        take_escaped();
      else
        add_quoted_text(text_[at_++]);
    }
    ++at_;
  }

  void take_dollar() {
    const char next = peek(1);
    if (next == '(') return take_substitution(2, ')');
    const bool braces = next == '{';
    const std::size_t first = at_ + (braces ? 2 : 1);
    std::size_t last = first;
    while (last < text_.size() && is_name_char(text_[last])) ++last;
    const std::string name(text_.substr(first, last - first));
    at_ = last;
    if (!braces) return add(ShellPart::Kind::variable, name);
    if (peek() == '}') {
      ++at_;
      return add(ShellPart::Kind::variable, name);
    }
    at_ = std::min(std::min(text_.find('}', at_), text_.size()) + 1, text_.size());
    add(ShellPart::Kind::unknown, "");
  }

  /// $(command) or `command`: only `hostname` is known.
  void take_substitution(std::size_t opening, char closing) {
    const std::size_t first = at_ + opening;
    int open = 1;
    for (at_ = first; !at_end(); ++at_) {
      const char c = peek();
      if (c == '\n') ++line_;
      if (closing == ')' && c == '(') ++open;
      if (c == closing && --open == 0) break;
    }
    const std::string_view command = text_.substr(first, std::min(at_, text_.size()) - first);
    at_ = std::min(at_ + 1, text_.size());
    const bool known = command == "hostname" || command == "uname -n";
    add(known ? ShellPart::Kind::variable : ShellPart::Kind::unknown, known ? "HOSTNAME" : "");
  }

  void add(ShellPart::Kind kind, std::string text) {
    word_.parts.push_back({kind, std::move(text)});
  }
  void add_text(char c) {
    if (word_.parts.empty() || word_.parts.back().kind != ShellPart::Kind::text)
      add(ShellPart::Kind::text, "");
    word_.parts.back().text += c;
  }
  void add_quoted_text(char c) {
    if (c == '\n') ++line_;
    add_text(c);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_;
  ShellToken word_;
  std::vector<std::string> documents_;  ///< the last lines of here-documents that are to come
  std::vector<ShellToken> tokens_;
};

}  // namespace

bool ShellToken::is(std::string_view word) const {
  if (kind == Kind::op) return text == word;
  return kind == Kind::word && !quoted && parts.size() == 1 &&
         parts[0].kind == ShellPart::Kind::text && parts[0].text == word;
}

std::vector<ShellToken> shell_tokens(std::string_view text, int first_line) {
  return Lexer(text, first_line).run();
}

}  // namespace smolstack::topology
