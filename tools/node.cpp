// `node` and `router`: one machine of a network, until it is told to end.

#include <memory>
#include <sys/random.h>

#include "node_flags.hpp"
#include "running_node.hpp"
#include "smolstack/control/command.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  // A few bytes are never interrupted; before the kernel has any, this waits.
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed)
    throw std::system_error(errno, std::generic_category(), "asking the kernel for randomness");
  return seed;
}

int run_node(const NodeFlags& flags) {
  auto config = flags.read();
  if (!config) return complain(config.error());
  if (!config->seed) config->seed = random_seed();
  const Reread reread = [&flags]() -> Expected<control::NodeConfig, control::Complaint> {
    if (!flags.has_file()) return unexpected(control::Complaint("there is no --config to reread"));
    return flags.read();
  };
  RunningNode node(std::move(*config), reread);
  if (const auto opened = node.open(); !opened) return complain(opened.error());
  node.run();
  return control::exit_code::done;
}

void add_verb(CLI::App& app, Action& action, const std::string& name, const std::string& help,
              bool is_router) {
  CLI::App* const verb = app.add_subcommand(name, help);
  const auto flags = std::make_shared<NodeFlags>(is_router);
  flags->declare(*verb);
  verb->footer("Example: smolstack " + name +
               " --tap t0 --ip 10.1.1.2/24 --host-ip 10.1.1.1/24, then: ping 10.1.1.2");
  verb->callback([&action, flags] { action = [flags] { return run_node(*flags); }; });
}

}  // namespace

void add_node_verbs(CLI::App& app, Action& action) {
  add_verb(app, action, "node", "runs one machine", false);
  add_verb(app, action, "router", "runs one machine that forwards", true);
}

}  // namespace smolstack::tools
