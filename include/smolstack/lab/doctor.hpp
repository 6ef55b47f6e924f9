#pragma once
// `smolstack doctor`: what of a lab this host can do, and the one command that mends each gap.

#include <string>
#include <string_view>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/lab/host_probes.hpp"

namespace smolstack::lab {

enum class Verdict : std::uint8_t {
  ok,
  warn,  ///< labs run, something in them does not
  fail,  ///< no lab runs
};
std::string_view to_string(Verdict verdict);

/// One row of the doctor's report.
struct Finding {
  std::string name;
  Verdict verdict = Verdict::ok;
  std::string found;   ///< what was seen
  std::string why{};   ///< what it is needed for
  std::string mend{};  ///< one command; none where all is well
};

/// What the probes mean, in the order in which to mend it.
std::vector<Finding> judge(const Host& host);
/// Nothing failed.
bool labs_run(const std::vector<Finding>& findings);

std::string findings_text(const std::vector<Finding>& findings);
/// {"labs_run": true, "findings": [{"name", "verdict", "found", "why", "mend"}]}
control::Json findings_json(const std::vector<Finding>& findings);

}  // namespace smolstack::lab
