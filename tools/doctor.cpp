// `doctor`: what this host can do for labs.

#include "smolstack/lab/doctor.hpp"

#include <cstdio>
#include <memory>

#include "verbs.hpp"

namespace smolstack::tools {

void add_doctor_verb(CLI::App& app, Action& action) {
  CLI::App* const verb =
      app.add_subcommand("doctor", "says what this host can do for labs, and how to mend the rest");
  const auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "one object");
  verb->callback([&action, json] {
    action = [json] {
      const auto findings = lab::judge(lab::probe_host());
      const std::string text =
          *json ? lab::findings_json(findings).dump() + "\n" : lab::findings_text(findings);
      std::fputs(text.c_str(), stdout);
      return lab::labs_run(findings) ? control::exit_code::done : control::exit_code::no;
    };
  });
}

}  // namespace smolstack::tools
