#pragma once
// What the verbs share: each adds itself to the command line and leaves behind what is to be done.

#include <functional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace smolstack::tools {

/// Set by the verb that was chosen: runs it and returns the exit code.
using Action = std::function<int()>;

void add_node_verbs(CLI::App& app, Action& action);
void add_talk_verbs(CLI::App& app, Action& action);
void add_impair_verb(CLI::App& app, Action& action);
void add_lab_verbs(CLI::App& app, Action& action);
void add_lab_show_verbs(CLI::App& app, Action& action);
void add_why_verb(CLI::App& app, Action& action);
void add_check_verbs(CLI::App& app, Action& action);
void add_test_verb(CLI::App& app, Action& action);
/// `behind_dashes` is the command of `exec`, as far as it stands behind `--`.
void add_enter_verbs(CLI::App& app, Action& action, const std::vector<std::string>& behind_dashes);
void add_bench_verb(CLI::App& app, Action& action);
void add_doctor_verb(CLI::App& app, Action& action);
void add_completion_verb(CLI::App& app, Action& action);

/// One line on stderr, in the name of the program; returns exit code 2.
int complain(const std::string& text);

}  // namespace smolstack::tools
