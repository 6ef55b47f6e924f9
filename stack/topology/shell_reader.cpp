#include "smolstack/topology/shell_reader.hpp"

#include <algorithm>
#include <array>
#include <fnmatch.h>

#include "smolstack/topology/script.hpp"

namespace smolstack::topology {
namespace {

constexpr std::array<std::string_view, 4> after_branch{"elif", "else", "fi", "then"};
constexpr std::array<std::string_view, 2> after_loop{"do", "done"};
constexpr std::array<std::string_view, 4> after_choice{";;", ";&", ";;&", "esac"};
constexpr std::array<std::string_view, 1> after_group{"}"};
constexpr std::array<std::string_view, 1> after_subshell{")"};
/// What ends a simple command.
constexpr std::array<std::string_view, 9> separators{";", "&",  "&&", "||", "|",
                                                     ")", ";;", ";&", ";;&"};

/// NAME=VALUE: the length of the name, or 0.
std::size_t assigned_name(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || (word[0] >= '0' && word[0] <= '9')) return 0;
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals), is_name)
             ? equals
             : 0;
}

}  // namespace

void ShellReader::run() {
  list(Fate::certain, {});
}

bool ShellReader::is_any(Ends words) const {
  return std::ranges::any_of(words, [this](std::string_view word) { return is(word); });
}

bool ShellReader::take(std::string_view word) {
  if (!is(word)) return false;
  ++at_;
  return true;
}

/// Commands up to one of `ends`, which stays. What stands behind `||` or `|` is doubtful: the
/// one need not run, the other reads what we cannot know.
void ShellReader::list(Fate fate, Ends ends) {
  if (++depth_ > script_limit::depth) give_up();
  Fate next = fate;
  while (!done() && !is_any(ends)) {
    if (tokens_[at_].kind == ShellToken::Kind::newline || is(";") || is("&") || is("&&")) {
      next = fate;
      ++at_;
    } else if (is("||") || is("|")) {
      next = doubted(fate);
      ++at_;
    } else if (is(")") || is(";;") || is(";&") || is(";;&")) {
      ++at_;  // closes nothing
    } else {
      command(next);
    }
  }
  --depth_;
}

void ShellReader::command(Fate fate) {
  if (take("!")) return;
  if (!compound(fate)) simple(fate);
}

bool ShellReader::compound(Fate fate) {
  if (is("if")) {
    conditional(fate);
  } else if (is("for") || is("while") || is("until") || is("select")) {
    loop(fate);
  } else if (take("case")) {
    choice(fate);
  } else if (take("{")) {
    list(fate, after_group);
    take("}");
  } else if (take("(")) {
    list(fate, after_subshell);
    take(")");
  } else {
    return false;
  }
  return true;
}

/// Which branch is taken, only a run can tell.
void ShellReader::conditional(Fate fate) {
  ++at_;
  while (!done() && !take("fi")) {
    list(doubted(fate), after_branch);
    if (is("elif") || is("else") || is("then")) ++at_;
  }
}

void ShellReader::loop(Fate fate) {
  while (!done() && !is("do")) ++at_;
  take("do");
  while (!done() && !take("done")) {
    list(doubted(fate), after_loop);
    take("do");
  }
}

/// case WORD in [(] PATTERN [| PATTERN]... ) LIST ;; ... esac
void ShellReader::choice(Fate fate) {
  std::string subject;
  const bool known = !done() && expand(tokens_[at_], subject);
  while (!done() && !take("in")) ++at_;
  Fate rest = known ? fate : doubted(fate);
  while (!done()) {
    if (tokens_[at_].kind == ShellToken::Kind::newline) {
      ++at_;
      continue;
    }
    if (take("esac")) return;
    const bool matches = patterns_match(known ? &subject : nullptr);
    list(known && !matches ? Fate::never : rest, after_choice);
    if (known && matches) rest = Fate::never;  // the first that matches is taken
    if (!is("esac") && !done()) ++at_;
  }
}

/// Reads the patterns of a branch, up to and with the parenthesis behind them.
bool ShellReader::patterns_match(const std::string* subject) {
  bool matches = false;
  take("(");
  for (; !done() && !take(")"); ++at_) {
    std::string pattern;
    if (tokens_[at_].kind != ShellToken::Kind::word || subject == nullptr) continue;
    if (expand(tokens_[at_], pattern))
      matches = matches || ::fnmatch(pattern.c_str(), subject->c_str(), 0) == 0;
  }
  return matches;
}

/// NAME () COMMAND: nothing runs yet.
void ShellReader::function_body(Fate fate) {
  if (++depth_ > script_limit::depth) give_up();
  take("(");
  take(")");
  while (!done() && tokens_[at_].kind == ShellToken::Kind::newline) ++at_;
  if (!done() && !compound(doubted(fate))) simple(doubted(fate));
  --depth_;
}

void ShellReader::simple(Fate fate) {
  SimpleCommand command;
  command.line = tokens_[at_].line;
  bool known = true;
  while (!done() && tokens_[at_].kind != ShellToken::Kind::newline && !is_any(separators)) {
    if (is("(")) return function_body(fate);
    if (tokens_[at_].kind == ShellToken::Kind::op) {
      redirection(command, known);
    } else {
      command.words.emplace_back();
      known = expand(tokens_[at_++], command.words.back()) && known;
    }
  }
  if (command.words.empty() || fate == Fate::never) return;
  if (fate == Fate::certain && known)
    finish(std::move(command));
  else
    forget_assigned(command);
}

void ShellReader::redirection(SimpleCommand& command, bool& known) {
  const bool writes = is(">") || is(">>");
  ++at_;
  if (done() || tokens_[at_].kind != ShellToken::Kind::word) return;
  std::string file;
  const bool file_known = expand(tokens_[at_++], file);
  if (!writes) return;
  known = known && file_known;
  if (command.output_file.empty() || file.starts_with("/proc/")) command.output_file = file;
}

ShellReader::Fate ShellReader::doubted(Fate fate) {
  return fate == Fate::never ? Fate::never : Fate::perhaps;
}

/// What a variable is after this, only a run can tell.
void ShellReader::forget_assigned(const SimpleCommand& command) {
  for (const std::string& word : command.words)
    if (const std::size_t name = assigned_name(word)) variables_.erase(word.substr(0, name));
}

/// Assignments that stand alone last; those before a command are its own.
void ShellReader::finish(SimpleCommand command) {
  std::size_t assignments = 0;
  while (assignments < command.words.size() && assigned_name(command.words[assignments]) > 0)
    ++assignments;
  if (assignments == command.words.size())
    for (const std::string& word : command.words) {
      const std::size_t name = assigned_name(word);
      variables_.insert_or_assign(word.substr(0, name), word.substr(name + 1));
    }
  command.words.erase(command.words.begin(),
                      command.words.begin() + static_cast<std::ptrdiff_t>(assignments));
  if (command.words.empty()) return;
  if (command.words.front() == "exit" || command.words.front() == "exec") give_up();
  visit_(std::move(command));
}

bool ShellReader::expand(const ShellToken& token, std::string& into) const {
  constexpr std::size_t longest = 4096;
  for (const ShellPart& part : token.parts) {
    if (part.kind == ShellPart::Kind::unknown) return false;
    const auto variable =
        part.kind == ShellPart::Kind::variable ? variables_.find(part.text) : variables_.end();
    if (part.kind == ShellPart::Kind::variable && variable == variables_.end()) return false;
    into += part.kind == ShellPart::Kind::text ? part.text : variable->second;
    if (into.size() > longest) return false;  // a=$a$a doubles with every line
  }
  return token.kind == ShellToken::Kind::word;
}

}  // namespace smolstack::topology
