// One program, a verb for each thing it does.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "candidates.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/lab/process_title.hpp"
#include "verbs.hpp"

namespace smolstack::tools {

int complain(const std::string& text) {
  std::fprintf(stderr, "smolstack: %s\n", text.c_str());
  return control::exit_code::wrong;
}

namespace {

/// One line, whatever CLI11 would have made of it.
int wrong_use(const CLI::App& app, const CLI::ParseError& error) {
  std::string text = error.what();
  for (char& c : text)
    if (c == '\n') c = ' ';
  const auto chosen = app.get_subcommands();
  const std::string verb = chosen.empty() ? "" : chosen.front()->get_name() + ": ";
  const std::string help = "smolstack " + (chosen.empty() ? "" : chosen.front()->get_name() + " ");
  return complain(verb + text + "; see " + help + "--help");
}

/// A word in the verb's place that is none.
bool is_unknown_verb(const CLI::App& app, const std::string& word) {
  const auto is_it = [&](const CLI::App* verb) { return verb->check_name(word); };
  return !word.starts_with('-') && app.get_subcommands(is_it).empty();
}

std::string verbs_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* const verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + verb->get_name();
  return names;
}

/// Installed as `hopon`, the program is its own verb.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (std::filesystem::path(argv[0]).filename() == "hopon") words.insert(words.begin(), "hop");
  return words;
}

/// For the scripts of `completion`, not for people.
int complete(const CLI::App& app, const std::vector<std::string>& words) {
  for (const std::string& each : candidates(app, words)) std::printf("%s\n", each.c_str());
  return control::exit_code::done;
}

/// Takes what stands behind the `--` of an `exec` away from the words: it is not ours to read.
std::vector<std::string> take_command(std::vector<std::string>& words) {
  const auto dashes = std::ranges::find(words, "--");
  if (words.empty() || words.front() != "exec" || dashes == words.end()) return {};
  std::vector<std::string> command(dashes + 1, words.end());
  words.erase(dashes, words.end());
  return command;
}

/// Else a file that is opened later would become what we print to.
void open_standard_streams() {
  int opened = 0;
  while (opened >= 0 && opened <= STDERR_FILENO) opened = ::open("/dev/null", O_RDWR);
  if (opened > STDERR_FILENO) ::close(opened);
}

int run(std::vector<std::string> words) {
  const std::vector<std::string> command = take_command(words);
  CLI::App app("A userspace TCP/IP stack and router on TAP devices");
  app.name("smolstack");
  app.set_version_flag("--version", std::string("smolstack " SMOL_VERSION));
  app.require_subcommand(1);
  Action action;
  add_lab_verbs(app, action);
  add_lab_show_verbs(app, action);
  add_why_verb(app, action);
  add_check_verbs(app, action);
  add_test_verb(app, action);
  add_node_verbs(app, action);
  add_talk_verbs(app, action);
  add_enter_verbs(app, action, command);
  add_doctor_verb(app, action);
  add_bench_verb(app, action);
  add_completion_verb(app, action);
  add_impair_verb(app, action);
  if (words.empty()) return complain("a verb is missing; there are " + verbs_of(app));
  if (words.front() == "__complete") return complete(app, {words.begin() + 1, words.end()});
  if (is_unknown_verb(app, words.front()))
    return complain("`" + words.front() + "` is no verb; there are " + verbs_of(app));
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& wanted) {  // --help, --version
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return wrong_use(app, error);
  }
  return action();
}

}  // namespace
}  // namespace smolstack::tools

int main(int argc, char** argv) {
  smolstack::tools::open_standard_streams();
  smolstack::lab::keep_room_for_title(argv);
  try {
    return smolstack::tools::run(smolstack::tools::words_of(argc, argv));
  } catch (const std::exception& error) {
    return smolstack::tools::complain(error.what());
  }
}
