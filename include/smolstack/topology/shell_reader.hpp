#pragma once
// Goes through a script as a shell would, without running anything, and tells what simple commands
// it would come by.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/topology/shell_words.hpp"

namespace smolstack::topology {

/// A simple command whose words are all known.
struct SimpleCommand {
  std::vector<std::string> words;
  std::string output_file;  ///< behind `>` or `>>`
  int line = 0;
};

class ShellReader {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;
  using Visit = std::function<void(SimpleCommand)>;

  ShellReader(std::span<const ShellToken> tokens, Variables variables, Visit visit)
      : tokens_(tokens), variables_(std::move(variables)), visit_(std::move(visit)) {}

  void run();

 private:
  /// What becomes of a command when the script runs.
  enum class Fate : std::uint8_t { never, perhaps, certain };
  using Ends = std::span<const std::string_view>;

  bool done() const { return at_ >= tokens_.size(); }
  bool is(std::string_view word) const { return !done() && tokens_[at_].is(word); }
  bool is_any(Ends words) const;
  bool take(std::string_view word);
  void give_up() { at_ = tokens_.size(); }

  void list(Fate fate, Ends ends);
  void command(Fate fate);
  bool compound(Fate fate);
  void conditional(Fate fate);
  void loop(Fate fate);
  void choice(Fate fate);
  bool patterns_match(const std::string* subject);
  void function_body(Fate fate);
  void simple(Fate fate);
  void redirection(SimpleCommand& command, bool& known);
  void finish(SimpleCommand command);
  void forget_assigned(const SimpleCommand& command);
  static Fate doubted(Fate fate);
  bool expand(const ShellToken& token, std::string& into) const;

  std::span<const ShellToken> tokens_;
  Variables variables_;
  Visit visit_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace smolstack::topology
